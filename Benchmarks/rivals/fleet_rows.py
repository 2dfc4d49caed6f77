"""Reads a fleet as rows, and the questions with the digests of their right answers.

A folder of rows holds `hosts.tsv` (number, name), `pv.tsv` (number, name, version and more) and a
`day-NNN.tsv` for each day (host, package version, installed time), every report in full.  A host
reports at the same second of every day, which is the third column of `hosts.tsv`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY = 86400
FIRST_DAY = 1767571200  # 2026-01-05T00:00:00Z


@dataclass(frozen=True)
class Snapshot:
    """One host's report: everything on it at one time, as lines of (host, version, installed)."""

    host: int
    time: int
    lines: bytes

    def report(self) -> "Report":
        """The report as plain numbers.  Callers do this outside the timed part, and only this."""
        numbers = [int(field) for field in self.lines.split()]
        return Report(self.host, self.time, list(zip(numbers[1::3], numbers[2::3])))

    def item_count(self) -> int:
        return self.lines.count(b"\n")


@dataclass(frozen=True)
class Report:
    """A report as its sender would hand it over: (package version, installed) for each item."""

    host: int
    time: int
    rows: list[tuple[int, int]]


@dataclass(frozen=True)
class Day:
    """The reports of one day in order of time, told apart by whether they say anything new."""

    changed: list[Snapshot]
    equal: list[Snapshot]
    events: int
    """Changes of all hosts; on the first day every item is one."""


class FleetRows:
    """A fleet on disk.  Days are read one at a time, so that a year fits into little memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        hosts = [line.split("\t") for line in _lines(folder / "hosts.tsv")]
        self.host_names = {int(row[0]): row[1] for row in hosts}
        self._seconds = {int(row[0]): int(row[2]) for row in hosts}
        versions = [line.split("\t") for line in _lines(folder / "pv.tsv")]
        self.versions = [(int(row[0]), row[1], row[2], "\t".join(row[3:])) for row in versions]
        self._names = {row[0].encode(): row[1] for row in versions}
        self.day_files = sorted(folder.glob("day-*.tsv"))

    def days(self) -> Iterator[Day]:
        before: dict[int, bytes] = {}
        for number, path in enumerate(self.day_files):
            now = _by_host(path.read_bytes())
            snapshots = [
                Snapshot(host, FIRST_DAY + number * DAY + self._seconds[host], lines)
                for host, lines in now.items()
            ]
            snapshots.sort(key=lambda snapshot: (snapshot.time, snapshot.host))
            changed = [s for s in snapshots if before.get(s.host) != s.lines]
            equal = [s for s in snapshots if before.get(s.host) == s.lines]
            events = sum(self._events(before.get(s.host, b""), s) for s in changed)
            yield Day(changed, equal, events)
            before = now

    def _events(self, before: bytes, snapshot: Snapshot) -> int:
        """Counts changes: a name that loses one version and gains another changes once."""
        old, new = set(before.splitlines()), set(snapshot.lines.splitlines())
        gone, come = self._count_names(old - new), self._count_names(new - old)
        return sum((gone | come).values())

    def _count_names(self, lines: set[bytes]) -> Counter[str]:
        return Counter(self._names[line.split(b"\t")[1]] for line in lines)


def read_questions(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The questions by kind, in the order of the file."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for question in json.loads(path.read_text()):
        kinds.setdefault(question["q"], []).append(question)
    return kinds


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")


def _by_host(text: bytes) -> dict[int, bytes]:
    """Cuts a day into hosts.  A host's lines are adjacent."""
    found: dict[int, bytes] = {}
    start = 0
    while start < len(text):
        prefix = text[start : text.index(b"\t", start) + 1]
        end = _end_of_host(text, start, prefix)
        found[int(prefix)] = text[start:end]
        start = end
    return found


def _end_of_host(text: bytes, start: int, prefix: bytes) -> int:
    position = start
    while text.startswith(prefix, position):
        position = text.index(b"\n", position) + 1
    return position
