"""SQL: the same rows as SQLite itself gives from ordinary tables, through the command line and over HTTP."""

import json
import random
import sqlite3
import subprocess

import pytest

from conftest import STOCKTAKE
from support import APP, INFO, information, item, long_form, node, package, stamp
from test_v1 import ask

DAY = 86400
COLUMNS = {
    "aws_application": "resourceid, name, version, architecture, accountid, region",
    "nodes": "id, status, computername, platformname, accountid",
    "changes": "seq, valid_at, recorded_at, resourceid, type, change, name, version_before, "
               "version_after",
    "coverage": "resourceid, type, knowledge, observed_at",
    "items": "resourceid, type, name, version",
}


@pytest.fixture(scope="module")
def fleet():
    """A server, and a function that asks the store or the server in SQL."""
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n in range(1, 7):
        for step, days in ((1, 30), (2, 20), (3, 10)):
            packages = [package(name, f"{(n * step) % 3}.{step}") for name in
                        ("openssl", "bash", "O'Brien", "Zlib", "zlib", "ÄÖ_%") if (n + step + len(name)) % 4]
            ssm.put_inventory(InstanceId=node(n), Items=[item(packages, when=days * DAY)] + (
                [item([information(node(n))], INFO, when=days * DAY)] if n % 2 else []))
    environment = {**server.first_key, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}

    def sql(*arguments, source="--store", check=True, stdin=None):
        place = str(server.directory) if source == "--store" else server.url
        done = subprocess.run([STOCKTAKE, "sql", *arguments, source, place], input=stdin,
                              capture_output=True, text=True, env=environment)
        assert not check or done.returncode in (0, 1), done.stderr
        return done

    sql.server = server
    yield sql
    server.stop()
    server.close()


def rows(sql, statement, **more):
    return [tuple(json.loads(line).values())
            for line in sql("--format", "ndjson", statement, **more).stdout.splitlines()]


def condition(choose, table):
    """A condition on an alias of a table."""
    alias, column = table, "id" if table == "n" else "resourceid"
    name = "n.computername" if table == "n" else f"{alias}.name"
    pattern = choose(["'o%'", "'O%'", "'%l%'", "'_ash'"])
    text = choose(["'openssl'", "'bash'", "'O''Brien'", "'zlib'", "'Zlib'", "'none'", "null", "''"])
    return choose([
        f"{name} = {text}", f"{name} in ({text}, 'bash')", f"{name} <> {text}",
        f"{name} like {pattern}",
        f"{name} is null", f"{name} not in ('bash', {text})", f"{name} between 'a' and 'p'",
        f"{alias}.{column} = '{node(choose(range(1, 8)))}'",
        f"{alias}.{column} in ('{node(1)}', '{node(3)}', 'nobody')",
        f"lower({name}) = 'zlib'", f"{name} = {text} collate nocase", f"{name} glob 'o*'",
    ])


