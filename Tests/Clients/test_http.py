"""What every HTTP client relies on: tokens, HEAD, OPTIONS, where to begin, refusals in a form, gzip, and curl."""

import gzip
import http.client
import json
import socket
import subprocess

import pytest

from support import APP, INFO, information, item, node, package, put, stamp
from test_v1 import ask

DAY = 86400


@pytest.fixture(scope="module")
def fleet():
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n in (1, 2, 3):
        for version, days in (("3.0.1", 30), ("3.0.2", 20)):
            ssm.put_inventory(InstanceId=node(n), Items=[
                item([package("openssl", version), *(package(f"lib-{i}", version) for i in range(40))],
                     when=days * DAY),
                item([information(node(n))], INFO, when=days * DAY)])
    yield server
    server.stop()
    server.close()


def token(server, *options):
    found = json.loads(server.command(
        "keys", "create", "--permissions", "read", "--bearer", "--format", "json", *options).stdout)
    assert "secretAccessKey" not in found and found["kind"] == "bearer"
    return found["token"], found["accessKeyId"]


def bearer(server, path, text, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=40)
    connection.request(method, path, body, {"Authorization": f"Bearer {text}", **headers})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    return answer, found


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--fail-with-body", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout


# Tokens.

def test_a_token_reads_with_curl(fleet):
    text, _ = token(fleet)
    status, found = curl("-H", f"Authorization: Bearer {text}", f"{fleet.url}/v1/nodes")
    assert status == 0 and json.loads(found) == json.loads(ask(fleet, "/v1/nodes")[1])
    # In any order and spelling.
    status, found = curl(
        "--get", "-H", f"Authorization: Bearer {text}", f"{fleet.url}/v1/holders", "--data-urlencode",
        f"to={stamp(5 * DAY)}", "--data-urlencode", "name=openssl", "--data-urlencode",
        f"from={stamp(40 * DAY)}", "--data-urlencode", "version=<3.0.2")
    assert status == 0 and {row["version"] for row in json.loads(found)} == {"3.0.1"}
    for path in ("/v1/nodes", "/v1/types", f"/v1/nodes/{node(1)}/state", "/v1/changes?limit=2"):
        assert bearer(fleet, path, text)[1] == ask(fleet, path)[1]
        assert bearer(fleet, path, text, "HEAD")[0].status == 200


def test_a_token_reads_only(fleet):
    text, id = token(fleet)
    report = json.dumps({"InstanceId": node(9), "Items": [item([package("a")])]})
    answer, found = bearer(fleet, "/v1/reports", text, "POST", report, **{"Content-Type": "application/json"})
    assert answer.status == 403 and json.loads(found)["error"]["code"] == "AccessDeniedException"
    assert bearer(fleet, "/v1/nodes", text, "DELETE")[0].status == 403
    assert node(9) not in ask(fleet, "/v1/nodes")[1].decode()
    # The API of AWS knows no tokens, in whatever place.
    aws = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetInventory"}
    answer, found = bearer(fleet, "/", text, "POST", "{}", **aws)
    assert answer.status == 400 and "MissingAuthenticationToken" in found.decode()
    # And a token's key signs nothing.
    secret = text.split(".")[1]
    for path in ("/v1/nodes", "/"):
        answer, found = ask(fleet, path, {"accessKeyId": id, "secretAccessKey": secret},
                            "GET" if path != "/" else "POST", **({} if path != "/" else {
                                key.replace("-", "_"): value for key, value in aws.items()}))
        assert answer.status in (400, 401) and "UnrecognizedClient" in found.decode()
    for options in (["--permissions", "read,write"], ["--permissions", "admin"], ["--regions", "a,b"]):
        done = fleet.command("keys", "create", "--bearer", *options, check=False)
        assert done.returncode == 2 and not done.stdout, options


def test_a_token_lives_as_long_as_its_key(fleet):
    text, id = token(fleet)
    status = lambda text: bearer(fleet, "/v1/nodes", text)[0].status
    assert status(text) == 200
    fleet.command("keys", "disable", id)
    assert status(text) == 401
    fleet.command("keys", "enable", id)
    assert status(text) == 200
    newer = json.loads(fleet.command("keys", "rotate", id, "--overlap", "600", "--format", "json").stdout)["token"]
    assert newer != text and (status(text), status(newer)) == (200, 200)
    newest = json.loads(fleet.command("keys", "rotate", id, "--format", "json").stdout)["token"]
    assert [status(one) for one in (text, newer, newest)] == [401, 401, 200]
    fleet.command("keys", "delete", id)
    assert status(newest) == 401


