"""Elements, formulas and units."""
