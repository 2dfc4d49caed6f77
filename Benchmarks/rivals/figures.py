"""The figures of one rival: what is loaded, asked, timed and checked, in which order."""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from fleet_rows import Day, FleetRows, Snapshot
from meter import Meter, percentile
from store import Row, Store

Figure = dict[str, Any]
Question = dict[str, Any]

EQUAL_BATCH = 64
EQUAL_BATCHES = 100
REPETITIONS = 5


class Run:
    """Loads a fleet once and yields every figure as it is known."""

    def __init__(
        self, store: Store, fleet: FleetRows, questions: dict[str, list[Question]],
        wanted: set[str] | None,
    ) -> None:
        self._store, self._fleet, self._questions = store, fleet, questions
        self._wanted = wanted
        self._events = 0
        self.wrong = 0

    def figures(self) -> Iterator[Figure]:
        self._store.prepare(self._fleet)
        found = itertools.chain(self._load(), self._equal(), self._disk(), self._answers())
        for figure in found:
            self.wrong += figure["wrong"]
            if self._wanted is None or figure["figure"] in self._wanted:
                yield figure

    def _load(self) -> Iterator[Figure]:
        """Every day in batches; of the last day, reports one by one."""
        many, one = self._meter(), self._meter()
        many_items = one_items = one_reports = 0
        last = len(self._fleet.day_files) - 1
        for number, day in enumerate(self._fleet.days()):
            self._events += day.events
            if number == 0:
                yield self._first(day)
                continue
            single = day.changed[: self._store.one_by_one] if number == last else []
            for snapshot in single:
                reports = self._store.plain([snapshot])
                with one.running():
                    self._store.load_one(reports)
                one_items += snapshot.item_count()
                one_reports += 1
            many_items += self._batches(day.changed[len(single) :], many)
        yield self._figure("ingest-many", many, many_items, "item reports", self._batch_note())
        yield self._figure(
            "ingest-one", one, one_items, "item reports", f"{one_reports} reports, each its commit"
        )

    def _first(self, day: Day) -> Figure:
        """The first reports come as all others do, to tables that have their indexes."""
        meter = self._meter()
        items = self._batches(day.changed, meter)
        self._store.settle()
        return self._figure("first-load", meter, items, "events", self._batch_note())

    def _batches(self, snapshots: list[Snapshot], meter: Meter) -> int:
        """Loads reports, many a commit; says how many items they had."""
        items = 0
        for start in range(0, len(snapshots), self._store.batch):
            batch = snapshots[start : start + self._store.batch]
            reports = self._store.plain(batch)
            with meter.running():
                self._store.load(reports)
            items += sum(snapshot.item_count() for snapshot in batch)
        return items

    def _batch_note(self) -> str:
        return f"up to {self._store.batch} reports a commit"

    def _equal(self) -> Iterator[Figure]:
        """Every host's last report comes again, and again; the hash itself is made for free."""
        hosts = sorted(self._fleet.host_names)
        hashes = {host: hashlib.sha256(str(host).encode()).digest()[:16] for host in hosts}
        self._store.set_hashes(list(hashes.items()))
        meter, confirmed, around = self._meter(), 0, itertools.cycle(hosts)
        batches = [
            [(h, 1_800_000_000 + n, hashes[h]) for h in itertools.islice(around, EQUAL_BATCH)]
            for n in range(EQUAL_BATCHES)
        ]
        with meter.running():
            for batch in batches:
                confirmed += self._store.confirm(batch)
        expected = sum(len({host for host, _, _ in batch}) for batch in batches)
        figure = self._figure(
            "equal-many", meter, EQUAL_BATCH * EQUAL_BATCHES, "reports",
            f"{EQUAL_BATCH} a commit, hash not included",
        )
        figure["wrong"] = int(confirmed < expected)
        yield figure

    def _disk(self) -> Iterator[Figure]:
        self._store.clean()
        size = self._store.disk_bytes()
        figure = self._figure("disk", self._meter(), self._events, "events", f"{size} bytes in all")
        figure["bytes"] = size
        yield figure

    def _answers(self) -> Iterator[Figure]:
        store = self._store
        kinds: list[tuple[str, str, str, Callable[[Question], list[Row]]]] = [
            ("state", "asof", "answers", lambda q: store.state(q["host"], q["time"])),
            ("current", "current", "answers", lambda q: store.current(q["host"])),
            ("who", "who", "answers", lambda q: store.who(q["name"], q["version"], q["time"])),
            ("history", "history", "events", lambda q: store.history(q["host"])),
            ("diff", "diff", "answers", lambda q: store.diff(q["host"], q["from"], q["to"])),
            ("rollout", "rollout", "answers",
             lambda q: store.rollout(q["name"], q["from"], q["days"])),
            ("rollup", "rollup", "answers", lambda q: store.rollup(q["time"])),
            ("changes", "changes", "events", lambda q: store.changes(q["from"], q["to"])),
        ]
        for figure, kind, unit, ask in kinds:
            if self._questions.get(kind) and (self._wanted is None or figure in self._wanted):
                if kind == "changes":
                    store.index_time()
                yield self._asked(figure, self._questions[kind], unit, ask)

    def _asked(
        self, name: str, questions: list[Question], unit: str, ask: Callable[[Question], list[Row]]
    ) -> Figure:
        """Asks all questions several times over; of each, the median time counts.

        The first go is not measured: it prepares statements, warms pages, and is what is checked.
        """
        answers = [ask(question) for question in questions]
        meter, clock = self._meter(), time.perf_counter
        micros: list[list[float]] = [[] for _ in questions]
        with meter.running():
            for _ in range(REPETITIONS):
                for question, times in zip(questions, micros):
                    start = clock()
                    ask(question)
                    times.append((clock() - start) * 1e6)
        meter.cpu /= REPETITIONS
        meter.wall /= REPETITIONS
        units = len(questions) if unit == "answers" else sum(map(len, answers))
        note = f"{len(questions)} questions, medians of {REPETITIONS} rounds"
        figure = self._figure(name, meter, units, unit, note)
        medians = [median(times) for times in micros]
        figure["p50_us"], figure["p99_us"] = percentile(medians, 50), percentile(medians, 99)
        figure["wrong"] = sum(not is_right(a, q) for a, q in zip(answers, questions))
        return figure

    def _meter(self) -> Meter:
        return Meter(self._store.server_pid)

    def _figure(self, name: str, meter: Meter, units: int, unit: str, note: str) -> Figure:
        return {
            "store": self._store.name, "version": self._store.version(), "figure": name,
            "units": units, "unit": unit, "cpu_seconds": round(meter.cpu, 6),
            "wall_seconds": round(meter.wall, 6), "p50_us": None, "p99_us": None, "wrong": 0,
            "note": note,
        }


def is_right(rows: list[Row], question: Question) -> bool:
    """Compares the digest of an answer's lines, sorted, with the right one."""
    lines = sorted("\t".join(map(str, row)) for row in rows)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return bool(len(lines) == question["count"] and digest == question["sha256"])
