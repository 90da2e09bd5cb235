"""Charts of the report as light SVG: every point says its numbers when touched and leads to its oxide."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from licoat.structures.chemistry.names import display_factor, display_unicode
from licoat.workflows.output.figures.screening import heat_sigma_mj_per_kg, outcome
from licoat.workflows.output.report.markup import attribute, number, text

if TYPE_CHECKING:
    from licoat.thermo.path import LithiationPath
    from licoat.workflows.screening.screen import Candidate, FunnelStep

__all__ = ["design_svg", "funnel_svg", "staircase_svg"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720.0, 380.0, 56.0, 44.0


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round values of an axis."""
    span = max(high - low, 1e-9)
    step = next(s * 10.0**e for e in range(-4, 6) for s in (1, 2, 5) if span / (s * 10.0**e) <= 6)
    first = int(low / step)
    return [round(i * step, 10) for i in range(first, int(high / step) + 2) if low <= i * step <= high]


class _Frame:
    """The axes of a chart: from data to the picture."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], width: float, height: float) -> None:
        self.x, self.y, self.width, self.height = x, y, width, height

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1.0)
        return _LEFT + across * (self.width - _LEFT - 10.0), self.height - _BOTTOM - up * (self.height - _BOTTOM - 10.0)

    def axes(self, x_label: str, y_label: str) -> str:
        """Return axes with ticks and labels."""
        left, bottom = self.at(self.x[0], self.y[0])
        right, top = self.at(self.x[1], self.y[1])
        parts = [f'<path class="axis" d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"/>']
        for value in _ticks(*self.x):
            x, _ = self.at(value, self.y[0])
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{value:g}</text>')
        for value in _ticks(*self.y):
            _, y = self.at(self.x[0], value)
            parts.append(f'<text x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        middle = (left + right) / 2.0
        parts.append(f'<text x="{middle:.1f}" y="{self.height - 6:.1f}" text-anchor="middle">{text(x_label)}</text>')
        half = (top + bottom) / 2.0
        parts.append(
            f'<text transform="translate(14 {half:.1f}) rotate(-90)" text-anchor="middle">{text(y_label)}</text>'
        )
        return "".join(parts)


def _svg(width: float, height: float, label: str, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{attribute(label)}">'
        f"{inside}</svg>"
    )


def design_svg(candidates: Sequence["Candidate"]) -> str:
    """Draw heat against expansion; points lead to their oxides. Words, where nothing reacts."""
    shown = [c for c in candidates if c.path.stages and c.path.final.volume_ratio_oxide is not None]
    if not shown:
        return "<p>No oxide of this screen reacts: there is no heat and no expansion to draw.</p>"
    places = [(c.path.final.volume_ratio_oxide or 0.0, c.path.final.heat_mj_per_kg_oxide) for c in shown]
    frame = _Frame(
        (min(x for x, _ in places) - 0.1, max(x for x, _ in places) + 0.1),
        (min(0.0, *(y for _, y in places)), 1.06 * max(y for _, y in places)),
        _WIDTH,
        _HEIGHT,
    )
    parts = [frame.axes("volume of products over that of the oxide (1)", "heat (MJ per kg of oxide)")]
    for candidate, (x, y) in sorted(zip(shown, places, strict=True), key=lambda pair: -pair[0].rank):
        kind = outcome(candidate).split()[0]
        left, top = frame.at(x, y)
        sigma = heat_sigma_mj_per_kg(candidate)
        bar = abs(frame.at(x, y - sigma)[1] - top)
        name = display_unicode(candidate.path.oxide)
        told = f"{candidate.rank}. {name}: {number(y, 2, sigma)} MJ/kg, V/V oxide {number(x)}; {outcome(candidate)}"
        ring = f'<circle class="front" cx="{left:.1f}" cy="{top:.1f}" r="8"/>' if candidate.on_front else ""
        parts.append(
            f'<a href="#o-{candidate.rank}"><title>{text(told)}</title>'
            f'<path class="bar" stroke="currentColor" d="M{left:.1f} {top - bar:.1f}v{2 * bar:.1f}" opacity=".35"/>'
            f'<circle class="dot {kind}" cx="{left:.1f}" cy="{top:.1f}" r="4.5"/>{ring}</a>'
        )
    return _svg(_WIDTH, _HEIGHT, "Heat of reaction against expansion", "".join(parts))


def funnel_svg(steps: Sequence["FunnelStep"]) -> str:
    """Draw how many oxides are left after each criterion; a bar says who left."""
    most = max((step.remaining for step in steps), default=0) or 1
    parts = []
    for i, step in enumerate(steps):
        width, y = 420.0 * step.remaining / most, 4.0 + 24.0 * i
        left = ", ".join(display_unicode(formula) for formula in list(step.left)[:40])
        lost = f" (\u2212{len(step.left)})" if step.left else ""
        told = f"{step.step}: {step.remaining} remain" + (f"; left: {left}" if left else "")
        parts.append(
            f"<g><title>{text(told)}</title>"
            f'<text x="170" y="{y + 14:.0f}" text-anchor="end">{text(step.step.replace("_", " "))}</text>'
            f'<rect class="funnel" x="180" y="{y:.0f}" width="{width:.1f}" height="18"/>'
            f'<text x="{186 + width:.1f}" y="{y + 14:.0f}">{step.remaining}{lost}</text></g>'
        )
    return _svg(_WIDTH, 8.0 + 24.0 * len(steps), "Funnel of the screen", "".join(parts))


def staircase_svg(path: "LithiationPath") -> str:
    """Draw voltage against atoms taken up with one sigma; empty for an oxide that takes up nothing."""
    if not path.stages:
        return ""
    times = display_factor(path.oxide)
    top = max(s.voltage_v + (s.voltage_sigma_v or 0.0) for s in path.stages)
    frame = _Frame((0.0, times * path.stages[-1].anode_atoms_to), (0.0, 1.08 * top), 460.0, 210.0)
    parts = [frame.axes(f"{path.anode} per {display_unicode(path.oxide)}", "voltage (V)")]
    line: list[str] = []
    for stage in path.stages:
        left, y = frame.at(times * stage.anode_atoms_from, stage.voltage_v)
        right, _ = frame.at(times * stage.anode_atoms_to, stage.voltage_v)
        line.append(f"{'M' if not line else 'L'}{left:.1f} {y:.1f}H{right:.1f}")
        products = " + ".join(map(display_unicode, stage.products))
        told = f"{number(stage.voltage_v, 2, stage.voltage_sigma_v)} V: {products}"
        sigma = stage.voltage_sigma_v or 0.0
        low = frame.at(0.0, max(stage.voltage_v - sigma, 0.0))[1]
        high = frame.at(0.0, stage.voltage_v + sigma)[1]
        parts.append(
            f'<rect class="sigma" x="{left:.1f}" y="{high:.1f}" width="{right - left:.1f}" '
            f'height="{max(low - high, 3.0):.1f}"><title>{text(told)}</title></rect>'
        )
    parts.append(f'<path class="stair" d="{"".join(line)}"/>')
    return _svg(460.0, 210.0, f"Voltage of {display_unicode(path.oxide)}", "".join(parts))
