"""DuckDB: in process and columnar; rows come to it as columns."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy

from fleet_rows import FleetRows, Snapshot
from span_store import SpanStore
from store import OPEN, Row, pair_marked, pair_spans

# No index: it scans columns, skips what the ranges of a column rule out, and its indexes slow every
# load down.  Names and versions are looked up in a dictionary of a few thousand rows.
_SCHEMA = """
CREATE TABLE version(id INTEGER, name VARCHAR, version VARCHAR, more VARCHAR);
CREATE TABLE host(id INTEGER, name VARCHAR, hash BLOB, seen INTEGER);
CREATE TABLE day(k INTEGER);
CREATE TABLE span(host INTEGER, version INTEGER, installed INTEGER, start INTEGER, finish INTEGER);
"""

class DuckDBStore(SpanStore):
    name = "duckdb"
    one_by_one = 40
    batch = 1000
    parameter = "${}"
    divide = "//"
    # A host's or a version's number is found first: a scan is then told what to skip.
    state_query = """SELECT v.name, v.version, s.installed FROM span s
      JOIN version v ON v.id = s.version
      WHERE s.host = (SELECT id FROM host WHERE name = {host}) """
    who_query = """SELECT h.name FROM span s JOIN host h ON h.id = s.host
      WHERE s.version = (SELECT id FROM version WHERE name = {name} AND version = {version})
      AND s.finish > {time} AND s.start <= {time}"""

    def __init__(self, parent: Path | None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rivals-duckdb-", dir=parent))
        self._file = self._folder / "fleet.duckdb"
        self._db = duckdb.connect(str(self._file))
        # Its log is folded into the file when it is this large, and at a checkpoint.
        self._db.execute("SET checkpoint_threshold = '256MB'")
        super().__init__()

    def version(self) -> str:
        return duckdb.__version__

    def prepare(self, fleet: FleetRows) -> None:
        self._db.execute(_SCHEMA)
        number, name, version, more = (numpy.array(c, dtype=object) for c in zip(*fleet.versions))
        rows = {"id": number.astype("int32"), "name": name, "version": version, "more": more}
        self._insert("INSERT INTO version SELECT * FROM rows", rows)
        ids, names = zip(*fleet.host_names.items())
        hosts = {"id": numpy.array(ids, "int32"), "name": numpy.array(names, dtype=object)}
        self._insert("INSERT INTO host(id, name) SELECT * FROM rows", hosts)
        self._db.execute("INSERT INTO day SELECT range FROM range(4000)")
        self._db.execute("CHECKPOINT")

    def plain(self, snapshots: list[Snapshot]) -> Any:
        """Columns, which are to DuckDB's users what tuples are to the others'."""
        text = b"".join(snapshot.lines for snapshot in snapshots)
        numbers = numpy.array(text.split(), dtype="int32").reshape(-1, 3)
        host, version, installed = (numpy.ascontiguousarray(c) for c in numbers.T)
        time = numpy.repeat(
            numpy.array([s.time for s in snapshots], "int32"),
            [s.item_count() for s in snapshots],
        )
        return {"host": host, "version": version, "installed": installed, "time": time}

    def load(self, reports: Any) -> None:
        """Joins of whole columns find the differences, then one update and one insert."""
        self._db.execute("BEGIN")
        self._insert(
            f"""CREATE OR REPLACE TEMP TABLE changed AS
            WITH report AS (SELECT host, any_value(time) AS time FROM rows GROUP BY host),
            current AS (SELECT s.rowid AS row, s.host, s.version, s.installed, r.time FROM span s
              JOIN report r USING (host) WHERE s.finish = {OPEN})
            SELECT c.row, coalesce(c.host, n.host) AS host, n.version, n.installed,
              coalesce(n.time, c.time) AS time
            FROM current c FULL JOIN rows n
            ON n.host = c.host AND n.version = c.version AND n.installed = c.installed
            WHERE c.row IS NULL OR n.host IS NULL""", reports,
        )
        self._db.execute(
            """UPDATE span SET finish = c.time FROM changed c
            WHERE c.row IS NOT NULL AND span.rowid = c.row"""
        )
        self._db.execute(
            f"""INSERT INTO span SELECT host, version, installed, time, {OPEN} FROM changed
            WHERE row IS NULL ORDER BY host, version"""
        )
        self._db.execute("COMMIT")

    def set_hashes(self, hashes: list[tuple[int, bytes]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(
            "UPDATE host SET hash = ? WHERE id = ?", [(hash, host) for host, hash in hashes]
        )
        self._db.execute("COMMIT")

    def confirm(self, batch: list[tuple[int, int, bytes]]) -> int:
        hosts, times, hashes = zip(*batch)
        rows = {
            "id": numpy.array(hosts, "int32"), "seen": numpy.array(times, "int32"),
            "hash": numpy.array(hashes, dtype=object),
        }
        done = self._insert(
            """UPDATE host SET seen = rows.seen FROM rows
            WHERE host.id = rows.id AND host.hash = rows.hash""", rows,
        ).fetchone()
        return int(done[0]) if done else 0

    def clean(self) -> None:
        self._db.execute("CHECKPOINT")

    def disk_bytes(self) -> int:
        return self._file.stat().st_size

    def index_time(self) -> None:
        """The ranges it keeps for each column serve here as well."""

    def history(self, host: str) -> list[Row]:
        spans = self._rows(
            """SELECT v.version, v.name, s.start, s.finish FROM span s
            JOIN version v ON v.id = s.version
            WHERE s.host = (SELECT id FROM host WHERE name = ?)""", (host,),
        )
        return pair_spans(spans)

    def diff(self, host: str, start: int, end: int) -> list[Row]:
        """Spans at one end but not at the other; one replaced by its equal is no change."""
        return pair_marked(self._rows(
            """WITH near AS MATERIALIZED (SELECT version, installed, start, finish FROM span
              WHERE host = (SELECT id FROM host WHERE name = $host) AND finish > $start
              AND start <= $end AND (finish <= $end OR start > $start)),
            old AS (SELECT version, installed FROM near WHERE start <= $start),
            new AS (SELECT version, installed FROM near WHERE finish > $end)
            SELECT v.name, v.version, 0 FROM (FROM old EXCEPT FROM new) o
            JOIN version v ON v.id = o.version UNION ALL
            SELECT v.name, v.version, 1 FROM (FROM new EXCEPT FROM old) n
            JOIN version v ON v.id = n.version""", {"host": host, "start": start, "end": end},
        ))

    def rollup(self, time: int) -> list[Row]:
        return self._rows(
            """SELECT v.name, v.version, c.n FROM (SELECT version, count(*) AS n FROM span
            WHERE finish > ? AND start <= ? GROUP BY version) c
            JOIN version v ON v.id = c.version""", (time, time),
        )

    def close(self) -> None:
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _insert(self, statement: str, rows: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        """Runs a statement that reads `rows`: DuckDB finds the local variable by its name."""
        return self._db.execute(statement)

    def _rows(self, query: str, parameters: Any) -> list[Row]:
        return self._db.execute(query, parameters).fetchall()
