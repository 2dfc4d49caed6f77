"""PostgreSQL: a cluster of its own on a socket, driven by psycopg with prepared statements."""

import shutil
import struct
from pathlib import Path
from typing import Any

import psycopg

from fleet_rows import FleetRows, Report
from server_store import ServerStore
from span_store import SpanStore
from store import OPEN, Row, compare, pair_marked, pair_spans

# A machine of its own with memory to spare.  Every commit is flushed, as by default.
_SETTINGS = {
    "listen_addresses": "", "shared_buffers": "2GB", "effective_cache_size": "8GB",
    "work_mem": "64MB", "maintenance_work_mem": "512MB", "random_page_cost": "1.1",
    "max_wal_size": "8GB", "checkpoint_timeout": "30min", "wal_compression": "lz4",
    # No replica is fed, so a first load into a new table is flushed itself and not logged too.
    "wal_level": "minimal", "max_wal_senders": "0",
    # Compiling a plan takes longer than these queries do.
    "jit": "off",
}

# Spans stay where they are written, which is by host; the indexes hold equal keys once, with a
# list of their rows, and are far smaller than covering ones would be.
_SCHEMA = """
CREATE TABLE version(id int PRIMARY KEY, name text NOT NULL, version text NOT NULL);
CREATE TABLE version_more(id int PRIMARY KEY, more text NOT NULL);
CREATE TABLE host(id int PRIMARY KEY, name text NOT NULL UNIQUE, hash bytea, seen int)
  WITH (fillfactor = 50);
CREATE TABLE day(k int PRIMARY KEY);
CREATE TABLE span(host int NOT NULL, version int NOT NULL, installed int NOT NULL,
  start int NOT NULL, finish int NOT NULL);
CREATE INDEX span_host ON span(host, finish);
CREATE INDEX span_version ON span(version, finish);
"""

# A row of five integers in the binary form of COPY.
_ROW = struct.Struct("!h10i").pack
_BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_BINARY_END = b"\xff\xff"


