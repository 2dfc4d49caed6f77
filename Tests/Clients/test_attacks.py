"""What one client does must not shut others out: the attacks, bounded.

Bytes, places and the order of answers decide here, never how long something took.
"""

import contextlib
import json
import re
import socket
import threading
import time

import pytest
from support import item, node, package, put
from test_auth import send
from test_v1 import ask
from test_wire import TYPE, claim, head, raw

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
OPENAPI = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


def resident(server):
    """MB that the server holds of its own, without the store's file."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1]) / 1024


def metrics(server):
    import http.client
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def eventually(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def signed(server, method="POST", path="/", body=b"", operation=None, key=None, **headers):
    """The bytes of a signed request."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    key = key or server.first_key
    if operation:
        headers |= {"Content-Type": TYPE, "X-Amz-Target": f"AmazonSSM.{operation}"}
    request = AWSRequest(method, server.url + path, data=body, headers=headers)
    SigV4Auth(Credentials(key.get("AWS_ACCESS_KEY_ID") or key["accessKeyId"],
                          key.get("AWS_SECRET_ACCESS_KEY") or key["secretAccessKey"]),
              "ssm", "us-east-1").add_auth(request)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {server.host}:{server.port}",
             *(f"{name}: {value}" for name, value in request.headers.items()
               if name.lower() not in ("host", "content-length"))]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def connect(server, source=None, receive=None):
    connection = socket.socket()
    connection.settimeout(30)
    if receive:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    if source:
        connection.bind((source, 0))
    connection.connect((server.host, server.port))
    return connection


@contextlib.contextmanager
def many(server, count, text, **options):
    """Connections that send something and then nothing, and read nothing."""
    connections = []
    try:
        for _ in range(count):
            connection = connect(server, **options)
            connections.append(connection)
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                connection.sendall(text) if len(text) < 4096 else connection.send(text)
        yield connections
    finally:
        for connection in connections:
            connection.close()


