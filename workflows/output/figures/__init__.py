"""Figures of results for journals: one style, one module for each kind of figure."""
