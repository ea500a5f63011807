"""Horizontal bars on a logarithmic scale, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABELS, RIGHT, BAR, TOP = 760, 210, 90, 24, 58
COLOURS = {"ours": "#2563eb", "floor": "#d4d9e0", "peer": "#94a3b8"}
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif'"


@dataclass(frozen=True)
class Bar:
    """A contender's figure; ``kind`` is ours, floor or peer."""

    label: str
    value: float
    kind: str = "peer"


def drawn(title: str, unit: str, caption: str, bars: Sequence[Bar]) -> str:
    """The plot, the smallest value first. Values are more than 0; zero is drawn as the smallest of the scale."""
    ordered = sorted(bars, key=lambda bar: bar.value)
    least = 10 ** math.floor(math.log10(min(bar.value for bar in ordered if bar.value > 0) * 0.7))
    most = max(bar.value for bar in ordered)
    height = TOP + BAR * len(ordered) + 52
    across = WIDTH - LABELS - RIGHT

    def x(value: float) -> float:
        share = math.log10(max(value, least) / least) / max(math.log10(most / least), 0.3)
        return LABELS + across * share

    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img' {FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{WIDTH}' height='{height}' rx='6' fill='#ffffff'/>",
        _text(16, 26, title, size=15, colour="#0f172a", weight=600),
        _text(16, 44, f"{unit}, logarithmic; shorter is better", size=11),
    ]
    power = least
    while power <= most:
        place = x(power)
        bottom = TOP + BAR * len(ordered)
        parts.append(f"<line x1='{place:.1f}' x2='{place:.1f}' y1='{TOP}' y2='{bottom}' stroke='#e2e8f0'/>")
        parts.append(_text(place, bottom + 14, f"{power:g}", size=10, anchor="middle"))
        power *= 10
    for number, bar in enumerate(ordered):
        y = TOP + BAR * number
        weight, colour = (600, "#1d4ed8") if bar.kind == "ours" else (400, "#334155")
        long = max(x(bar.value) - LABELS, 1.5)
        parts += [
            _text(LABELS - 8, y + 16, bar.label, size=12, colour=colour, weight=weight, anchor="end"),
            f"<rect x='{LABELS}' y='{y + 4}' width='{long:.1f}' height='{BAR - 8}' fill='{COLOURS[bar.kind]}'/>",
            _text(LABELS + long + 6, y + 16, f"{bar.value:.3g}", size=11, colour=colour, weight=weight),
        ]
    parts += [_text(16, height - 12, caption, size=10), "</svg>"]
    return "\n".join(parts) + "\n"


def _text(
    x: float, y: float, text: str, *, size: int, colour: str = "#64748b", weight: int = 400, anchor: str = "start"
) -> str:
    style = f"font-size='{size}' fill='{colour}' font-weight='{weight}' text-anchor='{anchor}'"
    return f"<text x='{x:.1f}' y='{y:.1f}' {style}>{escape(text)}</text>"
