"""What every rival has to do, and the parts that are the same for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fleet_rows import FleetRows, Snapshot

OPEN = 2**31 - 1
"""The end of a span that has not ended.  It fits into four bytes, as every second until 2038."""

Row = tuple[Any, ...]
Change = tuple[int, int, int]  # host, package version, installed


class Store(ABC):
    """One rival with an empty database.

    `pack_…` turns rows into the form that the store takes fastest and is never timed; what is
    timed is `load_…`, durable when it returns.  Questions return plain rows.
    """

    name: str
    server_pid: int | None = None
    one_by_one = 300
    """How many reports to commit one by one.  Fewer where a commit is slow."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def prepare(self, fleet: FleetRows) -> None:
        """Makes the tables and fills the dictionaries of hosts and package versions: a gift."""

    @abstractmethod
    def pack_first(self, day: list[Snapshot]) -> Any: ...

    @abstractmethod
    def load_first(self, packed: Any) -> None:
        """Loads the first day in one transaction, with every index as it is used later."""

    def pack_day(self, day: list[Snapshot]) -> Any:
        return [(snapshot, snapshot.rows()) for snapshot in day]

    @abstractmethod
    def load_day(self, packed: Any) -> None:
        """Compares one day's changed reports with what is current and writes the differences."""

    def pack_one(self, snapshot: Snapshot) -> Any:
        return self.pack_day([snapshot])

    def load_one(self, packed: Any) -> None:
        self.load_day(packed)

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
        """(day, version, hosts) at `first` and every day after it, where there are any"""

    @abstractmethod
    def rollup(self, time: int) -> list[Row]:
        """(name, version, hosts)"""

    @abstractmethod
    def changes(self, start: int, end: int) -> list[Row]:
        """(time, host, name, old version, new version) after `start`, up to `end`"""

    @abstractmethod
    def close(self) -> None:
        """Stops everything and removes everything."""


def compare(
    current: set[tuple[int, int]], snapshot: Snapshot, rows: Iterable[tuple[int, int]],
    gone: list[Row], come: list[Row],
) -> None:
    """Finds what a report changes: (host, version, time) gone, (host, version, installed, time) come."""
    host, time, reported = snapshot.host, snapshot.time, set(rows)
    gone += [(host, version, time) for version, _ in current - reported]
    come += [(host, version, installed, time) for version, installed in reported - current]


def pair(rows: Iterable[Row]) -> list[Row]:
    """Joins ends and beginnings of one moment and name to changes.

    Rows are (old version or None, new version or None, and then what both sides share).
    """
    changes: dict[Row, tuple[str, str]] = {}
    for old, new, *shared in rows:
        key = tuple(shared)
        before, after = changes.get(key, ("", ""))
        changes[key] = (old or before, new or after)
    return [(*key, *versions) for key, versions in changes.items()]


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
      change(version, k, n) AS (SELECT version, k, sum(n) FROM step GROUP BY version, k),
      total(version, k, upto, n) AS (
        SELECT version, k,
          lead(k, 1, %(days)s) OVER (PARTITION BY version ORDER BY k),
          sum(n) OVER (PARTITION BY version ORDER BY k)
        FROM change)
      SELECT day.k, version, n FROM total
      JOIN day ON day.k >= total.k AND day.k < total.upto WHERE n > 0"""


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
