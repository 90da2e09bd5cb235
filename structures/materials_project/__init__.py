"""The client of the Materials Project and its snapshots."""
