#!/usr/bin/env python3
"""What small calls cost while many ask heavy questions.

64 clients ask for an aggregation over the whole fleet, again as soon as they have the answer; beside them one
client asks for /healthz, one sends reports and one asks for a node's state, each one after another.
"""

import argparse
import json
import subprocess
import sys
import threading
import time

from bench import Server, exchange, fleet, load, shifted, CONNECTIONS

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
LEVELS = ("Architecture", "Version", "Name")


def question(server):
    """An aggregation that decodes every item of every node."""
    levels = None
    for name in LEVELS:
        levels = [{"Expression": f"AWS:Application.{name}",
                   **({"Aggregators": levels} if levels else {})}]
    filters = [{"Key": "AWS:Application.Name", "Values": ["a"], "Type": "BeginWith"}]
    return server.request(json.dumps({"Aggregators": levels, "Filters": filters}).encode(),
                          "GetInventory")


def crowd(host, port, request, count):
    """Asks over many connections until standard input closes; prints how many answers came."""
    import socket
    done, stop, statuses = [0], threading.Event(), set()

    def ask():
        while not stop.is_set():
            try:
                connection = socket.create_connection((host, port))
                while not stop.is_set():
                    connection.sendall(request)
                    head = b""
                    while b"\r\n\r\n" not in head:
                        part = connection.recv(1 << 18)
                        if not part:
                            raise ConnectionError
                        head += part
                    head, body = head.split(b"\r\n\r\n", 1)
                    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                    while len(body) < length:
                        body += connection.recv(1 << 18)
                    statuses.add(int(head[9:12]))
                    done[0] += 1
            except OSError:
                pass

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    print(json.dumps([done[0], sorted(statuses)]), flush=True)
    import os
    os._exit(0)


def sample(server, requests, seconds, pause):
    """Milliseconds of each of requests sent one after another."""
    connection, times, end = server.connect(), [], time.monotonic() + seconds
    for request in requests:
        if time.monotonic() > end:
            break
        start = time.perf_counter()
        exchange(connection, request)
        times.append(1000 * (time.perf_counter() - start))
        time.sleep(pause)
    connection.close()
    return sorted(times)


def beside(server, days_of, seconds, offset):
    """What small calls cost, all of them at a time: name, milliseconds."""
    states = [server.request(
        method="GET", path=f"/v1/nodes/{json.loads(body)['InstanceId']}/state?type=AWS%3AApplication")
        for body in days_of[0][:50]]
    reports = [server.request(shifted(body, offset + n), "PutInventory")
               for n in range(40) for body in days_of[-1]]
    kinds = {"/healthz": ([HEALTH] * 100_000, 0.01), "report": (reports, 0.02),
             "state of a node": (states * 200, 0.02)}
    found = {}

    def run(name, requests, pause):
        found[name] = sample(server, requests, seconds, pause)

    threads = [threading.Thread(target=run, args=(name, *kind)) for name, kind in kinds.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--stocktake", required=True, help="the release binary")
    parser.add_argument("--stocktake-bench", required=True, help="makes the fleet")
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    days_of = fleet(arguments.stocktake_bench, arguments.nodes, 2)
    server = Server(arguments.stocktake)
    try:
        for day in days_of:
            load(server, [server.request(body, "PutInventory") for body in day], CONNECTIONS)
        asked = question(server)
        start = time.perf_counter()
        exchange(server.connect(), asked)
        print(f"one question alone: {time.perf_counter() - start:.2f} s, {arguments.nodes} nodes, "
              f"{len(days_of[0][0]) / 1000:.0f} kB a report")
        quiet = beside(server, days_of, arguments.seconds / 2, 60)
        others = subprocess.Popen(
            [sys.executable, __file__, "crowd", server.host, str(server.port),
             str(arguments.clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        others.stdin.write(len(asked).to_bytes(4, "big") + asked)
        others.stdin.flush()
        time.sleep(2)
        busy = beside(server, days_of, arguments.seconds, 6000)
        resident = server.resident()["RssAnon"]
        others.stdin.close()
        done, statuses = json.loads(others.stdout.readline())
        print(f"with {arguments.clients} questions at a time, {done} answered {statuses}, "
              f"{resident:.0f} MB resident")
        print(f"{'ms':20} {'p50':>8} {'p99':>8} {'max':>8} {'count':>7}")
        for label, found in (("alone", quiet), ("beside questions", busy)):
            for name, times in found.items():
                print(f"{name + ', ' + label:36} {times[len(times) // 2]:8.2f} "
                      f"{times[int(len(times) * 0.99)]:8.2f} {times[-1]:8.2f} {len(times):7}")
    finally:
        server.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["crowd"]:
        size = int.from_bytes(sys.stdin.buffer.read(4), "big")
        crowd(sys.argv[2], int(sys.argv[3]), sys.stdin.buffer.read(size), int(sys.argv[4]))
    else:
        main()
