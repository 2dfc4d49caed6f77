#!/usr/bin/env python3
"""What the server costs: its own CPU seconds over loopback, every request signed and checked.

The load is made before it is sent: requests are signed in advance and written to sockets as bytes, so
that the client takes little of the two cores. Only the server's CPU time is told, never the client's.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
TYPE = "application/x-amz-json-1.1"
# Clients that report at a time; of 200 nodes each is on one connection, so its reports stay in order.
CONNECTIONS = 40


class Server:
    def __init__(self, binary, *options):
        self.directory = Path(tempfile.mkdtemp(prefix="stocktake-bench-"))
        port_file = self.directory / "port"
        self.process = subprocess.Popen(
            [binary, "serve", "--store", str(self.directory), "--port", "0", "--port-file",
             str(port_file), *options], stdout=subprocess.DEVNULL)
        while not port_file.exists():
            if self.process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.01)
        self.host, port = port_file.read_text().strip().rsplit(":", 1)
        self.port = int(port)
        lines = (self.directory / "first-key").read_text().split()
        self.key = dict(line.split("=", 1) for line in lines)

    def cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024
                for name in ("VmRSS", "RssAnon")}

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.directory)

    def request(self, body=b"", operation=None, method="POST", path="/"):
        """The bytes of a signed request."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        host = f"{self.host}:{self.port}"
        headers = {"host": host, "x-amz-date": now}
        if operation:
            headers |= {"content-type": TYPE, "x-amz-target": f"AmazonSSM.{operation}"}
        names = ";".join(sorted(headers))
        route, _, query = path.partition("?")
        canonical = "\n".join(
            [method, route, query] + [f"{n}:{headers[n]}" for n in sorted(headers)]
            + ["", names, hashlib.sha256(body).hexdigest()])
        scope = f"{now[:8]}/us-east-1/ssm/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.key["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}")
        headers["content-length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        return head.encode() + body

    def connect(self):
        connection = socket.create_connection((self.host, self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def exchange(connection, request):
    """Sends a request and reads its answer; the body."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(1 << 18)
        if not part:
            raise ConnectionError("the server hung up")
        answer += part
    head, body = answer.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(1 << 18)
    if b" 200 " not in head[:20]:
        raise ConnectionError(body.decode(errors="replace")[:300])
    return body


def load(server, requests, connections):
    """Sends requests over some connections, those of one node in order; server CPU and wall seconds."""
    failures = []

    def run(mine):
        try:
            connection = server.connect()
            for request in mine:
                exchange(connection, request)
            connection.close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(requests[n::connections],))
               for n in range(connections)]
    cpu, wall = server.cpu(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"a request failed: {failures[0]}")
    return server.cpu() - cpu, time.monotonic() - wall


def shifted(body, seconds):
    """A body whose capture times are later."""
    def later(match):
        when = datetime.datetime.strptime(match[2].decode(), "%Y-%m-%dT%H:%M:%SZ")
        when += datetime.timedelta(seconds=seconds)
        return match[1] + when.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + b'"'
    return re.sub(rb'("CaptureTime":")([^"]+)"', later, body)


def hashed(body, with_content):
    """A body whose content has a tag, or the tag alone."""
    report = json.loads(body)
    for item in report["Items"]:
        item["ContentHash"] = hashlib.md5(report["InstanceId"].encode()).hexdigest()
        if not with_content:
            del item["Content"]
    return json.dumps(report, separators=(",", ":")).encode()


def fleet(bench, nodes, days):
    """The model's requests, day by day."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        subprocess.run([bench, "fleet", "--nodes", str(nodes), "--days", str(days), "--late", "0",
                        "--requests", file.name], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        bodies = Path(file.name).read_bytes().splitlines()
    return [bodies[n:n + nodes] for n in range(0, len(bodies), nodes)]


def latencies(server, requests, connections, count):
    """Milliseconds of each of many requests, sent from processes of their own."""
    script = (
        "import sys, time, pickle; sys.path.insert(0, sys.argv[1]); import bench\n"
        "address, requests, count = pickle.load(sys.stdin.buffer)\n"
        "import socket; c = socket.create_connection(address)\n"
        "c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
        "times = []\n"
        "for n in range(count):\n"
        "    start = time.perf_counter(); bench.exchange(c, requests[n % len(requests)])\n"
        "    times.append(time.perf_counter() - start)\n"
        "pickle.dump(times, sys.stdout.buffer)\n")
    import pickle
    here = str(Path(__file__).parent)
    workers = [subprocess.Popen([sys.executable, "-c", script, here], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) for _ in range(connections)]
    data = pickle.dumps(((server.host, server.port), requests, count))
    cpu = server.cpu()
    for worker in workers:
        worker.stdin.write(data)
        worker.stdin.close()
    times = [t for worker in workers for t in pickle.loads(worker.stdout.read())]
    for worker in workers:
        worker.wait()
    used = server.cpu() - cpu
    times.sort()
    return (1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)],
            1e6 * used / len(times))


