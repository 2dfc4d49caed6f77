"""Whatever has an end says that it has one, and how to go on: a test for each limit of an answer."""

import json
import subprocess

import pytest

from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, put, stamp
from test_v1 import ask

DAY = 86400
FROM, TO = stamp(40 * DAY), stamp(DAY)


@pytest.fixture(scope="module")
def fleet():
    from conftest import Server
    server = Server()
    ssm = server.client()
    # More nodes and changes than a page has where nobody says, and more types than are named.
    for start in range(0, 1200, 300):
        lines = "\n".join(json.dumps({"InstanceId": node(n), "Items": [item([package("a")], when=9 * DAY)]})
                          for n in range(start + 100, start + 400))
        answer, _ = ask(server, "/v1/reports", None, "POST", lines.encode(),
                        Content_Type="application/x-ndjson")
        assert answer.status == 200
    ssm.put_inventory(InstanceId=node(1), Items=[
        item([package(f"package-{n:04}") for n in range(1100)], when=30 * DAY)])
    for start in (0, 20):
        ssm.put_inventory(InstanceId=node(1), Items=[
            item([{"Name": "x"}], f"Custom:Type{n:02}", when=20 * DAY) for n in range(start, start + 20)])
    yield server
    server.stop()
    server.close()


def pages(server, path, size):
    """All rows of a list, by its own word where it goes on; how many pages."""
    rows, after, count = [], "", 0
    while True:
        join = "&" if "?" in path else "?"
        answer, text = ask(server, path + (f"{join}after={after}" if after else ""))
        assert answer.status == 200, text
        page = json.loads(text)
        after, count = answer.headers["X-Stocktake-Next"], count + 1
        rows += page
        if not after or not page:
            return rows, count
        assert len(page) == size


@pytest.mark.parametrize("path, question", [
    ("/v1/nodes", ["nodes"]), (f"/v1/nodes/{node(1)}/history", ["history", node(1)]),
    (f"/v1/changes?from={FROM}&to={TO}", ["changes", "--from", FROM, "--to", TO]),
    ("/v1/changes", ["changes"]),
])
@pytest.mark.parametrize("format", ["json", "csv", "ndjson"])
def test_a_page_that_is_not_the_last_says_so(fleet, path, question, format):
    answer, _ = ask(fleet, path, Accept={
        "json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson"}[format])
    assert answer.headers["X-Stocktake-Next"]
    if format == "json":
        whole = json.loads(fleet.command(*question, "--format", "json").stdout)
        # A record of the log is in one page, whatever its changes.
        if path != "/v1/changes":
            rows, count = pages(fleet, path, 1000)
            assert rows == whole and count == 1 + len(whole) // 1000


def remote(server, *arguments):
    return subprocess.run(
        [STOCKTAKE, *arguments, "--server", server.url], capture_output=True, text=True,
        env={**server.first_key, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})


@pytest.mark.parametrize("ask_of", ["store", "server"])
@pytest.mark.parametrize("range", [["--from", FROM, "--to", TO], []], ids=["range", "log"])
def test_a_limit_on_the_command_line_says_how_to_go_on(fleet, ask_of, range):
    def run(*more):
        question = ["changes", *range, *more, "--format", "ndjson"]
        return fleet.command(*question, check=False) if ask_of == "store" else remote(fleet, *question)

    whole = run()
    assert whole.stderr == "" and whole.stdout.count("\n") == 2340
    first = run("--limit", "1500")
    note = first.stderr.strip()
    assert note.startswith("stocktake: note: stopped at --limit, and there is more: go on with --after ")
    rest = run("--after", note.split()[-1])
    assert first.stdout + rest.stdout == whole.stdout and rest.stderr == ""
    # Where nothing is left, nothing is said.
    assert run("--limit", "2340").stderr == "" and run("--limit", "5000").stderr == ""
    table = fleet.command("changes", *range, "--limit", "2")
    assert "there is more" in table.stderr


def test_states_that_cannot_be_compared_are_counted(fleet):
    answer, _ = ask(fleet, f"/v1/nodes/{node(1)}/diff?other={node(100)}")
    field = answer.headers["X-Stocktake-Compared"].split(", ")
    # 40 types of its own, of which the other has none.
    assert field[0] == "1" and len(field) == 1 + 32 + 1 and field[-1] == "and 8 more"
    for done in (fleet.command("diff", node(1), node(100), check=False),
                 remote(fleet, "diff", node(1), node(100))):
        notes = done.stderr.splitlines()
        assert len(notes) == 33 and notes[-1] == (
            "stocktake: note: 8 more states are unknown or erased; name a --type")


@pytest.mark.parametrize("path, told", [
    ("/v1/nodes?limit=10001", "1 to 10000"), ("/v1/changes?wait=31", "0 to 30"),
    ("/v1/nodes?" + "&".join(f"node=n{n}" for n in range(9)), "more than 8 times"),
    ("/v1/nodes?node=" + "x" * 129, "1 to 128 bytes"), ("/v1/nodes?node=" + "x" * 8200, "longer than 8192"),
    ("/v1/rollout?name=a&from=2026-01-01&every=1", "more than 10000 steps"),
])
def test_what_is_asked_beyond_a_limit_is_refused_by_it(fleet, path, told):
    answer, text = ask(fleet, path)
    assert answer.status == 400 and told in json.loads(text)["error"]["message"]


def test_an_answer_that_never_fits_is_told_from_one_that_has_to_wait(own):
    server = own("--answer-bytes-in-flight-max", "1048576")
    packages = [package(f"package-{n:05}", Summary=f"{n}" * 40) for n in range(9000)]
    put(server.client(), node(1), packages, when=DAY)
    answer, text = ask(server, f"/v1/nodes/{node(1)}/state")
    error = json.loads(text)["error"]
    assert answer.status == 413 and error["code"] == "AnswerTooLargeException"
    assert "524288" in error["message"] and "answerBytesInFlightMax" in error["message"]
    done = remote(server, "show", node(1), APP)
    assert done.returncode != 0 and "ask for less" in done.stderr
    assert ask(server, f"/v1/nodes/{node(1)}/state?name=package-0001*")[0].status == 200


def test_differences_of_a_source_beyond_those_shown_are_counted(own, tmp_path):
    server, when = own(), stamp(10 * DAY)
    put(server.client(), node(1), [package(f"p{n:02}", "1") for n in range(30)], when=when)
    status = tmp_path / "status"
    status.write_text("".join(
        f"Package: p{n:02}\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n\n"
        for n in range(30)))
    server.command("import", "debian-packages", str(status), "--node", node(1), "--at", when)
    shown = server.command("show", node(1), APP, "--sources", "--at", stamp(9 * DAY)).stdout
    assert "and 10 more; --format json has all" in shown
    state, = json.loads(server.command(
        "show", node(1), APP, "--sources", "--at", stamp(9 * DAY), "--format", "json").stdout)
    assert [len(source["differences"]) for source in state["sources"]] == [0, 30]
