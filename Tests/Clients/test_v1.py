"""Our own HTTP API: each route, each format, events, and that it says what the command line says."""

import csv
import io
import json
import subprocess
import sys
import threading
import time
import urllib.parse
import http.client
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support import APP, INFO, information, item, node, package, put, stamp

DAY = 86400


def ask(server, path, key=None, method="GET", body=b"", signed=True, timeout=40, **headers):
    """A signed request: the answer and its body."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    if query:
        pairs = [pair.partition("=") for pair in query.split("&")]
        path += "?" + "&".join(
            f"{name}={urllib.parse.quote(urllib.parse.unquote(value), safe='')}"
            for name, _, value in pairs)
    if signed:
        key = key or server.first_key
        request = AWSRequest(method, server.url + path, data=body, headers=headers)
        SigV4Auth(Credentials(
            key.get("AWS_ACCESS_KEY_ID") or key["accessKeyId"],
            key.get("AWS_SECRET_ACCESS_KEY") or key["secretAccessKey"]), "ssm", "us-east-1"
        ).add_auth(request)
        headers = dict(request.headers)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, text


def get(server, path, **more):
    answer, text = ask(server, path, **more)
    assert answer.status == 200, (path, text)
    return json.loads(text)


@pytest.fixture(scope="module")
def fleet():
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n in (1, 2, 3):
        for version, days in (("3.0.1", 30), ("3.0.2", 20), (f"3.0.{n + 2}", 10)):
            ssm.put_inventory(InstanceId=node(n), Items=[
                item([package("openssl", version), package("bash", "5")], when=days * DAY),
                item([information(node(n))], INFO, when=days * DAY)])
    yield server
    server.stop()
    server.close()


def same(server, path, *command):
    """The server's answer, which is that of the command line."""
    found = get(server, path)
    local = server.command(*command, "--format", "json", check=False)
    assert found == json.loads(local.stdout), path
    return found


def test_as_the_command_line(fleet):
    t15, t25 = stamp(15 * DAY), stamp(25 * DAY)
    same(fleet, "/v1/nodes", "nodes")
    state, = same(fleet, f"/v1/nodes/{node(1)}/state?type={APP}&at={t15}&name=*",
                 "show", node(1), APP, "--at", t15)
    assert {i["Version"] for i in state["items"]} == {"3.0.2", "5"}
    same(fleet, f"/v1/nodes/{node(1)}/history?type=Application", "history", node(1), APP)
    changes = same(fleet, f"/v1/nodes/{node(2)}/diff?from={t25}&to={t15}&type={APP}",
                   "diff", node(2), "--type", APP, "--from", t25, "--to", t15)
    assert [c["new"]["Version"] for c in changes] == ["3.0.2"]
    found = get(fleet, f"/v1/nodes/{node(1)}/diff?other={node(2)}&type={APP}")
    assert [(c["old"]["Version"], c["new"]["Version"]) for c in found] == [("3.0.3", "3.0.4")]
    held = same(fleet, f"/v1/holders?name=openssl&at={t15}", "who-had", "openssl", "--at", t15)
    assert [h["node"] for h in held] == [node(1), node(2), node(3)]
    same(fleet, f"/v1/holders?name=openssl&version=3.0.2&from={t25}&to={t15}",
         "who-had", "openssl", "--version", "3.0.2", "--from", t25, "--to", t15)
    same(fleet, f"/v1/rollup?at={t15}", "rollup", "--at", t15)
    same(fleet, f"/v1/rollout?name=openssl&from={t25}&to={t15}&every=86400",
         "rollout", "openssl", "--from", t25, "--to", t15, "--every", "1d")
    same(fleet, "/v1/types", "types")
    same(fleet, "/v1/changes?after=0", "changes", "--after", "0")
    same(fleet, f"/v1/changes?from={t25}&to={t15}", "changes", "--from", t25, "--to", t15)
    assert get(fleet, f"/v1/nodes/{node(1)}")["node"] == node(1)
    plain = get(fleet, f"/v1/nodes/{node(1)}/state")
    assert {s["type"] for s in plain} == {APP, INFO}


