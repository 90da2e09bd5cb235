"""Small renderings that several outputs share."""

from licoat.structures.chemistry.names import display_unicode

__all__ = ["equation_text"]


def equation_text(equation: str) -> str:
    """Write an equation with the names of the field, subscripts and an arrow."""
    return display_unicode(equation)