class PostgreSQLStore(ServerStore, SpanStore):
    name = "postgresql"
    parameter = "%({})s"
    _db: psycopg.Connection[Row]

    def __init__(self, parent: Path | None) -> None:
        self._db = self._serve(("postgres", "nobody"), parent)
        super().__init__()

    def _start(self) -> psycopg.Connection[Row]:
        folder, data = self._server.folder, self._server.folder / "data"
        self._server.run([
            _program("initdb"), "-D", str(data), "-A", "trust", "-U", "bench", "-E", "UTF8",
            "--locale=C", "--no-sync",
        ])
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        address = f"host={folder} user=bench dbname=postgres"
        self._server.start(
            [_program("postgres"), "-D", str(data), "-k", str(folder), *options],
            lambda: _answers(address),
        )
        connection = psycopg.connect(address, autocommit=True, prepare_threshold=0)
        return connection

    def version(self) -> str:
        return f"{self._db.info.server_version // 10000}.{self._db.info.server_version % 10000}"

    def prepare(self, fleet: FleetRows) -> None:
        self._db.execute(_SCHEMA, prepare=False)
        versions = [row[:3] for row in fleet.versions]
        self._copy("version", _text(versions))
        more = [(row[0], row[3].replace("\t", " ")) for row in fleet.versions]
        self._copy("version_more", _text(more))
        self._copy("host(id, name)", _text(list(fleet.host_names.items())))
        self._copy("day", _text([(k,) for k in range(4000)]))
        # Names are looked up by the index that also knows the version's number.
        self._db.execute("CREATE INDEX ON version(name, version)")
        self._db.execute("ANALYZE")

    def load(self, reports: list[Report]) -> None:
        """The client compares.  Arrays for each host are far cheaper than a row for each item."""
        gone: list[Row] = []
        come: list[Row] = []
        with self._db.transaction():
            found = self._rows(
                f"""SELECT host, array_agg(version), array_agg(installed)
                FROM span WHERE finish = {OPEN} AND host = ANY(%s::int[]) GROUP BY host""",
                (_array([report.host for report in reports]),),
            )
            current = {host: zip(versions, installed) for host, versions, installed in found}
            for report in reports:
                compare(set(current.get(report.host, ())), report, gone, come)
            self._end(gone)
            come.sort()
            self._add(come)

    def _add(self, come: list[Row]) -> None:
        """In the binary form, which is cheaper on both sides: each value after its length."""
        rows = b"".join(_ROW(5, 4, h, 4, v, 4, i, 4, t, 4, OPEN) for h, v, i, t in come)
        self._copy("span", _BINARY_HEAD + rows + _BINARY_END, "WITH (FORMAT binary)")

    def _end(self, gone: list[Row]) -> None:
        if gone:
            self._db.execute(
                f"""UPDATE span s SET finish = g.finish
                FROM unnest(%s::int[], %s::int[], %s::int[]) g(host, version, finish)
                WHERE s.host = g.host AND s.version = g.version AND s.finish = {OPEN}""",
                [_array(column) for column in zip(*gone)],
            )

    def load_one(self, reports: list[Report]) -> None:
        """One round trip for what is current, one for all the rest."""
        report, gone, come = reports[0], list[Row](), list[Row]()
        current = self._rows(
            f"SELECT version, installed FROM span WHERE host = %s AND finish = {OPEN}",
            (report.host,),
        )
        compare(set(current), report, gone, come)
        with self._db.pipeline(), self._db.transaction():
            self._end(gone)
            if come:
                self._db.execute(
                    f"""INSERT INTO span SELECT *, {OPEN}
                    FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[])""",
                    [_array(column) for column in zip(*come)],
                )

    def settle(self) -> None:
        """Autovacuum would, within a minute."""
        self._db.execute("ANALYZE span")

    def set_hashes(self, hashes: list[tuple[int, bytes]]) -> None:
        self._db.cursor().executemany(
            "UPDATE host SET hash = %s WHERE id = %s", [(hash, host) for host, hash in hashes]
        )

    def confirm(self, batch: list[tuple[int, int, bytes]]) -> int:
        hosts, times, hashes = zip(*batch)
        return self._db.execute(
            """UPDATE host SET seen = c.seen
            FROM unnest(%s::int[], %s::int[], %s::bytea[]) c(id, seen, hash)
            WHERE host.id = c.id AND host.hash = c.hash""",
            (_array(hosts), _array(times), list(hashes)),
        ).rowcount

    def clean(self) -> None:
        self._db.execute("VACUUM (ANALYZE)")
        self._db.execute("CHECKPOINT")

    def disk_bytes(self) -> int:
        tables = "('span'), ('version'), ('version_more'), ('host')"
        row = self._db.execute(
            f"SELECT sum(pg_total_relation_size(t::regclass)) FROM (VALUES {tables}) n(t)"
        ).fetchone()
        return int(row[0]) if row else 0

    def index_time(self) -> None:
        self._db.execute("CREATE INDEX span_start ON span(start)")
        self._db.execute(f"CREATE INDEX span_finish ON span(finish) WHERE finish < {OPEN}")
        self._db.execute("VACUUM (ANALYZE) span")

    def history(self, host: str) -> list[Row]:
        """Both ends of every span in one row halves what is sent; the client takes them apart."""
        return pair_spans(self._rows(
            """SELECT v.version, v.name, s.start, s.finish FROM host h
            JOIN span s ON s.host = h.id JOIN version v ON v.id = s.version WHERE h.name = %s""",
            (host,),
        ))

    def diff(self, host: str, start: int, end: int) -> list[Row]:
        """Spans at one end but not at the other; one replaced by its equal is no change."""
        spans = """SELECT s.version, s.installed FROM host h JOIN span s ON s.host = h.id
            WHERE h.name = %(host)s AND """
        before = "s.finish > %(start)s AND s.start <= %(start)s AND s.finish <= %(end)s"
        after = "s.finish > %(end)s AND s.start <= %(end)s AND s.start > %(start)s"
        return pair_marked(self._rows(
            f"""WITH old AS MATERIALIZED ({spans} {before}), new AS MATERIALIZED ({spans} {after})
            SELECT v.name, v.version, 0 FROM (TABLE old EXCEPT TABLE new) o
            JOIN version v ON v.id = o.version UNION ALL
            SELECT v.name, v.version, 1 FROM (TABLE new EXCEPT TABLE old) n
            JOIN version v ON v.id = n.version""", {"host": host, "start": start, "end": end},
        ))

    def rollup(self, time: int) -> list[Row]:
        return self._rows(
            """SELECT v.name, v.version, c.n FROM (SELECT version, count(*) AS n FROM span
            WHERE finish > %s AND start <= %s GROUP BY version) c
            JOIN version v ON v.id = c.version""", (time, time),
        )

    def _rows(self, query: str, parameters: Any) -> list[Row]:
        return self._db.execute(query, parameters, binary=True).fetchall()

    def _copy(self, target: str, text: bytes, options: str = "") -> None:
        with self._db.cursor().copy(f"COPY {target} FROM STDIN {options}") as copy:
            copy.write(text)


def _text(rows: list[Row]) -> bytes:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()


def _array(column: Any) -> str:
    return "{" + ",".join(map(str, column)) + "}"


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
        return True
    except psycopg.OperationalError:
        return False


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the path, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=str)
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is not installed")
    return path