def test_formats(fleet):
    for path, rows in (("/v1/nodes", 3), ("/v1/holders?name=bash", 3)):
        answer, text = ask(fleet, path, Accept="application/x-ndjson")
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert len([json.loads(line) for line in text.splitlines()]) == rows
        answer, text = ask(fleet, path, Accept="text/csv")
        assert len(list(csv.DictReader(io.StringIO(text.decode())))) == rows
    answer, text = ask(fleet, f"/v1/nodes/{node(1)}/state", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert {r["Name"] for r in rows} >= {"openssl", "bash"}
    assert ask(fleet, "/v1/nodes", Accept="image/png")[0].status == 406


def test_pages(fleet):
    answer, text = ask(fleet, "/v1/nodes?limit=2")
    assert [n["node"] for n in json.loads(text)] == [node(1), node(2)]
    answer, text = ask(fleet, f"/v1/nodes?limit=2&after={answer.headers['X-Stocktake-Next']}")
    assert [n["node"] for n in json.loads(text)] == [node(3)]
    assert answer.headers["X-Stocktake-Next"] is None
    seen, after = [], 0
    while True:
        answer, text = ask(fleet, f"/v1/changes?after={after}&limit=4")
        if not json.loads(text):
            break
        seen += json.loads(text)
        after = answer.headers["X-Stocktake-Next"]
    assert seen == get(fleet, "/v1/changes")


@pytest.mark.parametrize("path, status", [
    ("/v1/nothing", 404), ("/v1/nodes/i-99999999", 404), ("/v1/nodes/i-99999999/state", 404),
    ("/v1/nodes?nonsense=1", 400), ("/v1/nodes?limit=0", 400), ("/v1/nodes?limit=x", 400),
    ("/v1/nodes?limit=1&limit=2", 400), ("/v1/holders", 400), ("/v1/holders?name=", 400),
    (f"/v1/nodes/{node(1)}/state?at=nonsense", 400), (f"/v1/nodes/{node(1)}/state?type=x:y", 400),
    (f"/v1/nodes/{node(1)}/diff", 400), ("/v1/changes?after=1&from=2026-01-01", 400),
    ("/v1/nodes/%ff", 400), ("/v1/nodes/a%2Fb", 404),
    ("/v1/holders?name=x&from=2026-02-01&to=2026-01-01", 400),
])
def test_errors(fleet, path, status):
    answer, text = ask(fleet, path)
    assert answer.status == status, text
    assert json.loads(text)["error"]["message"]


def test_who_may(fleet):
    assert ask(fleet, "/v1/nodes", signed=False)[0].status == 401
    assert ask(fleet, "/v1/openapi.json", signed=False)[0].status == 200
    writer = fleet.key("--permissions", f"write-node={node(5)}")
    assert ask(fleet, "/v1/nodes", writer)[0].status == 403
    other = fleet.key("--account", "111111111111")
    assert get(fleet, "/v1/nodes", key=other) == []
    assert get(fleet, "/v1/changes", key=other) == []
    assert ask(fleet, f"/v1/nodes/{node(1)}/state", other)[0].status == 404
    body = json.dumps({"InstanceId": node(6), "Items": [item([package("a")])]}).encode()
    answer, _ = ask(fleet, "/v1/reports", writer, "POST", body, Content_Type="application/json")
    assert answer.status == 403
    answer, _ = ask(fleet, "/v1/reports", method="PUT")
    assert answer.status == 405 and answer.headers["Allow"] == "POST, OPTIONS"


def test_reports(own):
    server = own()
    one = {"InstanceId": node(1), "Items": [item([package("a")])]}
    answer, text = ask(server, "/v1/reports", None, "POST", json.dumps(one).encode(),
                       Content_Type="application/json")
    assert answer.status == 200 and json.loads(text)[0]["changes"] == 1
    lines = [json.dumps({**one, "InstanceId": node(n)}) for n in (2, 3)] + ["{}", json.dumps(
        {**one, "InstanceId": "any-name"})]
    answer, text = ask(server, "/v1/reports", None, "POST", "\n".join(lines).encode(),
                       Content_Type="application/x-ndjson")
    rows = json.loads(text)
    assert [r.get("node") for r in rows] == [node(2), node(3), None, "any-name"] and rows[2]["error"]
    answer, _ = ask(server, "/v1/reports", None, "POST", b"{}", Content_Type="application/json")
    assert answer.status == 422
    answer, _ = ask(server, "/v1/reports", None, "POST", b"{}", Content_Type="text/xml")
    assert answer.status == 415


def test_waiting_and_tags(own):
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("a")], when=50)
    answer, text = ask(server, "/v1/changes")
    tag = answer.headers["ETag"]
    assert ask(server, "/v1/changes", If_None_Match=tag)[0].status == 304
    result = {}

    def wait():
        start = time.monotonic()
        result["rows"] = get(server, f"/v1/changes?after={tag.strip(chr(34))}&wait=20")
        result["time"] = time.monotonic() - start

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.6)
    put(ssm, node(1), [package("a"), package("b")], when=5)
    thread.join()
    assert [r["identity"]["Name"] for r in result["rows"]] == ["b"]
    assert 0.4 < result["time"] < 15


