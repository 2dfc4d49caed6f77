"""What no client of AWS sends: forms of HTTP, and what is wrong with them."""

import http.client
import json
import random
import socket
import subprocess
import time

import pytest
from conftest import STOCKTAKE
from prometheus_client.parser import text_string_to_metric_families
from support import long_form, node, package, put
from test_auth import send

TYPE = "application/x-amz-json-1.1"


def post(server, body=b"{}", **headers):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, json.loads(text)


@pytest.mark.parametrize("headers, name", [
    ({}, "UnknownOperationException"),
    ({"X_Amz_Target": "AmazonSSM.Nonsense", "Content_Type": TYPE}, "UnknownOperationException"),
    ({"X_Amz_Target": "Other.GetInventory", "Content_Type": TYPE}, "UnknownOperationException"),
    ({"X_Amz_Target": "AmazonSSM.GetInventory", "Content_Type": "text/xml"},
     "SerializationException"),
    ({"X_Amz_Target": "AmazonSSM.GetInventory"}, "SerializationException"),
    ({"X_Amz_Target": "AmazonSSM.GetInventory", "Content_Type": TYPE},
     "MissingAuthenticationTokenException"),
])
def test_heads(server, headers, name):
    answer, body = post(server, **headers)
    assert (answer.status, body["__type"]) == (400, name)
    assert body["message"] and len(answer.headers["x-amzn-RequestId"]) == 36
    assert answer.headers["Content-Type"] == TYPE


@pytest.mark.parametrize("body", [
    b"{", b"[]", b'"x"', b"\xff{}", b'{"Filters": 3}', b'{"Filters": [{"Key": 1}]}',
    b'{"MaxResults": "x"}', b'{"MaxResults": 1.5}', b"{" * 100, b"[" * 100_000])
def test_bodies(server, body):
    for operation in ("GetInventory", "PutInventory"):
        status, name = send(server, body, operation=operation)
        assert status == 400 and name in ("SerializationException", "ValidationException")


def test_an_empty_body_is_an_empty_request(server):
    assert send(server, b"") == (200, None)


def test_chunked(server):
    def change(parts):
        parts["body"] = iter([b"{", b"}"])
        parts["headers"].pop("Content-Length", None)
    assert send(server, change=change) == (200, None)


def test_unknown_members_and_nulls_are_passed_over(server):
    assert send(server, b'{"Nonsense": 1, "NextToken": null, "MaxResults": 5}') == (200, None)


def test_other_paths(server):
    for method, path, status in [("GET", "/", 200), ("GET", "/x", 404), ("POST", "/x", 404), ("GET", "/healthz", 200),
                                 ("GET", "/readyz", 200), ("GET", "/metrics", 200)]:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        connection.request(method, path)
        answer = connection.getresponse()
        assert answer.status == status, path
        answer.read()
        connection.close()


def raw(server, text, wait=20):
    """What the server answers to bytes, until it closes or falls silent."""
    with socket.create_connection((server.host, server.port), timeout=wait) as connection:
        connection.sendall(text)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            return answer, False
        except ConnectionError:
            pass
        return answer, True