def is_closed(connection):
    """Whether the server closed a connection, whatever it sent before."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def answers(connection, count):
    """Bodies of answers, in their order."""
    stream, bodies = connection.makefile("rb"), []
    for _ in range(count):
        status = stream.readline()
        assert status, f"the server hung up after {len(bodies)} answers"
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        bodies.append((int(status.split()[1]), stream.read(length)))
    return bodies


def report_is_taken(server, name="a"):
    put(server.client(), node(0xabc), [package(name, str(time.monotonic()))])


# Answers that nobody reads.

def test_answers_that_nobody_reads_hold_one_answer_each_and_are_cut_off(own):
    server = own("--seconds-to-read-max", "2")
    put(server.client(), node(1), [package(f"package-{n}", "x" * 200) for n in range(3000)])
    state = signed(server, "GET", f"/v1/nodes/{node(1)}/state?type=AWS%3AApplication")
    size = len(ask(server, f"/v1/nodes/{node(1)}/state?type=AWS:Application")[1])
    assert size > 700_000
    before = resident(server)
    with many(server, 30, OPENAPI * 60, receive=4096), many(
            server, 30, state * 30, receive=4096) as connections:
        for _ in range(20):
            time.sleep(0.1)
            # One answer each, beside what is made while it is asked for.
            assert resident(server) - before < 30 * size / 1e6 * 2 + 60
        # Not by reading, which would keep them.
        eventually(lambda: metrics(server)["stocktake_connections"] <= 2, "they are held for ever")
        assert all(map(is_closed, connections))
    eventually(lambda: metrics(server)["stocktake_answer_bytes_in_flight"] == 0,
               "answers to nobody are counted for ever")
    report_is_taken(server)


def test_answers_share_a_bound(own):
    """Of what clients have not taken yet one address has half at most, and others go on."""
    server = own("--answer-bytes-in-flight-max", "1600000")
    put(server.client(), node(1), [package(f"package-{n}", "x" * 200) for n in range(1600)])
    path = f"/v1/nodes/{node(1)}/state?type=AWS:Application"
    assert ask(server, path)[0].status == 200
    with many(server, 6, signed(server, "GET", path.replace("AWS:", "AWS%3A")) * 3,
              source="127.0.0.2", receive=4096):
        eventually(lambda: metrics(server)["stocktake_answer_bytes_in_flight"] > 300_000,
                   "no answer waits")
        assert metrics(server)["stocktake_answer_bytes_in_flight"] <= 800_000
        assert ask(server, path)[0].status == 200
        report_is_taken(server)


def test_who_reads_slowly_gets_the_answer(own):
    server = own("--seconds-to-read-max", "1")
    put(server.client(), node(1), [package(f"package-{n}", "x" * 200) for n in range(3000)])
    connection = connect(server, receive=1 << 15)
    connection.sendall(signed(server, "GET", f"/v1/nodes/{node(1)}/state?type=AWS%3AApplication"))
    length, read = None, b""
    while length is None or len(read) < length:
        part = connection.recv(1 << 15)
        assert part, "the server hung up"
        read += part
        if length is None and b"\r\n\r\n" in read:
            head = read.split(b"\r\n\r\n")[0]
            length = len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        time.sleep(0.1)
    connection.close()


def test_requests_that_come_together_are_answered_in_order(server):
    with contextlib.closing(connect(server)) as connection:
        connection.sendall(HEALTH + OPENAPI + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + HEALTH)
        found = answers(connection, 4)
        assert [status for status, _ in found] == [200, 200, 404, 200]
        assert [body[:1] for _, body in found] == [b"o", b"{", b"T", b"o"]
        connection.sendall(HEALTH * 60)
        assert answers(connection, 60) == [(200, b"ok\n")] * 60
    with contextlib.closing(connect(server)) as connection:
        # Also where the client says that it sends no more.
        connection.sendall(HEALTH * 3)
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection, 3) == [(200, b"ok\n")] * 3


def test_who_sends_very_many_requests_before_reading_is_cut_off(server):
    with contextlib.closing(connect(server)) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(HEALTH * 5000)
        eventually(lambda: is_closed(connection), "it is served for ever")


# Places that are taken before it is known who asks.

@pytest.mark.parametrize("authorization, name", [
    (None, "MissingAuthenticationTokenException"),
    (claim("AKIAUNKNOWN"), "UnrecognizedClientException"),
    ("AWS4-HMAC-SHA256 nonsense", "IncompleteSignatureException"),
    ("Basic eDp5", "MissingAuthenticationTokenException"),
    (claim("AKIAUNKNOWN").replace("DATE", "20200101"), "UnrecognizedClientException"),
])
def test_who_is_not_known_is_refused_before_the_body(server, authorization, name):
    for more in ({}, {"Expect": "100-continue"}):
        answer, closed = raw(server, head(server, authorization, 1_000_000, **more), wait=1)
        assert name.encode() in answer and b"100 Continue" not in answer
        # Whether the body comes nobody can tell, where it was asked for.
        assert closed or not more


@pytest.mark.parametrize("operation", [
    "PutInventory", "UpdateInstanceInformation", "GetInventory", "RegisterManagedInstance"])
def test_bodies_of_nobody_take_no_places(own, operation):
    """Not even of a key that is known, and not those that are kept for small calls."""
    server = own("--requests-in-flight-max", "8")
    known = server.first_key["AWS_ACCESS_KEY_ID"]
    with many(server, 40, head(server, None, 1, operation)), many(
            server, 40, head(server, claim(known), 11_000_000, operation) + b"{"):
        time.sleep(0.5)
        loads = metrics(server)
        assert loads["stocktake_requests_in_flight"] == 0
        assert loads["stocktake_body_bytes_in_flight"] == 0
        report_is_taken(server)
        assert send(server) == (200, None)


def test_bytes_of_bodies_are_shared_by_key_and_by_address(own):
    server = own("--body-bytes-in-flight-max", "400000")
    mine = server.key("--account", "000000000000", "--permissions", "write")
    theirs = server.first_key["AWS_ACCESS_KEY_ID"]
    large = [package(f"package-{n}", "x" * 100) for n in range(600)]
    # 16 KiB of each are not counted; the bytes that came are, not those that were announced.
    with many(server, 20, head(server, claim(theirs), 11_000_000), source="127.0.0.2") as others:
        for connection in others:
            connection.settimeout(5)
            with contextlib.suppress(OSError):
                connection.sendall(b"{" * 60_000)
        time.sleep(0.5)
        assert 0 < metrics(server)["stocktake_body_bytes_in_flight"] <= 200_000
        put(server.client(mine), node(1), large)
        # Nor are they taken from the key that they name, for nothing is proven of them.
        put(server.client(), node(2), large)
        report_is_taken(server)


def test_a_registration_is_short(server):
    answer, _ = raw(server, head(server, None, 20_000, "RegisterManagedInstance"), wait=1)
    assert b"TotalSizeLimitExceededException" in answer


def test_connections_from_one_address_leave_some_for_others(own):
    server = own("--connections-max", "40", "--connections-per-address-max", "5")
    with many(server, 60, b"", source="127.0.0.2") as connections:
        eventually(lambda: sum(map(is_closed, connections)) >= 55, "all are held")
        assert sum(map(is_closed, connections)) == 55
        report_is_taken(server)


def test_idle_connections_give_way_where_there_are_few_left(own):
    server = own("--connections-max", "40", "--connections-per-address-max", "40",
                 "--seconds-to-read-max", "2")
    with many(server, 40, HEALTH, source="127.0.0.2") as connections:
        report_is_taken(server)
        # They go until no more than three of four are taken; those that are left may stay.
        eventually(lambda: sum(map(is_closed, connections)) >= 10, "they keep all for themselves")


# Waits.

def test_who_waits_keeps_no_place(own):
    server = own("--requests-in-flight-max", "4", "--waits-max", "40")
    follow = signed(server, "GET", "/v1/changes?after=0&wait=30")
    stream = signed(server, "GET", "/v1/changes?after=0", Accept="text/event-stream")
    with many(server, 10, follow) as polls, many(server, 10, stream):
        eventually(lambda: metrics(server)["stocktake_waits"] == 20, "they do not wait")
        # Half of all is what one key has.
        answer, text = ask(server, "/v1/changes?after=0&wait=1")
        assert (answer.status, json.loads(text)["error"]["code"]) == (429, "ThrottlingException")
        other = server.key("--account", "000000000000", "--permissions", "read")
        with many(server, 1, signed(server, "GET", "/v1/changes?after=0&wait=30", key=other),
                  source="127.0.0.2"):
            eventually(lambda: metrics(server)["stocktake_waits"] == 21, "nobody else may wait")
        eventually(lambda: metrics(server)["stocktake_waits"] == 20, "a wait outlives its client")
        report_is_taken(server)
        for connection in polls:
            connection.settimeout(20)
            (status, body), = answers(connection, 1)
            assert status == 200 and json.loads(body)[0]["node"] == node(0xabc)
    eventually(lambda: metrics(server)["stocktake_waits"] == 0, "waits outlive their clients")


# Heavy questions.

def heavy(server):
    """A question that looks at each item of each node, and the store for it."""
    ssm = server.client()
    for number in range(60):
        put(ssm, node(number), [
            package(f"package-{n}", f"{n % 7}.{number * n % 5}", Publisher=f"p{n % 50}")
            for n in range(150)])
    levels = None
    for name in ("Publisher", "Version", "Name"):
        levels = [{"Expression": f"AWS:Application.{name}",
                   **({"Aggregators": levels} if levels else {})}]
    return signed(server, body=json.dumps({"Aggregators": levels}).encode(),
                  operation="GetInventory")


def test_heavy_questions_keep_nothing_small_waiting(own):
    server = own()
    question = heavy(server)
    done = []

    def wait(connection):
        with contextlib.suppress(OSError, AssertionError):
            done.append(answers(connection, 1)[0][0])

    with many(server, 64, question) as connections:
        eventually(lambda: metrics(server)['stocktake_questions_waiting{about="fleet"}'] > 40,
                   "they do not queue")
        loads = metrics(server)
        assert loads['stocktake_questions_running{about="fleet"}'] <= 64
        threads = []
        for connection in connections:
            connection.settimeout(120)
            threads.append(threading.Thread(target=wait, args=(connection,)))
            threads[-1].start()
        # What is asked after all of them is answered before them.
        report_is_taken(server)
        assert raw(server, HEALTH.replace(b"Host", b"Connection: close\r\nHost"))[0]
        assert ask(server, f"/v1/nodes/{node(1)}")[0].status == 200
        assert len(done) < 60, "the questions were done before anything else was"
        # Of another key, also a question about the fleet: keys take turns.
        other = server.key("--account", "000000000000", "--permissions", "read")
        assert ask(server, "/v1/types", key=other)[0].status == 200
        assert len(done) < 62
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
    # Nobody waits for them any more: they end, long before all could have been answered.
    eventually(lambda: all(
        metrics(server)[f'stocktake_questions_{state}{{about="fleet"}}'] == 0
        for state in ("waiting", "running")), "questions outlive their clients")
    assert set(done) <= {200}


def test_more_questions_than_may_wait_are_told_to_come_back(own):
    server = own("--questions-waiting-max", "4")
    question = heavy(server)
    with many(server, 40, question) as connections:
        statuses = []
        for connection in connections:
            connection.settimeout(60)
            statuses.append(answers(connection, 1)[0][0])
    assert set(statuses) == {200, 429}


# Lists of errors.

def test_a_request_of_bad_lines_costs_little(own):
    server = own()
    before = resident(server)
    answer, text = ask(server, "/v1/reports", None, "POST", b"x\n" * 1_000_000,
                       Content_Type="application/x-ndjson")
    assert answer.status == 413 and json.loads(text)["error"]["code"] == "tooManyReports"
    answer, text = ask(server, "/v1/reports", None, "POST", b"x\n" * 10_000,
                       Content_Type="application/x-ndjson")
    rows = json.loads(text)
    assert answer.status == 200 and len(rows) == 101 and len(text) < 30_000
    assert (rows[0]["line"], rows[-1]["count"]) == (1, 9_900)
    assert resident(server) - before < 150