def test_a_token_is_of_one_account_and_region(fleet):
    other, _ = token(fleet, "--account", "111122223333")
    far, _ = token(fleet, "--regions", "eu-central-1")
    assert bearer(fleet, "/v1/nodes", other)[1] == bearer(fleet, "/v1/nodes", far)[1] == b"[]"


def test_nobody_finds_a_token(own):
    server = own("--log-level", "debug")
    text, id = token(server)
    assert bearer(server, "/v1/nodes", text)[0].status == 200
    codes = [bearer(server, "/v1/nodes", wrong)[0].status for wrong in (
        "x", "a.b", text[:-1], text + "x", f"{id}.", f"{id}.{'A' * 43}", "A" * 10_000)
        for _ in range(4)]
    assert (codes[:20], codes[20:]) == ([401] * 20, [429] * 8)
    # The right one counts at any time.
    assert bearer(server, "/v1/nodes", text)[0].status == 200
    answer, _ = bearer(server, "/v1/types", text)
    listed = server.command("keys", "list").stdout + server.command("keys", "list", "--format", "json").stdout
    secret = text.split(".")[1].encode()
    assert id in listed and secret.decode() not in listed
    server.stop()
    for file in server.directory.iterdir():
        assert file.is_dir() or secret not in file.read_bytes(), file