def measure(binary, bench, nodes, days, rounds):
    results = []
    days_of = fleet(bench, nodes, days)
    sizes = [len(body) for day in days_of for body in day]
    items = [body.count(b'"Name":') for body in days_of[0]]
    print(f"{nodes} nodes, {days} days, {statistics.mean(sizes) / 1000:.0f} kB and "
          f"{statistics.mean(items):.0f} items a report, {rounds} rounds", file=sys.stderr)

    def row(name, unit, values):
        results.append({"name": name, "unit": unit, "median": statistics.median(values),
                        "min": min(values), "max": max(values)})

    figures = {}
    for _ in range(rounds):
        server = Server(binary)
        try:
            one_round(server, days_of, nodes, figures)
        finally:
            server.close()
    for (name, unit), values in figures.items():
        row(name, unit, values)
    return results


def one_round(server, days_of, nodes, figures):
    def add(name, unit, value):
        figures.setdefault((name, unit), []).append(value)

    put = lambda bodies: [server.request(body, "PutInventory") for body in bodies]
    # The first day is what a fleet sends when it is new: told by itself.
    cpu, _ = load(server, put(days_of[0]), CONNECTIONS)
    count = sum(body.count(b'"Name":') for body in days_of[0])
    add("first reports", "item reports a CPU s", count / cpu)
    changed = [body for day in days_of[1:] for body in day]
    requests = put(changed)
    cpu, wall = load(server, requests, CONNECTIONS)
    count = sum(body.count(b'"Name":') for body in changed)
    add("changed reports", "item reports a CPU s", count / cpu)
    add("changed reports", "reports a second", len(changed) / wall)
    last = days_of[-1]
    equal = [shifted(body, 60 + n) for n in range(4) for body in last]
    cpu, _ = load(server, put(equal), CONNECTIONS)
    add("equal reports", "reports a CPU s", len(equal) / cpu)
    tagged = [hashed(shifted(body, 3600), True) for body in last]
    load(server, put(tagged), CONNECTIONS)
    alone = [shifted(hashed(body, False), 7200 + n) for n in range(20) for body in last]
    cpu, _ = load(server, put(alone), CONNECTIONS)
    add("unchanged statements", "reports a CPU s", len(alone) / cpu)
    ids = [json.loads(body)["InstanceId"] for body in last[:50]]
    name = re.search(rb'"Name":"([^"]+)"', last[0])[1].decode()
    for label, filters in (
        ("page of 50 nodes", []),
        ("page of 50 nodes, by a package",
         [{"Key": "AWS:Application.Name", "Values": [name], "Type": "Equal"}]),
    ):
        body = json.dumps({"MaxResults": 50, **({"Filters": filters} if filters else {})}).encode()
        page = [server.request(body, "GetInventory")]
        p50, p99, used = latencies(server, page, 1, 300)
        add(f"GetInventory, {label}", "ms p50, 1 client", p50)
        add(f"GetInventory, {label}", "us of server CPU", used)
    states = [server.request(method="GET", path=f"/v1/nodes/{id}/state?type=AWS%3AApplication")
              for id in ids]
    for connections in (1, 8):
        p50, p99, used = latencies(server, states, connections, 400)
        add(f"state of a node over /v1, {connections} client(s)", "us p50", 1000 * p50)
        add(f"state of a node over /v1, {connections} client(s)", "us p99", 1000 * p99)
        add(f"state of a node over /v1, {connections} client(s)", "us of server CPU", used)
    before = server.resident()
    held = [server.connect() for _ in range(1000)]
    health = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    for connection in held:
        exchange(connection, health)
    after = server.resident()
    add("1,000 connections held", "MB resident", after["VmRSS"])
    add("1,000 connections held", "kB of heap each", after["RssAnon"] - before["RssAnon"])
    for connection in held:
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--stocktake", required=True, help="the release binary")
    parser.add_argument("--stocktake-bench", required=True, help="makes the fleet")
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="a file for the figures")
    arguments = parser.parse_args()
    results = measure(arguments.stocktake, arguments.stocktake_bench, arguments.nodes,
                      arguments.days, arguments.rounds)
    width = max(len(row["name"]) for row in results)
    for row in results:
        print(f"{row['name']:{width}}  {row['median']:>12,.1f}  ({row['min']:,.1f} to "
              f"{row['max']:,.1f})  {row['unit']}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
