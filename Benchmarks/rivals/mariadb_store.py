"""MariaDB: a system-versioned table, as its manual has it, on a server of its own on a socket."""

import datetime
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mariadb
from mariadb.constants import CLIENT

from fleet_rows import FleetRows, Report
from server_store import ServerStore
from store import OPEN, Row, pair_marked, pair_spans, rollout_query

# Memory to spare, and every commit flushed, as by default.  No replica reads a binary log.
_SETTINGS = {
    "innodb_buffer_pool_size": "2G", "innodb_log_file_size": "2G",
    "innodb_flush_log_at_trx_commit": "1", "innodb_flush_method": "O_DIRECT",
    "max_allowed_packet": "256M", "join_buffer_size": "8M", "sort_buffer_size": "8M",
    "tmp_table_size": "256M", "max_heap_table_size": "256M", "group_concat_max_len": "64M",
    "system_versioning_insert_history": "ON", "system_versioning_alter_history": "KEEP",
    "character_set_server": "utf8mb4", "collation_server": "utf8mb4_bin",
    "default_time_zone": "+00:00", "local_infile": "ON",
}

# The server keeps what was: a changed or deleted row moves into the history by itself, at the
# session's time.  The key keeps a host together, the index answers who had a version.
_SCHEMA = (
    """CREATE TABLE version(id INT PRIMARY KEY, name VARCHAR(200) NOT NULL,
      version VARCHAR(200) NOT NULL, INDEX(name, version))""",
    "CREATE TABLE version_more(id INT PRIMARY KEY, more TEXT NOT NULL)",
    """CREATE TABLE host(id INT PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, hash BINARY(16),
      seen INT)""",
    "CREATE TABLE day(k INT PRIMARY KEY)",
    """CREATE TABLE item(host INT NOT NULL, version INT NOT NULL, installed INT NOT NULL,
      start TIMESTAMP(6) GENERATED ALWAYS AS ROW START,
      finish TIMESTAMP(6) GENERATED ALWAYS AS ROW END,
      PRIMARY KEY(host, version), INDEX item_version(version, host), PERIOD FOR SYSTEM_TIME(start, finish)) WITH SYSTEM VERSIONING""",
)
_END = "TIMESTAMP'2038-01-19 03:14:07.999999'"
_MORE = "JOIN version v ON v.id = i.version WHERE h.name = ?"


