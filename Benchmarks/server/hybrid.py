#!/usr/bin/env python3
"""What nodes with an agent cost the server, call by call, and how many of them it can carry.

Registers some nodes, sends each kind of call many times with requests that are signed in advance, and
tells the server's CPU seconds. What a node calls in a day then says what a fleet costs.
"""

import argparse
import http.client
import json
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Clients"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import botocore.awsrequest  # noqa: E402
import boto3  # noqa: E402
from agent import CONTENT_TYPE, Agent, Signer, modelled_snapshot  # noqa: E402
from bench import Server  # noqa: E402

# Calls of a node in a day: pings every 5 minutes, polls every 10, tokens at half of an hour, a collection
# every 12 hours with four words about it, 1 % of collections with changes; and a question for messages
# that waits 18 s at a time.
PER_DAY = {"ping": 288, "poll": 144, "token": 48, "unchanged": 2, "status": 8, "messages": 4800}


class Load:
    """Requests as bytes, sent over a few connections that stay open."""

    def __init__(self, server, connections):
        self.server, self.connections = server, connections

    def send(self, requests):
        """CPU seconds of the server for one request, and the latencies."""
        parts = [requests[number::self.connections] for number in range(self.connections)]
        before = self.server.cpu()
        with ThreadPoolExecutor(self.connections) as pool:
            taken = [latency for part in pool.map(self._send, parts) for latency in part]
        return (self.server.cpu() - before) / len(requests), taken

    def _send(self, requests):
        connection = http.client.HTTPConnection(self.server.host, self.server.port)
        taken = []
        for body, headers in requests:
            start = time.perf_counter()
            connection.request("POST", "/", body=body, headers=headers)
            answer = connection.getresponse()
            said = answer.read()
            taken.append(time.perf_counter() - start)
            if answer.status != 200:
                sys.exit(f"refused: {said[:300]}")
        connection.close()
        return taken


def signed(agent, operation, members, service="ssm"):
    prefix = "AmazonSSM" if service == "ssm" else "EC2WindowsMessageDeliveryService"
    body = json.dumps(members).encode()
    request = botocore.awsrequest.AWSRequest(
        "POST", agent.endpoint.geturl().rstrip("/") + "/", data=body, headers={
            "Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{prefix}.{operation}",
            "Content-Length": str(len(body))})
    Signer(agent.credentials, service, agent.region).add_auth(request)
    return body, dict(request.headers.items()) | {"Host": agent.endpoint.netloc}


def capture(agent, call):
    """The requests that a call of the model makes, caught before they are sent."""
    caught = []
    agent.call = lambda operation, service="ssm", **members: caught.append(
        signed(agent, operation, members, service)) or {}
    call()
    del agent.call
    return caught


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stocktake", required=True)
    parser.add_argument("--nodes", type=int, default=64)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--times", type=int, default=40, help="calls of each kind for each node")
    options = parser.parse_args()
    server = Server(options.stocktake, "--message-wait-seconds", "1")
    try:
        run(server, options)
    finally:
        server.close()


def run(server, options):
    url = f"http://{server.host}:{server.port}"
    ssm = boto3.client("ssm", endpoint_url=url, region_name="us-east-1",
                       aws_access_key_id=server.key["AWS_ACCESS_KEY_ID"],
                       aws_secret_access_key=server.key["AWS_SECRET_ACCESS_KEY"])
    made = ssm.create_activation(IamRole="r", RegistrationLimit=options.nodes)
    agents = []
    for number in range(options.nodes):
        agent = Agent(url, seed=number)
        agent.register(made["ActivationId"], made["ActivationCode"])
        agent.request_token()
        agent.ping()
        agent.run_due(modelled_snapshot(number))
        agents.append(agent)
    association = agents[0].associations()[0]
    load, rows = Load(server, options.connections), {}
    kinds = {
        "ping": lambda agent: agent.ping(),
        "poll": lambda agent: agent.call(
            "ListInstanceAssociations", InstanceId=agent.id, MaxResults=20),
        "unchanged": lambda agent: agent.put_inventory(agent.snapshot),
        "status": lambda agent: agent.report_status(association, "Success", "done"),
    }
    for number, agent in enumerate(agents):
        agent.snapshot = modelled_snapshot(number)
    for name, call in kinds.items():
        requests = [request for _ in range(options.times) for agent in agents
                    for request in capture(agent, lambda: call(agent))]
        rows[name] = load.send(requests)
    tokens = [agent.signed_by_key("RequestManagedInstanceRoleToken",
                                  {"Fingerprint": agent.fingerprint})
              for _ in range(max(1, options.times // 8)) for agent in agents]
    for headers, _ in tokens:
        headers.pop("Transfer-Encoding")  # the length is sent instead: it is not signed
    rows["token"] = load.send([(body, headers) for headers, body in tokens])
    questions = [signed(agent, "GetMessages", {
        "Destination": agent.id, "MessagesRequestId": "x", "VisibilityTimeoutInSeconds": 10},
        "ec2messages") for _ in range(5) for agent in agents]
    rows["messages"] = Load(server, len(agents)).send(questions)
    print(f"{'call':<10} {'CPU us':>8} {'p50 ms':>8} {'p99 ms':>8} {'a day':>6} {'CPU s a node and day':>22}")
    total = 0
    for name, (cpu, taken) in rows.items():
        taken.sort()
        day = cpu * PER_DAY[name]
        total += day
        print(f"{name:<10} {cpu * 1e6:>8.0f} {statistics.median(taken) * 1e3:>8.2f} "
              f"{taken[int(len(taken) * .99)] * 1e3:>8.2f} {PER_DAY[name]:>6} {day:>22.3f}")
    for text, cost in [("without messages", total - rows["messages"][0] * PER_DAY["messages"]),
                       ("with messages", total)]:
        print(f"one core at 70 % carries {int(0.7 * 86400 / cost):,} nodes {text}")
    print(f"a connection that waits: {waiting(server, 2000):.0f} kB of the server's memory")


def waiting(server, count):
    """Resident kB of the server for each connection that is open and does nothing."""
    before = server.resident()["VmRSS"]
    connections = [socket.create_connection((server.host, server.port)) for _ in range(count)]
    for connection in connections:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    for connection in connections:
        connection.recv(1000)
    after = server.resident()["VmRSS"]
    for connection in connections:
        connection.close()
    return (after - before) * 1024 / count


if __name__ == "__main__":
    main()
