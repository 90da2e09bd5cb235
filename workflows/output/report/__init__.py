"""The report of a screen: one HTML file that needs no network."""