class MariaDBStore(ServerStore):
    name = "mariadb"
    _db: mariadb.Connection

    def __init__(self, parent: Path | None) -> None:
        self._db = self._serve(("mysql", "nobody"), parent)
        self._cursors: dict[str, mariadb.Cursor] = {}
        query = rollout_query(
            """SELECT v.version, unix_timestamp(i.start) DIV 1,
              CASE WHEN i.finish >= %(end)s THEN 2147483647 ELSE unix_timestamp(i.finish) DIV 1 END
            FROM version v JOIN item FOR SYSTEM_TIME ALL i ON i.version = v.id
            WHERE v.name = %(name)s""", "DIV", "greatest",
        ).replace("%(end)s", _END)
        self._rollout, self._rollout_names = _numbered(query)

    def _start(self) -> mariadb.Connection:
        folder, data = self._server.folder, self._server.folder / "data"
        self._server.run([
            _program("mariadb-install-db"), "--no-defaults", f"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
            f"--user={self._server.account}",
        ])
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        socket = str(folder / "socket")
        self._server.start(
            [_program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={socket}",
             "--skip-networking", f"--pid-file={folder / 'pid'}", *options],
            lambda: _answers(socket),
        )
        connection = mariadb.connect(
            unix_socket=socket, user="root", local_infile=True, autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )
        connection.cursor().execute("CREATE DATABASE fleet")
        connection.cursor().execute("USE fleet")
        return connection

    def version(self) -> str:
        return str(self._db.server_info).split("-")[0]

    def prepare(self, fleet: FleetRows) -> None:
        for statement in _SCHEMA:
            self._do(statement)
        self._fill("version", [row[:3] for row in fleet.versions])
        self._fill("version_more", [(row[0], row[3].replace("\t", " ")) for row in fleet.versions])
        self._fill("host(id, name)", list(fleet.host_names.items()))
        self._fill("day", [(k,) for k in range(4000)])
        self._do("ANALYZE TABLE version, host, day")

    def load(self, reports: list[Report]) -> None:
        """Rows with the times of their hosts, as the server lets a load give them."""
        gone, come = self._compare(reports)
        self._do(";".join([*_ends(gone), "SET @@timestamp = DEFAULT"]))
        if come:
            stamps = {report.time: _stamp(report.time) for report in reports}
            rows = [(host, v, i, stamps[time]) for host, v, i, time in sorted(come)]
            self._fill("item(host, version, installed, start)", rows, f"SET finish = {_END}")
        self._do("COMMIT")

    def load_one(self, reports: list[Report]) -> None:
        """All statements in one message, which is one round trip."""
        gone, come = self._compare(reports)
        statements = [*_ends(gone), f"SET @@timestamp = {reports[0].time}"]
        if come:
            rows = ",".join(f"({host},{version},{i})" for host, version, i, _ in come)
            statements.append(f"INSERT INTO item(host, version, installed) VALUES {rows}")
        self._do(";".join([*statements, "COMMIT", "SET @@timestamp = DEFAULT"]))

    def _compare(self, reports: list[Report]) -> tuple[list[Row], list[Row]]:
        """Begins a transaction and finds what ends and what is new.

        The client compares: a text for each host is far cheaper to send than a row for each item.
        """
        gone: list[Row] = []
        come: list[Row] = []
        cursor = self._db.cursor()
        cursor.execute("BEGIN")
        hosts = ",".join(str(report.host) for report in reports)
        cursor.execute(
            f"""SELECT host, group_concat(version << 31 | installed) FROM item
            WHERE host IN ({hosts}) GROUP BY host"""
        )
        current = dict(cursor.fetchall())
        cursor.close()
        for report in reports:
            _compare_texts(current.get(report.host, ""), report, gone, come)
        return gone, come

    def set_hashes(self, hashes: list[tuple[int, bytes]]) -> None:
        self._db.cursor().executemany(
            "UPDATE host SET hash = ? WHERE id = ?", [(hash, host) for host, hash in hashes]
        )

    def confirm(self, batch: list[tuple[int, int, bytes]]) -> int:
        """One statement that joins a list of values: 64 statements would cost ten times as much."""
        values = ",".join(f"({host},{time},x'{hash.hex()}')" for host, time, hash in batch)
        cursor = self._db.cursor()
        cursor.execute(
            f"""UPDATE host h JOIN (WITH c(id, seen, hash) AS (VALUES {values}) SELECT * FROM c) c
            ON c.id = h.id AND c.hash = h.hash SET h.seen = c.seen"""
        )
        return int(cursor.rowcount)

    def clean(self) -> None:
        self._do("ANALYZE TABLE item, version, host")

    def disk_bytes(self) -> int:
        """The pages of tables and indexes, not the files, which are made larger in advance."""
        cursor = self._db.cursor()
        cursor.execute(
            """SELECT sum(data_length + index_length) FROM information_schema.tables
            WHERE table_schema = 'fleet' AND table_name <> 'day'"""
        )
        return int(cursor.fetchone()[0])

    def index_time(self) -> None:
        self._do("CREATE INDEX item_start ON item(start)")
        self._do("CREATE INDEX item_finish ON item(finish)")
        self._do("ANALYZE TABLE item")

    def current(self, host: str) -> list[Row]:
        return self._rows(
            f"""SELECT v.name, v.version, i.installed FROM host h
            JOIN item i ON i.host = h.id {_MORE}""", (host,),
        )

    def state(self, host: str, time: int) -> list[Row]:
        return self._rows(
            f"""SELECT v.name, v.version, i.installed FROM host h
            JOIN item FOR SYSTEM_TIME AS OF from_unixtime(?) i ON i.host = h.id {_MORE}""",
            (time, host),
        )

    def who(self, name: str, version: str, time: int) -> list[Row]:
        return self._rows(
            """SELECT h.name FROM version v
            JOIN item FOR SYSTEM_TIME AS OF from_unixtime(?) i ON i.version = v.id
            JOIN host h ON h.id = i.host WHERE v.name = ? AND v.version = ?""",
            (time, name, version),
        )

    def history(self, host: str) -> list[Row]:
        spans = self._rows(
            f"""SELECT v.version, v.name, unix_timestamp(i.start) DIV 1,
              CASE WHEN i.finish < {_END} THEN unix_timestamp(i.finish) DIV 1 END
            FROM host h JOIN item FOR SYSTEM_TIME ALL i ON i.host = h.id {_MORE}""", (host,),
        )
        return pair_spans(spans)

    def diff(self, host: str, start: int, end: int) -> list[Row]:
        """Spans at one end but not at the other; one replaced by its equal is no change."""
        spans = """SELECT i.version, i.installed FROM host h
            JOIN item FOR SYSTEM_TIME ALL i ON i.host = h.id WHERE h.name = ?"""
        a, b = "from_unixtime(?)", "from_unixtime(?)"
        before = f"{spans} AND i.finish > {a} AND i.start <= {a} AND i.finish <= {b}"
        after = f"{spans} AND i.finish > {b} AND i.start <= {b} AND i.start > {a}"
        return pair_marked(self._rows(
            f"""SELECT v.name, v.version, 0 FROM ({before} EXCEPT {after}) o
            JOIN version v ON v.id = o.version UNION ALL
            SELECT v.name, v.version, 1 FROM ({after} EXCEPT {before}) n
            JOIN version v ON v.id = n.version""",
            (host, start, start, end, host, end, end, start)
            + (host, end, end, start, host, start, start, end),
        ))

    def rollout(self, name: str, first: int, days: int) -> list[Row]:
        values = {"name": name, "first": first, "last": first + (days - 1) * 86400, "days": days}
        return self._rows(self._rollout, tuple(values[name] for name in self._rollout_names))

    def rollup(self, time: int) -> list[Row]:
        return self._rows(
            """SELECT v.name, v.version, c.n FROM (SELECT version, count(*) AS n
              FROM item FOR SYSTEM_TIME AS OF from_unixtime(?) GROUP BY version) c
            JOIN version v ON v.id = c.version""", (time,),
        )

    def changes(self, start: int, end: int) -> list[Row]:
        names = "JOIN host h ON h.id = i.host JOIN version v ON v.id = i.version"
        between = ">= from_unixtime(?) AND {0} < from_unixtime(?)"
        return pair_marked(self._rows(
            f"""SELECT unix_timestamp(i.start) DIV 1, h.name, v.name, v.version, 1
            FROM item FOR SYSTEM_TIME ALL i {names}
            WHERE i.start {between.format('i.start')} UNION ALL
            SELECT unix_timestamp(i.finish) DIV 1, h.name, v.name, v.version, 0
            FROM item FOR SYSTEM_TIME ALL i {names}
            WHERE i.finish {between.format('i.finish')}""", (start, end, start, end),
        ))

    def _rows(self, query: str, parameters: Any) -> list[Row]:
        """A cursor for each statement keeps it prepared."""
        cursor = self._cursors.get(query)
        if cursor is None:
            cursor = self._cursors[query] = self._db.cursor(prepared=True)
        cursor.execute(query, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows

    def _do(self, statements: str) -> None:
        cursor = self._db.cursor()
        cursor.execute(statements)
        while cursor.nextset():
            pass
        cursor.close()

    def _fill(self, table: str, rows: list[Row], more: str = "") -> None:
        file = self._server.folder / "fill.tsv"
        file.write_bytes(_text(rows))
        name, _, columns = table.partition("(")
        chosen = "(" + columns if columns else ""
        self._do(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {name} {chosen} {more}")


def _compare_texts(current: str, report: Report, gone: list[Row], come: list[Row]) -> None:
    """As `compare`, where the server has put a host's rows into one text, each as one number."""
    host, time = report.host, report.time
    before = set(current.split(",")) if current else set()
    after = {str(version << 31 | installed) for version, installed in report.rows}
    gone += [(host, int(row) >> 31, time) for row in before - after]
    come += [(host, int(row) >> 31, int(row) & OPEN, time) for row in after - before]


def _ends(gone: list[Row]) -> Iterator[str]:
    """Statements that end rows, each host's at the host's time."""
    by_time: dict[tuple[int, int], list[str]] = {}
    for host, version, time in gone:
        by_time.setdefault((time, host), []).append(str(version))
    for (time, host), versions in sorted(by_time.items()):
        yield f"SET @@timestamp = {time}"
        yield f"DELETE FROM item WHERE host = {host} AND version IN ({','.join(versions)})"


def _text(rows: Iterable[Row]) -> bytes:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()


def _stamp(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%F %T")


def _numbered(query: str) -> tuple[str, list[str]]:
    """Turns named parameters into numbered ones: the query and the names in order."""
    parts = query.split("%(")
    names = [part.partition(")s")[0] for part in parts[1:]]
    return parts[0] + "".join("?" + part.partition(")s")[2] for part in parts[1:]), names


def _answers(socket: str) -> bool:
    try:
        mariadb.connect(unix_socket=socket, user="root").close()
        return True
    except mariadb.Error:
        return False


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/libexec")
    if path is None:
        raise RuntimeError(f"{name} is not installed")
    return path