def statement(seed):
    random_ = random.Random(seed)

    def choose(options):
        return random_.choice(list(options))

    tables = choose([["a"], ["a", "n"], ["a", "b"], ["n", "a"], ["i", "n"], ["n", "a", "b"], ["c"],
                     ["i"]])
    real = {"a": "aws_application", "b": "aws_application", "n": "nodes", "c": "changes",
            "i": "items"}
    names = {"n": "n.id", "c": "c.resourceid"}
    source = f"{real[tables[0]]} {tables[0]}"
    for before, table in zip(tables, tables[1:]):
        on = f"{names.get(table, table + '.resourceid')} = {names.get(before, before + '.resourceid')}"
        if random_.random() < 0.4 and table != "n":
            on += f" and {condition(choose, table)}"
        source += f" {choose(['join', 'left join', 'join'])} {real[table]} {table} on {on}"
    where = f" {choose(['and', 'or'])} ".join(
        condition(choose, choose(tables)) for _ in range(choose([0, 1, 1, 2, 3])))
    if tables == ["c"] and random_.random() < 0.7:
        where = choose(["seq > 4", "seq >= 2 and seq < 9", "seq in (3, 5)", f"valid_at >= '{stamp(15 * DAY)}'",
                        f"valid_at < '{stamp(12 * DAY)}'", f"valid_at between '{stamp(25 * DAY)[:10]}' and '{stamp(5 * DAY)}'",
                        "change = 'changed' and seq > 6", "type = 'AWS:Application' and seq <= 8"]) + (
            f" and {where}" if where else "")
    columns = [f"{t}.{c.strip()}" for t in tables for c in COLUMNS[real[t]].split(",")][:12]
    picked = ", ".join(f"{c} as c{i}" for i, c in enumerate(columns))
    kind = choose(["rows", "rows", "group", "distinct", "limit", "exists"])
    where = f" where {where}" if where else ""
    order = ", ".join(str(i + 1) for i in range(len(columns)))
    if kind == "group":
        return f"select {columns[2]} as k, count(*), count(distinct {columns[0]}) from {source}{where} group by 1 order by 1, 2, 3"
    if kind == "distinct":
        return f"select distinct {columns[1]} as k, {columns[2]} as l from {source}{where} order by 1, 2"
    if kind == "limit":
        return f"select {picked} from {source}{where} order by {order} limit {choose([1, 3, 10])} offset {choose([0, 2])}"
    if kind == "exists":
        return (f"select n.id from nodes n where {choose(['', 'not '])}exists (select 1 from aws_application a "
                f"where a.resourceid = n.id and {condition(choose, 'a')}) order by 1")
    return f"select {picked} from {source}{where} order by {order}"


def test_random_statements_give_what_ordinary_tables_give(fleet):
    """The conditions that a table takes for itself must not change which rows there are."""
    plain = sqlite3.connect(":memory:")
    plain.execute("PRAGMA case_sensitive_like = ON")
    for table, columns in COLUMNS.items():
        kinds = ", ".join(f"{c.strip()} {'INTEGER' if c.strip() == 'seq' else 'TEXT'}"
                          for c in columns.split(","))
        plain.execute(f"create table {table}({kinds})")
        copied = rows(fleet, f"select {columns} from {table}")
        assert copied, table
        plain.executemany(
            f"insert into {table} values ({', '.join('?' * len(copied[0]))})", copied)
    found = 0
    for seed in range(long_form(60, 2000)):
        text = statement(seed)
        expected = plain.execute(text).fetchall()
        assert rows(fleet, text) == expected, (seed, text)
        found += bool(expected)
    assert found > 20


@pytest.mark.parametrize("format", ["table", "json", "ndjson", "csv"])
def test_a_store_and_a_server_answer_the_same(fleet, format):
    for arguments in (
            ["select resourceid, name, version from aws_application where name = 'openssl' order by 1"],
            ["--at", "15 days ago", "select * from rollup order by 1, 2, 3"],
            ["--known-at", "2000-01-01", "select * from aws_application"],
            ["--param", "name=O'Brien", "select :name as n, count(*) from aws_application where name = :name"],
            ["--limit", "2", "select id from nodes order by 1"], ["select null as a, 1.5 as b, '' as c"],
            ["--explain", "select * from nodes n join aws_application a on a.resourceid = n.id"],
            ["select nope"], ["select"], ["drop table nodes"], ["select * from holders"],
            ["select 1; select 2"]):
        local = fleet(*arguments, "--format", format, check=False)
        remote = fleet(*arguments, "--format", format, source="--server", check=False)
        assert (local.returncode, local.stdout, local.stderr) == (
            remote.returncode, remote.stdout, remote.stderr), arguments


