"""Every question has one answer, whoever is asked: a store or a server that has it."""

import subprocess

import pytest

from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, put, stamp

DAY = 86400
T5, T15, T25 = stamp(5 * DAY), stamp(15 * DAY), stamp(25 * DAY)
FORMATS = ("table", "json", "ndjson", "csv")

# Arguments of each verb, and the status that they end with.
QUESTIONS = [
    (["nodes"], 0), (["types"], 0),
    (["show", node(1), "--at", T15], 0), (["show", node(1), APP, "--at", T15], 0),
    (["show", node(1), "Application", "--at", T15, "--known-at", T5], 1),
    (["show", node(1), APP, "--at", T15, "--name", "open*"], 0),
    (["show", node(1), APP, "--at", T15, "--name", "nomatch"], 1),
    (["show", node(1), "--at", T15, "--name", "nomatch"], 1),
    (["show", node(1), APP, "--at", "2000-01-01"], 1),
    (["show", node(1), "Custom:Nothing", "--at", T15], 1),
    (["show", "i-99999999"], 1), (["show", "i-99999999", APP], 1),
    (["show", "a/b"], 1), (["show", "x" * 200], 2), (["show", node(1), "x:y"], 2), (["show", node(1), "--at", "nonsense"], 2),
    (["history", node(1)], 0), (["history", node(1), APP, "--name", "open*", "--from", T25], 0),
    (["history", node(1), "--name", "nomatch"], 1), (["history", "i-99999999"], 1),
    (["history", node(1), "--from", T5, "--to", T15], 2), (["history", node(1), "--name", ""], 2),
    (["sources", node(2)], 0), (["sources", "host-1", "--at", T15, "--name", "open*"], 0),
    (["sources", node(2), "--known-at", T5], 1), (["sources", node(2), "--name", "nomatch"], 1),
    (["sources", "i-99999999"], 1), (["sources", node(2), "--at", "nonsense"], 2),
    (["diff", node(2), "--from", T25, "--to", T15], 0),
    (["diff", node(2), "--from", "2000-01-01", "--to", T15], 0),
    (["diff", node(2), "--from", T15, "--to", T15], 1),
    (["diff", node(2), "--from", "2000-01-01", "--to", "2000-01-02"], 1),
    (["diff", node(1), node(2), "--at", T5], 0), (["diff", node(1), node(2), "--at", T25], 0),
    (["diff", node(1), "i-99999999", "--at", T5], 1), (["diff", node(1)], 2),
    (["diff", node(1), "--at", T5], 2), (["diff", node(1), node(2), "--from", T5], 2),
    (["who-had", "openssl", "--at", T15], 0), (["who-had", "openssl"], 0),
    (["who-had", "openssl", "--version", "3.0.2", "--from", T25, "--to", T15], 0),
    (["who-had", "openssl", "--from", T15], 0), (["who-had", "nothing"], 1),
    (["who-had", "openssl", "--version", "9", "--at", T15], 1),
    (["who-had", "openssl", "--version", "<3.0.4", "--at", T5], 0),
    (["who-had", "openssl", "--version", ">=3.0.6", "--at", T5], 1),
    (["who-had", "openssl", "--at", T5, "--from", T15], 2),
    (["who-had", "openssl", "--from", T15, "--to", T15], 2),
    (["rollout", "openssl", "--from", T25, "--to", T15, "--every", "1d"], 0),
    (["rollout", "openssl", "--from", T25, "--to", T15], 0),
    (["rollout", "nothing", "--from", T25, "--to", T15], 1),
    (["rollout", "openssl", "--from", T25, "--every", "often"], 2),
    (["rollout", "openssl", "--from", T25, "--every", "1s"], 2),
    (["rollout", "openssl", "--from", "2099-01-01"], 2),
    (["rollup", "--at", T15], 0), (["rollup", "--at", T15, "--name", "open*"], 0),
    (["rollup", "--at", T15, "--name", "nomatch"], 1), (["rollup", "--type", "Custom:Nothing"], 1),
    (["changes", "--after", "0"], 0), (["changes", "--limit", "2"], 0),
    (["changes", "--after", "1000000"], 1), (["changes", "--from", T25, "--to", T15], 0),
    (["changes", "--from", T25, "--to", T15, "--limit", "1"], 0),
    (["changes", "--from", "2000-01-01", "--to", "2000-01-02"], 1),
    # Chosen nodes, and what was known earlier.
    (["nodes", "--node", node(1)], 0), (["nodes", "--node", "*", "--tag", "Env=p*"], 0),
    (["nodes", "--node", "nobody"], 1), (["nodes", "--tag", "Env=test"], 1),
    (["nodes", "--node", ""], 2), (["nodes", "--node", "host-2", "--node", "host-3"], 0),
    (["who-had", "openssl", "--at", T15, "--node", "host-[12]"], 0),
    (["who-had", "openssl", "--at", T15, "--tag", "Env", "--node", "host-2"], 1),
    (["who-had", "openssl", "--at", T15, "--known-at", T5], 1),
    (["who-had", "openssl", "--from", T25, "--to", T15, "--tag", "Env=prod"], 0),
    (["rollup", "--at", T15, "--node", "host-1"], 0), (["rollup", "--known-at", T5], 1),
    (["rollup", "--at", T15, "--tag", "Env", "--known-at", "now"], 0),
    (["rollout", "openssl", "--from", T25, "--every", "5d", "--node", "host-1"], 0),
    (["rollout", "openssl", "--from", T25, "--known-at", T5], 1),
    (["changes", "--type", "Application", "--name", "open*", "--change", "changed"], 0),
    (["changes", "--change", "removed"], 1), (["changes", "--change", "gone"], 2),
    (["changes", "--after", "0", "--node", "host-3", "--limit", "2"], 0),
    (["changes", "--after", "0", "--tag", "Env=prod", "--name", "zlib"], 0),
    (["changes", "--from", T25, "--to", T15, "--node", "host-2", "--limit", "1"], 0),
    (["changes", "--from", T25, "--known-at", T5], 1), (["changes", "--known-at", T5], 2),
    (["show", "host-1", APP, "--at", T15], 0), (["history", "host-2"], 0),
    (["diff", "host-1", "host-2", "--at", T5], 0), (["show", node(1)[:-1], APP], 2),
    # What nodes say of themselves, and their order.
    (["nodes", "--silent", "1h"], 1), (["nodes", "--silent", "1s", "--node", "nobody"], 1),
    (["nodes", "--silent", "soon"], 2), (["nodes", "--sort", "hostName", "--reverse"], 0),
    (["nodes", "--sort", "lastObserved"], 0), (["nodes", "--sort", "tags"], 2), (["nodes", "--reverse"], 2),
    (["nodes", "--where", "PlatformName=Debian*", "--where", "ComputerName=host-[12]"], 0),
    (["nodes", "--where", "PlatformName=Windows"], 1), (["nodes", "--where", "Colour=red"], 2),
    (["who-had", "openssl", "--where", "ComputerName=host-3"], 0),
    (["rollup", "--where", "ComputerName=nobody"], 1),
    (["changes", "--group", "--where", "AgentVersion"], 0),
    # Patterns of names, first times, what was not confirmed lately.
    (["who-had", "open*", "--at", T15], 0), (["who-had", "[bz]*", "--from", T25, "--stale", "5d"], 0),
    (["who-had", "no*"], 1), (["who-had", "openssl", "--stale", "1d", "--at", T5], 0),
    (["who-had", "openssl", "--stale", "long"], 2),
    (["first-seen", "openssl"], 0), (["first-seen", "openssl", "Application", "--version", ">3.0.2"], 0),
    (["first-seen", "*", "--node", "host-1"], 0), (["first-seen", "nothing"], 1),
    (["first-seen", "openssl", "Custom:Nothing"], 1), (["first-seen", "openssl", "--known-at", T5], 1),
    (["rollup", "--nodes", "2", "--sort", "count", "--top", "2"], 0), (["rollup", "--top", "0"], 2),
    (["rollup", "--sort", "version", "--node", "host-1"], 0), (["rollup", "--sort", "size"], 2),
    (["diff", node(1), node(2), "--at", T5, "--ignore", "Version"], 0),
    (["diff", node(1), node(2), "--at", T5, "--ignore", "Version", "--type", APP], 1),
    (["diff", node(1), node(2), "--at", T5, "--occurrence"], 0),
    (["diff", node(1), "--from", T25, "--occurrence"], 2),
    # The same change on many nodes, and first observations in one row.
    (["changes", "--group"], 0), (["changes", "--group", "--new-nodes", "fold", "--from", "2000-01-01"], 0),
    (["changes", "--group", "--from", T25, "--to", T15, "--name", "open*", "--limit", "1"], 0),
    (["changes", "--group", "--change", "removed"], 1), (["changes", "--group", "--after", "1"], 2),
    (["changes", "--group", "--from", T25, "--known-at", T5], 1), (["changes", "--new-nodes", "all"], 2),
    (["changes", "--new-nodes", "fold", "--node", "host-2"], 0),
    (["changes", "--new-nodes", "fold", "--from", "2000-01-01", "--limit", "3"], 0),
    (["changes", "--from", T15, "--after", "3"], 2), (["changes", "--from", T5, "--to", T15], 2),
]


