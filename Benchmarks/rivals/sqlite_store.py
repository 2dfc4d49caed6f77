"""SQLite: in process, write-ahead log, every commit flushed."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from fleet_rows import FleetRows, Report
from span_store import SpanStore
from store import OPEN, Row, compare, pair_marked, pair_spans

# One table of spans, stored in the order of its key: what is current on a host lies together at the
# host's end, what it had at a time lies before it, and no second copy of the current state is kept.
# The other order of the same columns answers who had a version without touching the table.
_SCHEMA = """
CREATE TABLE version(id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL) STRICT;
CREATE TABLE version_more(id INTEGER PRIMARY KEY, more TEXT NOT NULL) STRICT;
CREATE INDEX version_name ON version(name, version);
CREATE TABLE host(id INTEGER PRIMARY KEY, name TEXT NOT NULL, hash BLOB, seen INTEGER) STRICT;
CREATE UNIQUE INDEX host_name ON host(name);
CREATE TABLE day(k INTEGER PRIMARY KEY) STRICT;
CREATE TABLE span(host INTEGER NOT NULL, version INTEGER NOT NULL, installed INTEGER NOT NULL,
  start INTEGER NOT NULL, finish INTEGER NOT NULL,
  PRIMARY KEY(host, finish, version, start)) STRICT, WITHOUT ROWID;
CREATE INDEX span_version ON span(version, finish, host, start);
"""

class SQLiteStore(SpanStore):
    name = "sqlite"
    parameter = ":{}"
    greatest = "max"

    def __init__(self, parent: Path | None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rivals-sqlite-", dir=parent))
        self._file = self._folder / "fleet.db"
        self._db = sqlite3.connect(self._file, isolation_level=None, cached_statements=256)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -2000000")
        self._db.execute("PRAGMA mmap_size = 8000000000")
        # A checkpoint for every 64 MB of log writes a page fewer times than one for every 4 MB.
        self._db.execute("PRAGMA wal_autocheckpoint = 16000")
        super().__init__()

    def version(self) -> str:
        return sqlite3.sqlite_version

    def prepare(self, fleet: FleetRows) -> None:
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        # What questions need is apart from the rest, so that more of it lies in a page.
        for row in fleet.versions:
            self._db.execute("INSERT INTO version VALUES (?, ?, ?)", row[:3])
            self._db.execute("INSERT INTO version_more VALUES (?, ?)", (row[0], row[3]))
        self._db.executemany("INSERT INTO host(id, name) VALUES (?, ?)", fleet.host_names.items())
        self._db.executemany("INSERT INTO day VALUES (?)", ((k,) for k in range(4000)))
        self._db.execute("COMMIT")

    def load(self, reports: list[Report]) -> None:
        """The client compares: reading a host's rows in process costs less than any join."""
        gone: list[Row] = []
        come: list[Row] = []
        for report in reports:
            current = self._db.execute(
                f"SELECT version, installed FROM span WHERE host = ? AND finish = {OPEN}",
                (report.host,),
            )
            compare(set(current), report, gone, come)
        self._write(gone, come)

    def _write(self, gone: list[Row], come: list[Row]) -> None:
        """Sorted, so that neighbouring rows fall into pages that are already at hand."""
        gone.sort()
        come.sort()
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "UPDATE span SET finish = ?3 WHERE host = ?1 AND version = ?2"
            f" AND finish = {OPEN}", gone,
        )
        self._db.executemany(
            "INSERT INTO span(host, version, installed, start, finish)"
            f" VALUES (?, ?, ?, ?, {OPEN})", come,
        )
        self._db.execute("COMMIT")

    def confirm(self, batch: list[tuple[int, int, bytes]]) -> int:
        self._db.execute("BEGIN IMMEDIATE")
        done = self._db.executemany(
            "UPDATE host SET seen = ?2 WHERE id = ?1 AND hash IS ?3", batch
        )
        self._db.execute("COMMIT")
        return done.rowcount

    def set_hashes(self, hashes: list[tuple[int, bytes]]) -> None:
        self._db.executemany("UPDATE host SET hash = ?2 WHERE id = ?1", hashes)

    def clean(self) -> None:
        self._db.execute("VACUUM")
        self._db.execute("ANALYZE")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def disk_bytes(self) -> int:
        return self._file.stat().st_size

    def index_time(self) -> None:
        self._db.execute("CREATE INDEX span_start ON span(start)")
        self._db.execute(f"CREATE INDEX span_finish ON span(finish) WHERE finish < {OPEN}")
        self._db.execute("ANALYZE")

    def history(self, host: str) -> list[Row]:
        """Both ends of a span in one row; the client takes them apart."""
        return pair_spans(self._rows(
            """SELECT v.version, v.name, s.start, s.finish FROM host h
            JOIN span s ON s.host = h.id JOIN version v ON v.id = s.version WHERE h.name = ?""",
            (host,),
        ))

    def diff(self, host: str, start: int, end: int) -> list[Row]:
        """Spans at one end but not at the other; one replaced by its equal is no change."""
        spans = """SELECT s.version, s.installed FROM host h JOIN span s ON s.host = h.id
            WHERE h.name = ?1 AND """
        before = f"{spans} s.finish > ?2 AND s.start <= ?2 AND s.finish <= ?3"
        after = f"{spans} s.finish > ?3 AND s.start <= ?3 AND s.start > ?2"
        return pair_marked(self._rows(
            f"""WITH old AS ({before}), new AS ({after})
            SELECT v.name, v.version, 0 FROM (SELECT * FROM old EXCEPT SELECT * FROM new) o
            JOIN version v ON v.id = o.version UNION ALL
            SELECT v.name, v.version, 1 FROM (SELECT * FROM new EXCEPT SELECT * FROM old) n
            JOIN version v ON v.id = n.version""", (host, start, end),
        ))

    def rollup(self, time: int) -> list[Row]:
        return self._rows(
            """SELECT v.name, v.version, c.n FROM (SELECT version, count(*) AS n
            FROM span INDEXED BY span_version WHERE finish > ?1 AND start <= ?1 GROUP BY version) c
            JOIN version v ON v.id = c.version""", (time,),
        )

    def close(self) -> None:
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _rows(self, query: str, parameters: Any) -> list[Row]:
        return self._db.execute(query, parameters).fetchall()
