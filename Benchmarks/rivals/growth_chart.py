"""Curves of `stocktake-bench growth --format json`: how costs grow with nodes and with years.

  stocktake-bench growth --format json > growth.jsonl; growth_chart.py growth.jsonl growth.svg

Each curve is drawn as a multiple of its own first point, on logarithmic scales.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from chart import _STYLE

Point = dict[str, Any]

_FIGURES = {
    "first_us": ("first load, per event", "#3b82c4"),
    "ingest_us": ("ingest, per item", "#8a63c9"),
    "bytes_per_event": ("bytes, per event", "#a08a10"),
    "state_p50_us": ("state, p50", "#c2702c"),
    "who_us_per_node": ("who had it, p50, per node in the answer", "#2f9e6e"),
}
_WIDTH, _HEIGHT, _TOP, _SIDE, _PLOT = 760, 300, 84, 46, 300
_GREATEST = 10.0


def value(point: Point, figure: str) -> float:
    if figure == "who_us_per_node":
        return float(point["who_p50_us"]) / float(point["who_lines"])
    return float(point[figure])


def curves(points: list[Point], axis: str, left: int) -> list[str]:
    """One plot: a line for each figure over the axis, and the frame."""
    points = sorted(points, key=lambda point: point[axis])
    first, last = float(points[0][axis]), float(points[-1][axis])
    bottom = _HEIGHT - 30

    def x(point: Point) -> float:
        return left + _PLOT * math.log(point[axis] / first) / math.log(last / first)

    def y(ratio: float) -> float:
        share = (math.log(ratio) + math.log(_GREATEST)) / (2 * math.log(_GREATEST))
        return bottom - (bottom - _TOP) * min(1.0, max(0.0, share))

    parts = []
    for ratio in (0.1, 0.3, 1.0, 3.0, 10.0):
        kind = "line" if ratio == 1 else "grid"
        parts.append(
            f'<line class="{kind}" x1="{left}" y1="{y(ratio):.1f}" x2="{left + _PLOT}"'
            f' y2="{y(ratio):.1f}"/><text class="small" x="{left - 6}" y="{y(ratio) + 3:.1f}"'
            f' text-anchor="end">{ratio:g}×</text>'
        )
    for point in points:
        parts.append(
            f'<text class="small" x="{x(point):.1f}" y="{bottom + 14}" text-anchor="middle">'
            f"{point[axis]:,}</text>"
        )
    parts.append(
        f'<text class="small" x="{left + _PLOT / 2}" y="{_HEIGHT - 2}" text-anchor="middle">'
        f"{escape(axis)}</text>"
    )
    for figure, (name, colour) in _FIGURES.items():
        start = value(points[0], figure)
        line = " ".join(f"{x(p):.1f},{y(value(p, figure) / start):.1f}" for p in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2">'
            f"<title>{escape(name)}</title></polyline>"
        )
    return parts


def svg(points: list[Point]) -> str:
    fewest = min(point["nodes"] for point in points)
    years = [point for point in points if point["nodes"] == fewest]
    fleets = [point for point in points if point["nodes"] != fewest]
    parts = []
    for index, (name, colour) in enumerate(_FIGURES.values()):
        at, row = 10 + index % 3 * 250, 36 + index // 3 * 18
        parts.append(f'<rect x="{at}" y="{row - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{at + 15}" y="{row}">{escape(name)}</text>')
    parts += curves(fleets, "nodes", _SIDE) + curves(years, "days", _SIDE + _PLOT + 70)
    title = "Growth with nodes and with days, as multiples of the first point"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{title}">\n{_STYLE}\n<text x="10" y="18">{title}</text>\n'
        + "\n".join(parts) + "\n</svg>\n"
    )


def main(results: str, target: str) -> None:
    lines = Path(results).read_text().splitlines()
    Path(target).write_text(svg([json.loads(line) for line in lines]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
