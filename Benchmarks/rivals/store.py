"""What every rival has to do, and the parts that are the same for all of them."""

from abc import ABC, abstractmethod
from itertools import zip_longest
from pathlib import Path
from typing import Any

from fleet_rows import FleetRows, Report, Snapshot

OPEN = 2**31 - 1
"""The end of a span that has not ended.  It fits into four bytes, as every second until 2038."""

Row = tuple[Any, ...]
Change = tuple[int, int, int]  # host, package version, installed


class Store(ABC):
    """One rival with an empty database.

    `plain` makes numbers out of a file's lines and is never timed.  All that follows is: sorting,
    comparing, writing in the form that the store takes, until it is durable.  Questions return
    plain rows.
    """

    name: str
    server_pid: int | None = None
    one_by_one = 300
    """How many reports to commit one by one.  Fewer where a commit is slow."""
    batch = 200
    """How many reports share a commit otherwise.  More where that makes each cheaper."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def prepare(self, fleet: FleetRows) -> None:
        """Makes the tables and fills the dictionaries of hosts and package versions: a gift."""

    def plain(self, snapshots: list[Snapshot]) -> Any:
        """Reports as the numbers that the store's client works with."""
        return [snapshot.report() for snapshot in snapshots]

    @abstractmethod
    def load(self, reports: Any) -> None:
        """Compares reports with what is current and writes the differences, in one transaction."""

    def load_one(self, reports: Any) -> None:
        """As `load`, where there is one report and another way is cheaper for it."""
        self.load(reports)

    def settle(self) -> None:
        """What a store does by itself within minutes of its first reports, but not at once."""

    @abstractmethod
    def set_hashes(self, hashes: list[tuple[int, bytes]]) -> None:
        """Keeps (host, hash of its last report)."""

    @abstractmethod
    def confirm(self, batch: list[tuple[int, int, bytes]]) -> int:
        """Notes (host, time) for reports whose hash is the last one; says how many were."""

    @abstractmethod
    def clean(self) -> None:
        """What its users run after a load: vacuum, checkpoint, statistics."""

    @abstractmethod
    def disk_bytes(self) -> int:
        """Tables, indexes and dictionaries; no logs."""

    @abstractmethod
    def index_time(self) -> None:
        """Indexes for `changes`, made after loading and measuring, so they cost nothing there."""

    @abstractmethod
    def current(self, host: str) -> list[Row]:
        """(name, version, installed)"""

    @abstractmethod
    def state(self, host: str, time: int) -> list[Row]:
        """(name, version, installed)"""

    @abstractmethod
    def who(self, name: str, version: str, time: int) -> list[Row]:
        """(host,)"""

    @abstractmethod
    def history(self, host: str) -> list[Row]:
        """(time, name, old version, new version)"""

    @abstractmethod
    def diff(self, host: str, start: int, end: int) -> list[Row]:
        """(name, old version, new version)"""

    @abstractmethod
    def rollout(self, name: str, first: int, days: int) -> list[Row]:
        """(time, version, hosts) at `first` and daily after it, where there are any"""

    @abstractmethod
    def rollup(self, time: int) -> list[Row]:
        """(name, version, hosts)"""

    @abstractmethod
    def changes(self, start: int, end: int) -> list[Row]:
        """(time, host, name, old version, new version) from `start` on, before `end`"""

    @abstractmethod
    def close(self) -> None:
        """Stops everything and removes everything."""


def compare(
    current: set[tuple[int, int]], report: Report, gone: list[Row], come: list[Row]
) -> None:
    """Adds what a report changes: (host, version, time) gone, (…, installed, time) come."""
    host, time, reported = report.host, report.time, set(report.rows)
    gone += [(host, version, time) for version, _ in current - reported]
    come += [(host, version, installed, time) for version, installed in reported - current]


def pair(ended: list[Row], begun: list[Row]) -> list[Row]:
    """Joins ends and beginnings of one moment and name to changes: (…, old version, new version).

    Rows have the version last, after what both sides share.
    """
    olds = {row[:-1]: row[-1] for row in ended}
    news = {row[:-1]: row[-1] for row in begun}
    if len(olds) < len(ended) or len(news) < len(begun):
        return _pair_several(ended, begun)
    changes = [(*key, olds.pop(key, ""), version) for key, version in news.items()]
    return changes + [(*key, version, "") for key, version in olds.items()]


def _pair_several(ended: list[Row], begun: list[Row]) -> list[Row]:
    """As `pair`, where a name may have several versions at once, as kernels do: in their order."""
    sides: dict[Row, tuple[list[str], list[str]]] = {}
    for side, rows in enumerate((ended, begun)):
        for row in rows:
            sides.setdefault(row[:-1], ([], []))[side].append(row[-1])
    return [
        (*key, old, new)
        for key, (olds, news) in sides.items()
        for old, new in zip_longest(sorted(olds), sorted(news), fillvalue="")
    ]


def pair_spans(spans: list[Row]) -> list[Row]:
    """A history from (version, name, start, finish); finish is None or `OPEN` where it goes on."""
    ended = [(finish, n, v) for v, n, _, finish in spans if finish is not None and finish < OPEN]
    return pair(ended, [(start, name, version) for version, name, start, _ in spans])


def pair_marked(rows: list[Row]) -> list[Row]:
    """As `pair`, for rows that end with the version and 0 for an end, 1 for a beginning."""
    return pair(
        [row[:-1] for row in rows if row[-1] == 0], [row[:-1] for row in rows if row[-1] == 1]
    )


def rollout_query(spans: str, divide: str, greatest: str) -> str:
    """Nodes per version and day, for a calendar table `day(k)`.

    `spans` is a query for (version, start, end) of one name's spans.  Each adds one from the first
    day at or after its start and takes one away at its end; running totals need one pass over
    the spans, where joining them with every day would need one for each day.
    Parameters, by name: first, days.
    """
    at = f"{greatest}(0, ({{}} - %(first)s + 86399) {divide} 86400)"
    return f"""
      WITH held(version, start, finish) AS ({spans}),
      step(version, k, n) AS (
        SELECT version, {at.format('start')}, 1 FROM held WHERE start <= %(last)s
        UNION ALL
        SELECT version, {at.format('finish')}, -1 FROM held
        WHERE start <= %(last)s AND finish <= %(last)s),
      moved(version, k, n) AS (SELECT version, k, sum(n) FROM step GROUP BY version, k),
      total(version, k, upto, n) AS (
        SELECT version, k,
          coalesce(lead(k) OVER (PARTITION BY version ORDER BY k), %(days)s),
          sum(n) OVER (PARTITION BY version ORDER BY k)
        FROM moved)
      SELECT %(first)s + day.k * 86400, version, n FROM total
      JOIN day ON day.k >= total.k AND day.k < total.upto WHERE n > 0"""


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