@pytest.fixture(scope="module")
def asked():
    """A server with a small fleet, and both ways to ask it."""
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n in (1, 2, 3):
        for version, days in (("3.0.1", 30), ("3.0.2", 20), (f"3.0.{n + 2}", 10)):
            ssm.put_inventory(InstanceId=node(n), Items=[
                item([package("zlib", "1"), package("openssl", version), package("bash", "5")],
                     when=days * DAY),
                item([{**information(node(n)), "ComputerName": f"host-{n}"}], INFO,
                     when=days * DAY)])
    # One node tells of sources, and by it the others of its platform.
    ssm.put_inventory(InstanceId=node(2), Items=[item(
        [{**source, "SourceName": "openssl-source", "SourceVersion": "3.0.2"}
         for source in [package("openssl", "3.0.2")]],
        "Custom:PackageSource", version="1.0", when=20 * DAY)])
    server.command("node", "tag", node(1), "Env=prod", "--account", "000000000000",
                   "--region", "us-east-1")
    environment = {**server.first_key, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}

    def ask(source, *arguments):
        place = str(server.directory) if source == "--store" else server.url
        done = subprocess.run(
            [STOCKTAKE, *arguments, source, place, "--time-zone", "Europe/Berlin"],
            capture_output=True, env=environment)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    yield ask
    server.stop()
    server.close()


