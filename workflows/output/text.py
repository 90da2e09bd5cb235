"""Small renderings that several outputs share."""

import math

from licoat.structures.chemistry.names import display_unicode

__all__ = ["equation_text", "rounded", "significant"]


def equation_text(equation: str) -> str:
    """Write an equation with the names of the field, subscripts and an arrow."""
    return display_unicode(equation)


def rounded(value: float, sigma: float | None) -> str:
    """Write a value with as many decimals as its sigma has at two significant digits, at most three."""
    if sigma is None or sigma <= 0.0:
        return f"{value:.3f}"
    digits = min(max(1 - math.floor(math.log10(sigma)), 0), 3)
    return f"{value:.{digits}f} +- {sigma:.{digits}f}"


def significant(value: float) -> str:
    """Write a number with three significant digits, whole from 1000 to a million; infinity is ``none``."""
    if math.isinf(value):
        return "none"
    return f"{value:.0f}" if 1000.0 <= abs(value) < 1e6 else f"{value:.3g}"
