"""The chart for the README: how many times ours each rival takes, on a logarithmic scale.

  chart.py results.json chart.svg [SET]
"""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from measurements import BYTES, MEASURES, Measurements, short

_STORES = {
    "sqlite": ("SQLite", "#3b82c4"), "postgresql": ("PostgreSQL", "#8a63c9"),
    "mariadb": ("MariaDB", "#c2702c"), "duckdb": ("DuckDB", "#a08a10"),
}
_WIDTH, _LEFT, _RIGHT, _BAR, _GAP, _TOP = 760, 200, 60, 11, 12, 56

# Readable on white and on black: the text follows what the reader prefers, the bars do for both.
_STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.small { font-size: 10px } .line { stroke: #8c959f; stroke-width: 1 }
.grid { stroke: #8c959f; stroke-opacity: 0.3 }
@media (prefers-color-scheme: dark) { text { fill: #d8dee4 } }
</style>"""

Group = tuple[str, list[tuple[str, float]]]


def groups(measurements: Measurements, set_name: str) -> list[Group]:
    """Ratios by figure: bytes for the disk, CPU time for all the rest."""
    found: list[Group] = []
    for figure in dict.fromkeys(row[0] for row in measurements.rows(set_name)):
        measure = BYTES if figure == "disk" else MEASURES[0]
        bars = [
            (store, ratio)
            for store in measurements.stores(set_name)
            if store != "stocktake"
            and (ratio := measurements.ratio(set_name, figure, store, measure)) is not None
        ]
        if bars:
            found.append((figure, bars))
    return found


def svg(measurements: Measurements, set_name: str, title: str) -> str:
    """The chart as one file without scripts or fonts of its own."""
    shown = groups(measurements, set_name)
    ratios = [ratio for _, bars in shown for _, ratio in bars] or [1.0]
    low = min(0.0, math.floor(math.log10(min(ratios))))
    high = max(1.0, math.ceil(math.log10(max(ratios))))
    scale = (_WIDTH - _LEFT - _RIGHT) / (high - low)

    def x(ratio: float) -> float:
        return _LEFT + (math.log10(ratio) - low) * scale

    parts, y = [], _TOP + 8
    for figure, bars in shown:
        middle = y + len(bars) * _BAR / 2 + 4
        parts.append(
            f'<text x="{_LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(figure)}</text>'
        )
        for store, ratio in bars:
            left, right = sorted((x(1), x(ratio)))
            parts.append(
                f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}"'
                f' height="{_BAR - 2}"'
                f' fill="{_look(store)[1]}"><title>{escape(_look(store)[0])}: {short(ratio)}'
                "</title></rect>"
                f'<text class="small" x="{right + 4:.1f}" y="{y + 8}">{short(ratio)}</text>'
            )
            y += _BAR
        y += _GAP
    height = y + 24
    frame = _frame(low, high, height, x) + _legend(shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}">\n{_STYLE}\n<text x="10" y="18">{escape(title)}</text>\n'
        + "\n".join(frame + parts) + "\n</svg>\n"
    )


def _look(store: str) -> tuple[str, str]:
    """A store's own name, and its colour."""
    return _STORES.get(store, (store, "#888888"))


def _frame(low: float, high: float, height: int, x: Callable[[float], float]) -> list[str]:
    """A line for each power of ten, and a stronger one where both are equal."""
    lines = []
    for power in range(int(low), int(high) + 1):
        at = x(10.0**power)
        kind = "line" if power == 0 else "grid"
        label = "as Stocktake" if power == 0 else f"{10.0**power:g}×"
        lines.append(
            f'<line class="{kind}" x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{height - 20}"/>'
        )
        lines.append(
            f'<text class="small" x="{at:.1f}" y="{height - 6}" text-anchor="middle">{label}</text>'
        )
    return lines


def _legend(shown: list[Group]) -> list[str]:
    stores = dict.fromkeys(store for _, bars in shown for store, _ in bars)
    parts = []
    for index, store in enumerate(stores):
        at = _LEFT + index * 110
        name, colour = _look(store)
        parts.append(f'<rect x="{at}" y="32" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{at + 15}" y="41">{escape(name)}</text>')
    return parts


def main(results: str, target: str, set_name: str | None = None) -> None:
    saved = json.loads(Path(results).read_text())
    measurements = Measurements()
    measurements.reports = saved["reports"]
    chosen = set_name or next(iter(saved["sets"]))
    Path(target).write_text(svg(measurements, chosen, heading(saved["sets"][chosen])))


def heading(description: str) -> str:
    return f"CPU time and bytes, as multiples of Stocktake's (right: more). {description}"


if __name__ == "__main__":
    main(*sys.argv[1:4])