def test_who_is_not_known_is_told_how(fleet):
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x.y"}):
        connection = http.client.HTTPConnection(fleet.host, fleet.port)
        connection.request("GET", "/v1/nodes", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 401 and "Bearer" in answer.headers["WWW-Authenticate"]
        connection.close()


@pytest.mark.parametrize("query", [
    "limit=2", "limit=2&after=a", f"name=openssl&at={stamp(15 * DAY)}", "to=now&name=openssl&from=2026-01-01",
    "name=openssl&version=3.0.2", "name=lib*&at=now",
])
def test_curl_signs_as_it_is_documented(fleet, query):
    key = fleet.first_key
    path = "/v1/nodes" if query.startswith("limit") else (
        "/v1/rollup" if "*" in query else "/v1/holders")
    status, found = curl(
        "--aws-sigv4", "aws:amz:us-east-1:ssm", "--user",
        f"{key['AWS_ACCESS_KEY_ID']}:{key['AWS_SECRET_ACCESS_KEY']}", "--globoff",
        f"{fleet.url}{path}?{query}")
    assert status == 0, found
    assert isinstance(json.loads(found), list)


def test_a_signature_over_another_query_is_none(fleet):
    """What is signed as it was sent stands for nothing else."""
    key = fleet.first_key
    done = subprocess.run(
        ["curl", "-sS", "-v", "-o", "/dev/null", "--aws-sigv4", "aws:amz:us-east-1:ssm", "--user",
         f"{key['AWS_ACCESS_KEY_ID']}:{key['AWS_SECRET_ACCESS_KEY']}",
         f"{fleet.url}/v1/nodes?node=b*&limit=1"], capture_output=True, text=True)
    headers = dict(line[2:].split(": ", 1) for line in done.stderr.splitlines()
                   if line.startswith("> ") and ": " in line)
    signed = {name: value for name, value in headers.items() if name in ("Authorization", "X-Amz-Date")}
    status = lambda query: send(fleet, "GET", f"/v1/nodes?{query}", signed)[0].status
    assert status("node=b*&limit=1") == 200
    assert {status(other) for other in (
        "node=b*&limit=2", "limit=1", "", "node=b*&limit=1&tag=x", "node=c*&limit=1")} == {401}


def send(server, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=40)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    return answer, found


# Methods.

def routes(server):
    document = json.loads(ask(server, "/v1/openapi.json", signed=False)[1])
    assert document["servers"][0]["url"] == "/"
    values = {"{id}": node(1)}
    queries = {"/v1/holders": "?name=openssl", "/v1/first-seen": "?name=openssl",
               "/v1/rollout": "?from=2026-01-01&name=openssl",
               "/v1/nodes/{id}/diff": f"?other={node(2)}"}
    for path, operations in document["paths"].items():
        yield path.replace("{id}", values["{id}"]), queries.get(path, ""), set(operations)


def test_head_is_get_without_the_body(fleet):
    text, _ = token(fleet)
    pages = [(path + query, {}) for path, query, methods in routes(fleet) if "get" in methods]
    pages += [(path, {}) for path in ("/", "/healthz", "/readyz", "/metrics", "/nothing", "/v1/nothing")]
    pages += [("/v1/nodes", {"Accept-Encoding": "gzip"}), ("/v1/changes?limit=3", {"Accept": "text/csv"})]
    assert len(pages) > 15
    for path, headers in pages:
        (whole, body), (head, nothing) = (
            bearer(fleet, path, text, method, **headers) for method in ("GET", "HEAD"))
        assert nothing == b"" and head.status == whole.status, path
        assert set(head.headers) == set(whole.headers), path
        # The metrics grow by the request itself, and diff is of now.
        for name in set(whole.headers) - {"Date", "x-amzn-RequestId", "X-Stocktake-Compared"}:
            if path != "/metrics" or name != "Content-Length":
                assert head.headers[name] == whole.headers[name], (path, name)
        if path != "/metrics":
            assert int(head.headers["Content-Length"]) == len(body), path
    # What follows on the same connection is in its place.
    connection = http.client.HTTPConnection(fleet.host, fleet.port)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n" if method == "GET" else b"")
    connection.close()
    # A stream of events has a head, and does not begin.
    answer, nothing = bearer(fleet, "/v1/changes", text, "HEAD", Accept="text/event-stream")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream" and nothing == b""


def test_each_path_names_its_methods(fleet):
    pages = [(path, {"GET": {"GET", "HEAD"}, "POST": {"POST"}}, methods)
             for path, _, methods in routes(fleet)]
    for path, _, methods in pages:
        wanted = {"OPTIONS"} | ({"GET", "HEAD"} if "get" in methods else set()) | (
            {"POST"} if "post" in methods else set())
        answer, body = send(fleet, "OPTIONS", path)
        assert (answer.status, body) == (204, b"") and set(answer.headers["Allow"].split(", ")) == wanted, path
        answer, body = ask(fleet, path, method="PUT")
        assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == wanted, path
        assert json.loads(body)["error"]["code"] == "methodNotAllowed"
    for path, allow in (("/", "GET, HEAD, POST, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS"),
                        ("/readyz", "GET, HEAD, OPTIONS"), ("/metrics", "GET, HEAD, OPTIONS")):
        for method, status in (("OPTIONS", 204), ("PUT", 405), ("DELETE", 405)):
            answer, _ = send(fleet, method, path)
            assert (answer.status, answer.headers["Allow"]) == (status, allow)
    assert send(fleet, "POST", "/healthz")[0].status == 405
    assert send(fleet, "OPTIONS", "/nothing")[0].status == 404
    assert send(fleet, "OPTIONS", "/v1/nothing")[0].status == 404


def test_the_root_leads_everywhere(fleet):
    answer, text = send(fleet, "GET", "/")
    index = json.loads(text)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert index["name"] == "Stocktake" and len(index["links"]) >= 5
    for path in index["links"].values():
        assert send(fleet, "GET", path)[0].status == 200, path
    assert json.loads(send(fleet, "GET", "/v1")[1]) == json.loads(send(fleet, "GET", "/v1/")[1]) == index
    assert "GET /v1/nodes/{id}/state" in index["routes"]


# What is no request.

@pytest.mark.parametrize("sent, code", [
    (b"GET /v1/nodes?name=" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "headerTooLarge"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "headerTooLarge"),
    (b"this is no request\r\n\r\n", "badRequest"), (b"GET / HTTP/9.9\r\n\r\n", "badRequest"),
])
def test_what_is_no_request_is_refused_in_a_form(fleet, sent, code):
    connection = socket.create_connection((fleet.host, fleet.port), timeout=20)
    connection.sendall(sent)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    error = json.loads(answer.read())["error"]
    assert (answer.status, error["code"]) == (400, code) and error["message"]
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Connection"] == "close"
    assert connection.recv(1) == b""
    connection.close()
    assert send(fleet, "GET", "/healthz")[0].status == 200


# Packed.

def test_long_answers_are_packed_for_those_who_take_that(fleet):
    text, _ = token(fleet)
    # Of one time: "now" moves on between two answers.
    path = f"/v1/nodes/{node(1)}/state?at={stamp(60)}"
    plain, whole = bearer(fleet, path, text)
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]
    for accepted in ("gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "GZIP"):
        answer, packed = bearer(fleet, path, text, **{"Accept-Encoding": accepted})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed) == whole and len(packed) < len(whole) / 2
    for refused in ("br", "gzip;q=0", "identity", "gzip;q=0, *", ""):
        answer, same = bearer(fleet, path, text, **{"Accept-Encoding": refused})
        assert "Content-Encoding" not in answer.headers and same == whole
    short, _ = bearer(fleet, f"/v1/nodes/{node(1)}", text, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    status, found = curl("--compressed", "-H", f"Authorization: Bearer {text}", fleet.url + path)
    assert status == 0 and json.loads(found) == json.loads(whole)