def test_the_command_line(fleet, tmp_path):
    file = tmp_path / "question.sql"
    file.write_text("select count(*) as n\nfrom nodes\n")
    assert json.loads(fleet("-f", str(file), "--format", "json").stdout) == [{"n": 6}]
    assert json.loads(fleet("--format", "json", stdin="select 1 as a").stdout) == [{"a": 1}]
    assert fleet("select 1 where 0", check=False).returncode == 1
    cut = fleet("--limit", "2", "select * from nodes")
    assert cut.stderr == "stocktake: note: there are more rows than these 2; --limit N gives more\n"
    wrong = fleet("select 1,\n nope from nodes", check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "stocktake: line 2, column 2: no such column: nope\n"
    slow = fleet("--timeout", "1s", "with recursive c(x) as (select 1 union all select x + 1 from c) "
                 "select count(*) from c", check=False)
    assert slow.returncode == 3 and "longer than 1 seconds" in slow.stderr
    plan = fleet("--explain", "select * from aws_application('2026-03-03') where name = 'openssl'")
    assert plan.stdout == "SCAN aws_application: the holders of each name\n"


def post(server, body, accept="application/json", **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer, text = ask(server, "/v1/sql", method="POST", body=body, content_type="application/json",
                       accept=accept, **more)
    return answer, text


def test_over_http(fleet):
    answer, text = post(fleet.server, {
        "sql": "select name, ? as b from aws_application where resourceid = ? order by 1",
        "parameters": [None, node(1)], "limit": 1})
    found = json.loads(text)
    assert answer.status == 200 and found["columns"] == ["name", "b"] and len(found["rows"]) == 1
    assert found["truncated"] is True and answer.headers["X-Stocktake-Truncated"] == "true"
    assert found["sequence"] > 0
    answer, text = post(fleet.server, {"sql": "select 1 as a, 'x,\"' as b"}, accept="text/csv")
    assert text == b'a,b\r\n1,"x,"""\r\n'
    answer, text = post(fleet.server, {"sql": "select 1 as a union all select 2"},
                        accept="application/x-ndjson")
    assert text == b'{"a":1}\n{"a":2}\n' and "X-Stocktake-Truncated" not in answer.headers


@pytest.mark.parametrize("body, status, code", [
    (b"", 400, "badRequest"), (b"{", 400, "badRequest"), ({}, 400, "sql.parameter"),
    ({"sql": "select"}, 400, "sql.syntax"), ({"sql": "select 1 -- \0"}, 400, "sql.syntax"),
    ({"sql": "delete from nodes"}, 400, "sql.syntax"), ({"sql": "pragma user_version"}, 400, "sql.notAllowed"),
    ({"sql": "attach 'x' as y"}, 400, "sql.notAllowed"), ({"sql": "select :a"}, 400, "sql.parameter"),
    ({"sql": "select load_extension('x')"}, 400, "sql.notAllowed"),
    ({"sql": "select * from rollout"}, 400, "sql.invalidArgument"),
    ({"sql": "select zeroblob(100000000)"}, 422, "sql.tooLarge"),
    ({"sql": "select '" + "x" * 300000 + "'"}, 422, "sql.tooLarge"),
    ({"sql": "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
      "timeout": 1}, 422, "sql.timeLimit"),
    ({"sql": "with recursive c(x) as (select zeroblob(10000000) union all select x || x from c) "
             "select count(distinct x) from c", "timeout": 5}, 422, "sql.tooLarge"),
])
def test_what_is_refused(fleet, body, status, code):
    answer, text = post(fleet.server, body)
    assert (answer.status, json.loads(text)["error"]["code"]) == (status, code), text
    # The server goes on.
    assert json.loads(post(fleet.server, {"sql": "select 1 as a"})[1])["rows"] == [[1]]


def test_a_key_sees_its_own(fleet):
    other = fleet.server.key("--account", "123456789012", "--permissions", "read")
    answer, text = post(fleet.server, {"sql": "select * from nodes"}, key=other)
    assert answer.status == 200 and json.loads(text)["rows"] == []
    writer = fleet.server.key("--permissions", "write")
    assert post(fleet.server, {"sql": "select 1"}, key=writer)[0].status == 403
    assert ask(fleet.server, "/v1/sql", method="POST", body=b"{}", signed=False)[0].status == 401


def test_many_at_once(fleet):
    """Each has its own engine; answers never mix."""
    from concurrent.futures import ThreadPoolExecutor

    def one(number):
        sql = f"select {number} as n, count(*) from aws_application a join aws_application b on a.name = b.name"
        while True:
            answer, text = post(fleet.server, {"sql": sql})
            if answer.status != 429:
                return answer.status, json.loads(text)["rows"][0]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(one, range(100)))
    assert {status for status, _ in results} == {200}
    assert [row[0] for _, row in results] == list(range(100))
    assert len({row[1] for _, row in results}) == 1