def test_events(own):
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("a")], when=50)
    key = server.first_key

    def stream(last=None):
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        request = AWSRequest("GET", server.url + "/v1/changes", headers=headers)
        SigV4Auth(Credentials(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"]), "ssm",
                  "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        connection.request("GET", "/v1/changes", headers=dict(request.headers))
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        return connection, answer

    def event(answer):
        fields = {}
        while True:
            line = answer.readline().decode().rstrip("\n")
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value

    connection, answer = stream()
    first = event(answer)
    assert json.loads(first["data"])["identity"]["Name"] == "a"
    put(ssm, node(1), [package("b")], when=5)
    names = {json.loads(event(answer)["data"])["identity"]["Name"] for _ in range(2)}
    assert names == {"a", "b"}
    connection.close()
    connection, answer = stream(first["id"])
    assert json.loads(event(answer)["data"])["sequence"] == int(first["id"]) + 1
    connection.close()


def test_who_waits_does_not_hold_up_the_end(own):
    server = own()
    put(server.client(), node(1), [package("a")], when=50)
    results = []
    threads = [threading.Thread(target=lambda path=path, headers=headers: results.append(
        ask(server, path, timeout=60, **headers)[0].status)) for path, headers in (
            ("/v1/changes?after=1&wait=30", {}),
            ("/v1/changes?after=1", {"Accept": "text/event-stream"}))]
    for thread in threads:
        thread.start()
    time.sleep(1)
    start = time.monotonic()
    server.stop()
    assert time.monotonic() - start < 10
    for thread in threads:
        thread.join()
    assert results == [200, 200]


def test_the_document_is_valid_and_names_the_routes(fleet):
    document = get(fleet, "/v1/openapi.json")
    from openapi_spec_validator import validate
    validate(document)
    assert "/v1/nodes/{id}/state" in document["paths"] and len(document["paths"]) == 17


def test_schemathesis(fleet, tmp_path):
    """Requests made from the document: what it says is what happens."""
    hooks = Path(__file__).with_name("schemathesis_hooks.py")
    key = fleet.first_key
    done = subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), "run",
         f"{fleet.url}/v1/openapi.json", "--max-examples", "25", "--seed", "1",
         "--exclude-checks", "unsupported_method,ignored_auth,positive_data_acceptance",
         "--phases", "examples,coverage,fuzzing", "--request-timeout", "60"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "SCHEMATHESIS_HOOKS": str(hooks.stem),
             "PYTHONPATH": str(hooks.parent), **key},
        cwd=tmp_path, capture_output=True, text=True, timeout=200)
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_command_line_against_a_server(fleet, own, tmp_path):
    """Every verb with --server says what it says of the store itself."""
    from conftest import STOCKTAKE
    t15, t25 = stamp(15 * DAY), stamp(25 * DAY)

    def run(server, *arguments, status=0):
        done = subprocess.run(
            [STOCKTAKE, *arguments, "--server", server.url], capture_output=True, text=True,
            env={**server.first_key, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        return done.stdout

    for verb in (
        ["nodes"], ["types"], ["show", node(1), "--at", t15, "--name", "*"],
        ["show", node(1), "Application", "--at", t15, "--name", "open*"],
        ["history", node(1)], ["diff", node(2), "--from", t25, "--to", t15],
        ["diff", node(1), node(2)], ["who-had", "openssl", "--at", t15],
        ["who-had", "openssl", "--version", "3.0.2", "--from", t25, "--to", t15],
        ["rollout", "openssl", "--from", t25, "--to", t15, "--every", "1d"],
        ["rollup", "--at", t15], ["changes", "--after", "0"],
        ["changes", "--from", t25, "--to", t15],
    ):
        remote = json.loads(run(fleet, *verb, "--format", "json"))
        local = json.loads(fleet.command(*verb, "--format", "json").stdout)
        for found in (remote, local):
            # Two questions about now are asked at two times.
            for row in found if isinstance(found, list) else []:
                if verb[0] == "diff" and len(verb) == 3:
                    row.pop("validTime")
        assert remote == local, verb
        for format in ("table", "csv", "ndjson"):
            assert run(fleet, *verb, "--format", format).strip(), verb
    run(fleet, "who-had", "nothing", status=1)
    run(fleet, "show", "i-99999999", status=1)
    run(fleet, "nodes", "--store", "x", status=2)
    broken = subprocess.run(
        [STOCKTAKE, "nodes", "--server", fleet.url], capture_output=True, text=True,
        env={**fleet.first_key, "AWS_SECRET_ACCESS_KEY": "x"})
    assert broken.returncode == 4 and "signature" in broken.stderr
    server = own()
    lines = [json.dumps({"InstanceId": node(n), "Items": [item([package("a", str(n))])]})
             for n in range(1, 200)]
    file = tmp_path / "reports.ndjson"
    file.write_text("\n".join(lines + ["{}"]) + "\n")
    text = run(server, "ingest", str(file), status=3)
    assert "199 reports" in text and "1 bad line" in text
    assert len(json.loads(run(server, "nodes", "--format", "json"))) == 199
    text = run(server, "collect", "--node", "this-machine")
    assert "AWS:InstanceInformation" in text
    assert json.loads(run(server, "show", "this-machine", "InstanceInformation", "--format", "json"))