@pytest.mark.parametrize(
    "question, status", QUESTIONS, ids=[" ".join(question) for question, _ in QUESTIONS])
def test_a_store_and_a_server_answer_the_same(asked, question, status):
    for format in FORMATS:
        local = asked("--store", *question, "--format", format)
        remote = asked("--server", *question, "--format", format)
        assert remote == local, format
        assert local[0] == status, local
        assert bool(local[2]) == (status != 0) or local[2].startswith("stocktake: note: "), local


def test_nodes_are_told_of(asked):
    import json
    status, text, _ = asked("--server", "nodes", "--format", "json", "--sort", "hostName", "--reverse")
    rows = json.loads(text)
    assert [row["hostName"] for row in rows] == ["host-3", "host-2", "host-1"]
    assert {(row["platform"], row["platformVersion"], row["agentVersion"], row["ping"], row["address"])
            for row in rows} == {("Debian GNU/Linux", "12", "3.3.0.0", "Online", None)}
    table = asked("--store", "nodes")[1]
    assert "host-2" in table and "online" in table and "Debian GNU/Linux 12" in table
    # A time with milliseconds is one.
    assert "never" not in table


def test_what_is_left_out_is_said(asked):
    for source in ("--store", "--server"):
        status, text, errors = asked(source, "rollup", "--top", "2", "--format", "csv")
        assert (status, len(text.splitlines())) == (0, 3)
        assert errors == "stocktake: note: 3 more rows left out\n"


