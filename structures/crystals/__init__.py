"""Crystals: files, calculators, relaxation, elastic constants, prototypes."""
