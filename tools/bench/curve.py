"""The growth curve as a picture, without any library."""

import math
from collections.abc import Sequence
from typing import Final, Protocol

_SVG: Final = "http://www.w3.org/2000/svg"
_TITLE: Final = "Thousand readings a second, by million readings in the table"
_WIDTH: Final = 720
_HEIGHT: Final = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 34, 40
_MOST_TICKS: Final = 6
_COLOURS: Final = {"apply": "#0b6e4f", "COPY": "#8a8d91"}


class Point(Protocol):
    """What is drawn of each step."""

    @property
    def readings(self) -> int:
        """In the table."""

    @property
    def ours(self) -> float:
        """Readings a second."""

    @property
    def copy(self) -> float:
        """Readings a second."""


def drawn(steps: Sequence[Point]) -> str:
    """Readings a second over readings in the table, as SVG."""
    most_rows = max(step.readings for step in steps)
    most_rate = max(max(step.ours, step.copy) for step in steps) * 1.1

    def place(readings: float, rate: float) -> str:
        x = _LEFT + readings / most_rows * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - rate / most_rate * (_HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    lines = {
        "apply": [place(step.readings, step.ours) for step in steps],
        "COPY": [place(step.readings, step.copy) for step in steps],
    }
    parts = [
        f'<svg xmlns="{_SVG}" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="20">{_TITLE}</text>',
    ]
    for rate in _ticks(most_rate):
        _, _, y = place(0, rate).partition(",")
        parts += [
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 8}" y="{y}" dy="4" text-anchor="end">{rate / 1e3:,.0f}</text>',
        ]
    for readings in _ticks(most_rows):
        x, _, _ = place(readings, 0).partition(",")
        text = f"{readings / 1e6:g}"
        parts.append(f'<text x="{x}" y="{_HEIGHT - 18}" text-anchor="middle">{text}</text>')
    for number, (name, points) in enumerate(lines.items()):
        parts += [
            f'<polyline fill="none" stroke="{_COLOURS[name]}" points="{" ".join(points)}"/>',
            f'<text x="{_WIDTH - 130 + 60 * number}" y="20" fill="{_COLOURS[name]}">{name}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to `most`, a few of them."""
    power = 10.0 ** math.floor(math.log10(most / _MOST_TICKS))
    step = next(n * power for n in (1, 2, 5, 10) if most / (n * power) <= _MOST_TICKS)
    return [step * number for number in range(math.floor(most / step) + 1)]