def test_sorted_nodes_come_page_by_page(own):
    import json

    from test_v1 import ask
    server = own("--accept-any-node-id")
    names = ["a/b", "a%2Fb", "mi=1", 'x"y', "i-1", "z"]
    for name in names:
        put(server.client(), name, [{**information(name), "ComputerName": f"host {len(name)}"}], INFO)
    for query, key in (("&sort=hostName", "hostName"), ("&sort=lastSeen&reverse=true", "lastSeen"),
                       ("", "node"), ("&sort=address", "address")):
        found, after = [], ""
        for _ in names:
            answer, text = ask(server, f"/v1/nodes?limit=1{query}{after}")
            assert answer.status == 200, (query, after, text)
            found += json.loads(text)
            if "X-Stocktake-Next" not in answer.headers:
                break
            after = "&after=" + answer.headers["X-Stocktake-Next"]
        assert sorted(row["node"] for row in found) == sorted(names), query
        order = [(row[key] or "", row["node"]) for row in found]
        assert order == sorted(order, reverse="reverse" in query), query


def test_sources(asked):
    for format in ("table", "json", "ndjson"):
        question = ["show", node(1), APP, "--at", T15, "--sources", "--format", format]
        local = asked("--store", *question)
        assert local == asked("--server", *question) and local[0] == 0 and "reported" in local[1]
    assert asked("--server", "nodes", "--all-scopes")[0] == 2


def test_a_list_does_not_end_where_a_page_does(own):
    """A page of a server has at most 10,000 rows."""
    server = own()
    ssm = server.client()
    for version, days in (("1", 30), ("2", 20)):
        packages = [package(f"package-{n:04}", version) for n in range(6000)]
        ssm.put_inventory(InstanceId=node(1), Items=[item(packages, when=days * DAY)])
    for question in (["history", node(1)], ["changes", "--from", stamp(40 * DAY), "--to", T5],
                     ["changes", "--after", "0"]):
        local = server.command(*question, "--format", "ndjson").stdout
        remote = subprocess.run(
            [STOCKTAKE, *question, "--format", "ndjson", "--server", server.url], check=True,
            capture_output=True, text=True, env={**server.first_key, "PATH": "/usr/bin:/bin"}).stdout
        assert remote.count("\n") == 12000 and remote == local, question


def test_a_node_is_meant_alike_on_every_path(own):
    import json

    from test_v1 import ask
    server = own()
    for n in (1, 2):
        put(server.client(), node(n), [{**information(node(n)), "ComputerName": f"web-{n}"}], INFO)
    for path in ("", "/state", "/history"):
        answer, text = ask(server, f"/v1/nodes/web-2{path}")
        found = json.loads(text)
        assert answer.status == 200
        assert {row["node"] for row in (found if isinstance(found, list) else [found])} == {node(2)}
        answer, text = ask(server, f"/v1/nodes/{node(1)[:5]}{path}")
        assert (answer.status, "name one of them" in text.decode()) == (400, True)
        assert ask(server, f"/v1/nodes/nobody{path}")[0].status == 404


def test_an_answer_is_of_one_moment(own):
    """What one report says of two types is never seen of one alone, whoever is asked while it is recorded."""
    import json
    import threading

    from test_v1 import ask
    server = own()
    ssm, rounds, ended = server.client(), 150, threading.Event()

    def write():
        for n in range(rounds):
            ssm.put_inventory(InstanceId=node(1), Items=[
                item([package("a", str(n))], when=rounds - n),
                item([information(node(1), AgentVersion=str(n))], INFO, when=rounds - n)])
        ended.set()

    def seen(states):
        return {row["items"][0].get("Version") or row["items"][0]["AgentVersion"] for row in states}

    writer = threading.Thread(target=write)
    writer.start()
    moments = set()
    while not ended.is_set():
        answer, text = ask(server, f"/v1/nodes/{node(1)}/state")
        if answer.status == 200 and len(json.loads(text)) == 2:
            found = seen(json.loads(text))
            assert len(found) == 1
            moments |= found
    writer.join()
    # It did change meanwhile.
    assert len(moments) > 3
    local = json.loads(server.command("show", node(1), "--format", "json").stdout)
    assert seen(local) == {str(rounds - 1)}
