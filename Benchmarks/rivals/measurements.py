"""Collects what the stores report, run by run, and takes medians."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

FIGURES = (
    "first-load", "ingest-many", "ingest-one", "equal-many", "disk", "state", "current", "who",
    "history", "diff", "rollout", "rollup", "changes",
)

Report = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """One way to look at a figure: CPU or wall microseconds a unit, a percentile, or bytes."""

    name: str
    of: Callable[[Report], float | None]


def _per_unit(field: str) -> Callable[[Report], float | None]:
    return lambda report: report[field] * 1e6 / report["units"] if report["units"] else None


MEASURES = (
    Measure("CPU µs", _per_unit("cpu_seconds")),
    Measure("wall µs", _per_unit("wall_seconds")),
    Measure("p50 µs", lambda report: report.get("p50_us")),
    Measure("p99 µs", lambda report: report.get("p99_us")),
)
BYTES = Measure("bytes", lambda report: report["bytes"] / max(report["units"], 1))


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, the least and the greatest."""

    median: float
    least: float
    greatest: float

    def text(self) -> str:
        if self.least == self.greatest:
            return short(self.median)
        return f"{short(self.median)} [{short(self.least)}..{short(self.greatest)}]"


class Measurements:
    """Every report of every store, by set and figure.  Wrong answers are kept and never counted."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.missing: dict[str, str] = {}

    def add(self, set_name: str, round_number: int, report: Report) -> None:
        self.reports.append({"set": set_name, "round": round_number, **report})

    def stores(self, set_name: str) -> list[str]:
        """In the order of their first report; ours is first."""
        found = dict.fromkeys(r["store"] for r in self.reports if r["set"] == set_name)
        return sorted(found, key=lambda store: store != "stocktake")

    def versions(self) -> dict[str, str]:
        return {r["store"]: r["version"] for r in self.reports if r.get("version")}

    def rows(self, set_name: str) -> list[tuple[str, str, Measure]]:
        """(figure, unit, measure) for all that any store has."""
        rows = []
        for figure in FIGURES:
            reports = [r for r in self.reports if r["set"] == set_name and r["figure"] == figure]
            if not reports:
                continue
            measures = (BYTES,) if figure == "disk" else MEASURES
            rows += [
                (figure, reports[0]["unit"], measure)
                for measure in measures
                if any(measure.of(report) is not None for report in reports)
            ]
        return rows

    def spread(
        self, set_name: str, figure: str, store: str, measure: Measure
    ) -> Spread | str | None:
        """The medians; or "wrong" when an answer was, in any round; or nothing."""
        reports = [
            r for r in self.reports
            if (r["set"], r["figure"], r["store"]) == (set_name, figure, store)
        ]
        if any(report["wrong"] for report in reports):
            return "wrong"
        values = [value for report in reports if (value := measure.of(report)) is not None]
        return Spread(median(values), min(values), max(values)) if values else None

    def ratio(self, set_name: str, figure: str, store: str, measure: Measure) -> float | None:
        """How many times ours this store takes: above one, ours is better."""
        ours = self.spread(set_name, figure, "stocktake", measure)
        theirs = self.spread(set_name, figure, store, measure)
        if isinstance(ours, Spread) and isinstance(theirs, Spread) and ours.median > 0:
            return theirs.median / ours.median
        return None


def short(value: float) -> str:
    """Three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{short(ratio)}×"
