"""Small renderings that several outputs share."""

from licoat.structures.chemistry.formula import render_unicode

__all__ = ["equation_text"]


def equation_text(equation: str) -> str:
    """Write an equation with subscripts and an arrow."""
    return render_unicode(equation).replace("->", "→")
