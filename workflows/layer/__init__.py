"""From a reaction to a layer."""
