"""A modelled fleet, pushed by several clients at once; every question compared by its digest.

Benchmarks/README.md describes the files and what a line of each answer is.  They come from
`stocktake-bench fleet` where STOCKTAKE_BENCH names it, or are given: STOCKTAKE_FLEET=REQUESTS,QUERIES.
"""

import collections
import datetime
import hashlib
import http.client
import json
import os
import subprocess
import threading
import zlib

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support import APP, entries, ids
from test_v1 import get

PUSHERS = 6


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of requests and the list of questions."""
    if given := os.environ.get("STOCKTAKE_FLEET"):
        requests, queries = given.split(",")
    else:
        if not (bench := os.environ.get("STOCKTAKE_BENCH")):
            pytest.skip("neither STOCKTAKE_BENCH nor STOCKTAKE_FLEET is set")
        folder = tmp_path_factory.mktemp("fleet")
        requests, queries = folder / "requests.jsonl", folder / "queries.json"
        subprocess.run([bench, "fleet", "--nodes", "40", "--days", "20", "--items", "200",
                        "--requests", requests, "--queries", queries], check=True,
                       capture_output=True)
    with open(queries) as file:
        return requests, json.load(file)


@pytest.fixture(scope="module")
def pushed(model):
    """A server that has all of the fleet's reports, each node's in the order of their arrival."""
    from conftest import Server
    server = Server()
    lines = [[] for _ in range(PUSHERS)]
    with open(model[0], "rb") as file:
        for line in file:
            lines[zlib.crc32(json.loads(line)["InstanceId"].encode()) % PUSHERS].append(line.strip())
    failures = []

    def push(bodies):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        key = server.first_key
        signer = SigV4Auth(Credentials(
            key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"]), "ssm", "us-east-1")
        for body in bodies:
            request = AWSRequest("POST", server.url + "/", data=body, headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AmazonSSM.PutInventory"})
            signer.add_auth(request)
            connection.request("POST", "/", body, dict(request.headers))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                failures.append(text)
                return

    threads = [threading.Thread(target=push, args=(bodies,)) for bodies in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    yield server
    server.stop()
    server.close()


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def held(row):
    return f'{row["Name"]}\t{row["Version"]}\t{seconds(row["InstalledTime"])}'


def sides(changes, *leading):
    """A line for each change; of several of one name, old and new are paired in their order."""
    groups = collections.defaultdict(lambda: (collections.Counter(), collections.Counter()))
    for change in changes:
        for side, item in enumerate((change["old"], change["new"])):
            if item:
                name = (item["Name"], *(lead(change) for lead in leading))
                groups[name][side][item["Version"], item.get("InstalledTime")] += 1
    for (name, *lead), (old, new) in groups.items():
        left = sorted(version for version, _ in (old - new).elements())
        right = sorted(version for version, _ in (new - old).elements())
        count = max(len(left), len(right))
        for a, b in zip(left + [""] * (count - len(left)), right + [""] * (count - len(right))):
            yield "\t".join([*lead, name, a, b])


def in_valid_time(change):
    return str(seconds(change["validTime"]))


def rolled_out(server, q):
    to = q["from"] + (q["days"] - 1) * 86400
    for step in get(server, f'/v1/rollout?name={q["name"]}&from={stamp(q["from"])}'
                            f'&to={stamp(to)}&every=86400'):
        for version, nodes in step["nodes"].items():
            yield f'{seconds(step["at"])}\t{version}\t{nodes}'


def at(q):
    return [{"Key": "Stocktake:At", "Values": [stamp(q["time"])]}] if "time" in q else []


# How each kind of question is asked of our own API, and what the lines of its answer are.
V1 = {
    "asof": lambda s, q: map(held, get(
        s, f'/v1/nodes/{q["host"]}/state?type={APP}&at={stamp(q["time"])}')[0]["items"]),
    "current": lambda s, q: map(held, get(
        s, f'/v1/nodes/{q["host"]}/state?type={APP}')[0]["items"]),
    "who": lambda s, q: {h["node"] for h in get(
        s, f'/v1/holders?name={q["name"]}&version={q["version"]}&at={stamp(q["time"])}')},
    "diff": lambda s, q: sides(get(
        s, f'/v1/nodes/{q["host"]}/diff?type={APP}&from={stamp(q["from"])}&to={stamp(q["to"])}')),
    "history": lambda s, q: sides(get(
        s, f'/v1/nodes/{q["host"]}/history?type={APP}&limit=10000'), in_valid_time),
    "changes": lambda s, q: sides(get(
        s, f'/v1/changes?from={stamp(q["from"])}&to={stamp(q["to"])}&limit=10000'),
        in_valid_time, lambda change: change["node"]),
    "rollout": rolled_out,
    "rollup": lambda s, q: (
        f'{line["name"]}\t{line["version"]}\t{line["nodes"]}'
        for line in get(s, f'/v1/rollup?at={stamp(q["time"])}')),
}

# Those that Systems Manager's operations can answer, at a date by the reserved filter.
SSM = {
    "asof": lambda c, q: map(held, entries(c, q["host"], Filters=at(q))),
    "current": lambda c, q: map(held, entries(c, q["host"])),
    "who": lambda c, q: ids(
        c, (APP + ".Name", "Equal", q["name"]), (APP + ".Version", "Equal", q["version"]),
        ("Stocktake:At", "Equal", stamp(q["time"]))),
}


def compare(kind, questions, ask):
    wrong = []
    for q in questions:
        lines = sorted(ask(q), key=str.encode)
        found = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        if (len(lines), found) != (q["count"], q["sha256"]):
            wrong.append((q, len(lines), lines[:3]))
    assert not wrong, f"{len(wrong)} of {len(questions)} {kind}: {wrong[:2]}"


@pytest.mark.parametrize("kind", V1)
def test_own_api(model, pushed, kind):
    questions = [q for q in model[1] if q["q"] == kind]
    if not questions:
        pytest.skip("the model has no such question")
    compare(kind, questions, lambda q: V1[kind](pushed, q))


@pytest.mark.parametrize("kind", SSM)
def test_systems_manager(model, pushed, kind):
    client = pushed.client()
    questions = [q for q in model[1] if q["q"] == kind]
    compare(kind, questions, lambda q: SSM[kind](client, q))
