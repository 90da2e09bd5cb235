"""The screen: criteria, quantities, ranking, comparison."""