def head(server, authorization, length, operation="PutInventory", **headers):
    lines = ["POST / HTTP/1.1", f"Host: {server.host}:{server.port}", f"Content-Type: {TYPE}",
             f"X-Amz-Target: AmazonSSM.{operation}", f"Content-Length: {length}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if authorization:
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        lines += [f"X-Amz-Date: {now}", "Authorization: " + authorization.replace("DATE", now[:8])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def claim(key):
    """What anybody can write who knows the id of a key."""
    return (f"AWS4-HMAC-SHA256 Credential={key}/DATE/local/ssm/aws4_request, "
            f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}")


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    known = server.first_key["AWS_ACCESS_KEY_ID"]
    answer, _ = raw(server, head(server, claim(known), 99_999_999), wait=3)
    assert b"TotalSizeLimitExceededException" in answer


def test_headers_that_are_too_large(server):
    answer, closed = raw(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 +
                         b"\r\n\r\n", wait=3)
    assert closed and b" 200 " not in answer


def test_slow_senders_are_cut_off(own):
    server = own("--seconds-to-send-max", "1")
    head = (f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\n"
            "X-Amz-Target: AmazonSSM.PutInventory\r\nContent-Length: 100\r\n\r\n{")
    for text in (head, "POST / HT", ""):
        start = time.monotonic()
        answer, closed = raw(server, text.encode(), wait=15)
        assert closed and time.monotonic() - start < 10
    assert send(server) == (200, None)


def test_metrics(server):
    send(server)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    count = lines['stocktake_http_requests_total{operation="GetInventory",status="200"}']
    assert int(count) > 0
    assert float(lines["stocktake_store_file_bytes"]) > 0


def test_metrics_are_what_prometheus_reads(own):
    """Read by Prometheus' own parser for Python, which is strict about kinds and names."""
    server = own()
    ssm = server.client()
    for number in (1, 2, 3):
        put(ssm, node(number), [package("bash")])
    server.command("node", "terminate", node(3), "--account", "000000000000", "--region", "us-east-1")
    server.command("node", "register", node(4), "--account", "000000000000", "--region", "us-east-1")
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {f.name: f for f in text_string_to_metric_families(answer.read().decode())}
    connection.close()
    assert all(family.documentation and family.type != "unknown" for family in families.values())
    assert all(name.startswith("stocktake_") for name in families), families.keys()

    def value(name, **labels):
        return [s.value for s in families[name].samples if s.labels == labels][0]

    (built,) = families["stocktake_build_info"].samples
    done = subprocess.run([STOCKTAKE, "--version"], capture_output=True, text=True)
    assert (built.value, built.labels["version"]) == (1, done.stdout.split()[-1])
    assert value("stocktake_nodes") == 3
    # The one that was only registered never spoke.
    assert [value("stocktake_nodes_silent", for_seconds=str(s))
            for s in (3600, 86400, 604800, 2592000)] == [1, 1, 1, 1]
    assert 0 <= value("stocktake_newest_seen_age_seconds") <= value(
        "stocktake_oldest_seen_age_seconds") < 240
    duration = families["stocktake_http_request_duration_seconds"]
    assert duration.type == "histogram" and any(
        s.name.endswith("_count") and s.labels == {"operation": "PutInventory"} and s.value == 3
        for s in duration.samples)


def test_nonsense_does_no_harm(server):
    generator = random.Random(4)
    whole = (f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\nAuthorization: AWS4-HMAC-SHA256 "
             "Credential=A/20260101/local/ssm/aws4_request, SignedHeaders=host, Signature=00\r\n"
             "X-Amz-Target: AmazonSSM.PutInventory\r\nContent-Length: 2\r\n\r\n{}").encode()
    for _ in range(long_form(300, 20_000)):
        text = bytearray(whole)
        for _ in range(generator.randint(1, 6)):
            place = generator.randrange(len(text))
            text[place:place + generator.randint(0, 3)] = generator.randbytes(
                generator.randint(0, 3))
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            try:
                connection.recv(65536)
            except OSError:
                pass
    assert server.process.poll() is None
    assert send(server) == (200, None)


def test_a_graceful_stop_finishes_what_was_accepted(own):
    import threading
    from support import APP, package, put
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("a")])
    done = []

    def load(n):
        try:
            for i in range(1000):
                put(ssm, node(n), [package("a", str(i))])
                done.append((n, i))
        except Exception:
            pass

    threads = [threading.Thread(target=load, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    server.stop()
    for thread in threads:
        thread.join()
    server.start()
    ssm = server.client()
    for n in range(1, 5):
        last = max((i for m, i in done if m == n), default=None)
        if last is not None:
            row = ssm.list_inventory_entries(InstanceId=node(n), TypeName=APP)["Entries"][0]
            assert int(row["Version"]) >= last


def test_expect_continue(server):
    """The body is asked for before any of it was sent; then the answer comes."""
    known = server.first_key["AWS_ACCESS_KEY_ID"]
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(head(server, claim(known), 2, Expect="100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        answer = connection.recv(4000)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"InvalidSignatureException" in answer
