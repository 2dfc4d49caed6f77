"""A fleet moves over: `stocktake import aws` reads one server's API into another store."""

import collections
import http.client
import http.server
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, stamp


def run(server, store, *arguments, **more):
    environment = {**os.environ, **server.first_key, "AWS_REGION": "us-east-1", **more}
    return subprocess.run([STOCKTAKE, "import", "aws", "--endpoint-url", server.url, "--store",
                           str(store), *arguments], capture_output=True, text=True, env=environment)


def test_a_fleet_moves_over(own, tmp_path):
    server = own()
    client = server.client()
    for n in range(1, 8):
        client.put_inventory(InstanceId=node(n), Items=[
            item([package(f"p{i}", f"1.{n}") for i in range(120)], APP, stamp(n * 3600), "1.1"),
            item([information(node(n))], INFO, stamp(n * 3600)),
            item([{"Name": "r", "Row": str(n)}], "Custom:Rack", stamp(60))])
    dry = run(server, tmp_path / "none", "--dry-run")
    assert dry.returncode == 0 and "nothing was recorded" in dry.stdout, dry.stderr
    assert not Path(tmp_path / "none").exists()
    moved = run(server, tmp_path / "moved")
    assert moved.returncode == 0 and moved.stdout.startswith("7 nodes, "), moved.stderr
    for type in (APP, INFO, "Custom:Rack"):
        for n in (1, 7):
            here, there = (
                json.loads(subprocess.run(
                    [STOCKTAKE, "show", node(n), type, "--store", str(store), "--format", "json"],
                    capture_output=True, check=True).stdout)[0]
                for store in (tmp_path / "moved", server.directory))
            order = lambda rows: sorted(rows, key=lambda row: sorted(row.items()))
            # The service answers InstanceInformation with the node's present status.
            if type != INFO:
                assert order(here["items"]) == order(there["items"]) and here["items"]
            assert here["observedAt"] == there["observedAt"]
            assert here["schemaVersion"] == there["schemaVersion"] and here["imported"]
    again = run(server, tmp_path / "moved")
    assert " 0 changes," in again.stdout
    one = run(server, tmp_path / "one", "--node", node(3), "--type", APP)
    assert "1 report, 120 items" in one.stdout


def test_what_is_missing_is_said(own, tmp_path):
    server = own()
    wrong = run(server, tmp_path / "s", AWS_SECRET_ACCESS_KEY="wrong")
    assert wrong.returncode == 4 and "InvalidSignatureException" in wrong.stderr
    none = run(server, tmp_path / "s", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="",
               HOME=str(tmp_path))
    assert none.returncode == 2 and "credentials" in none.stderr
    credentials = tmp_path / ".aws" / "credentials"
    credentials.parent.mkdir()
    key = server.first_key
    credentials.write_text(f"[default]\nx = 1\n[fleet]\naws_access_key_id = "
                           f"{key['AWS_ACCESS_KEY_ID']}\n# no\naws_secret_access_key="
                           f"{key['AWS_SECRET_ACCESS_KEY']}\n")
    profile = run(server, tmp_path / "s", "--profile", "fleet", HOME=str(tmp_path))
    assert profile.returncode == 0 and profile.stdout.startswith("0 nodes"), profile.stderr


class Proxy(http.server.ThreadingHTTPServer):
    """Counts requests on their way to a server, holds them up, and answers some itself."""

    daemon_threads = True

    def __init__(self, server, latency=0.0, answer=lambda count, headers: None):
        super().__init__(("127.0.0.1", 0), Relay)
        self.target, self.latency, self.answer = (server.host, server.port), latency, answer
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.count, self.operations = 0, collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.count += 1
        self.server.operations[self.headers["x-amz-target"].split(".")[1]] += 1
        time.sleep(self.server.latency)
        own = self.server.answer(self.server.count, self.headers)
        if own:
            status, raw = 400, json.dumps({"__type": own, "message": "told so"}).encode()
        else:
            connection = http.client.HTTPConnection(*self.server.target)
            connection.request("POST", "/", body, dict(self.headers))
            answer = connection.getresponse()
            status, raw = answer.status, answer.read()
            connection.close()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


NODES = 12


def fleet(server):
    client = server.client()
    for n in range(1, NODES + 1):
        client.put_inventory(InstanceId=node(n), Items=[
            item([package(f"p{i}", f"1.{n}") for i in range(120)], APP, stamp(n * 3600), "1.1"),
            item([information(node(n))], INFO, stamp(n * 3600)),
            item([{"Name": "r", "Row": str(n)}], "Custom:Rack", stamp(60))])


def start(server, proxy, store, **more):
    environment = {**os.environ, **server.first_key, "AWS_REGION": "us-east-1", **more}
    return subprocess.Popen([STOCKTAKE, "import", "aws", "--endpoint-url", proxy.url, "--store",
                             str(store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment)


def states(store):
    """What a store says of all nodes, apart from when it learnt it."""
    said = {}
    for n in range(1, NODES + 1):
        for type in (APP, INFO, "Custom:Rack"):
            state, = json.loads(subprocess.run(
                [STOCKTAKE, "show", node(n), type, "--store", str(store), "--format", "json"],
                capture_output=True, check=True).stdout)
            said[n, type] = (state["observedAt"], state["schemaVersion"], state["imported"],
                             sorted(json.dumps(row, sort_keys=True) for row in state["items"]))
    return said


def wait_for(proxy, count):
    while proxy.count < count:
        time.sleep(0.01)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_a_second_run_goes_on_where_the_first_was_broken_off(own, tmp_path, by):
    server = own()
    fleet(server)
    whole = Proxy(server)
    assert start(server, whole, tmp_path / "whole").wait() == 0
    first = Proxy(server, latency=0.05)
    process = start(server, first, tmp_path / "parts")
    wait_for(first, whole.count * 2 // 3)
    process.send_signal(by)
    process.communicate()
    assert process.returncode == (-9 if by == signal.SIGKILL else 130)
    assert first.count < whole.count
    second = Proxy(server)
    process = start(server, second, tmp_path / "parts")
    said, errors = process.communicate()
    assert process.returncode == 0 and "known already" in said, errors
    print(whole.operations, first.operations, second.operations, said)
    # Of what the store has, neither the rows nor their first page are asked for again.
    known = int(said.split(" of them known already")[0].split()[-1])
    assert known >= 10 and second.count < whole.count
    assert second.operations["ListInventoryEntries"] <= (
        whole.operations["ListInventoryEntries"] - known)
    assert states(tmp_path / "parts") == states(tmp_path / "whole")
    third = Proxy(server)
    process = start(server, third, tmp_path / "parts")
    said, _ = process.communicate()
    assert "\n0 reports," in said and process.returncode == 0, said
    assert third.operations["ListInventoryEntries"] == 0


def test_a_service_that_lists_one_type_only(own, tmp_path):
    """Systems Manager may refuse to list other types; then the first page says what is known."""
    server = own()
    fleet(server)
    assert start(server, Proxy(server), tmp_path / "s").wait() == 0
    again = Proxy(server, answer=lambda _, headers: "InvalidResultAttributeException" if (
        headers["x-amz-target"].endswith("GetInventory") and int(headers["content-length"]) > 30)
        else None)
    process = start(server, again, tmp_path / "s")
    said, errors = process.communicate()
    assert process.returncode == 0 and f"{NODES * 3} of them known already" in said, said + errors
    assert "\n0 reports," in said
    # The list of nodes, two questions which types there are, three for the lists that are refused;
    # and one page for each type of a node, where the rows of the packages have three.
    assert again.operations["GetInventory"] == 1 + 2 + 3
    types = int(said.split(" type")[0].split()[-1])
    assert again.operations["ListInventoryEntries"] == NODES * types > NODES * 3


def test_a_service_that_has_too_much_to_do(own, tmp_path):
    server = own()
    fleet(server)
    busy = Proxy(server, answer=lambda count, _: "ThrottlingException" if count % 20 == 0 else None)
    process = start(server, busy, tmp_path / "s")
    said, errors = process.communicate()
    assert process.returncode == 0 and f"\n{NODES * 3} reports," in said, said + errors
    shut = Proxy(server, latency=0.05,
                 answer=lambda count, _: "ThrottlingException" if count > 40 else None)
    process = start(server, shut, tmp_path / "t", AWS_MAX_ATTEMPTS="2")
    _, errors = process.communicate()
    assert process.returncode == 4 and "ThrottlingException" in errors, errors
    assert "run it again to go on" in errors
    # What was read before is there, and the next run asks for the rest.
    assert shut.count == 42
    again = Proxy(server)
    process = start(server, again, tmp_path / "t")
    said, errors = process.communicate()
    assert process.returncode == 0 and "known already" in said, errors
    assert states(tmp_path / "t") == states(tmp_path / "s")


def test_keys_that_end_are_fetched_again(own, tmp_path):
    server = own()
    fleet(server)
    keys = [server.first_key, server.key("--permissions", "admin")]
    ids = [keys[0]["AWS_ACCESS_KEY_ID"], keys[1]["accessKeyId"]]
    secrets = [keys[0]["AWS_SECRET_ACCESS_KEY"], keys[1]["secretAccessKey"]]
    for n in (0, 1):
        (tmp_path / f"keys{n}").write_text(json.dumps({
            "Version": 1, "AccessKeyId": ids[n], "SecretAccessKey": secrets[n],
            "Expiration": stamp(-3600)}))
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = cat {tmp_path}/keys\n")
    (tmp_path / "keys").symlink_to("keys0")

    def answer(count, headers):
        if count == 30:
            (tmp_path / "keys").unlink()
            (tmp_path / "keys").symlink_to("keys1")
        return "ExpiredTokenException" if count >= 30 and ids[0] in headers["authorization"] else None

    proxy = Proxy(server, answer=answer)
    files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ACCESS_KEY_ID": "",
             "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    process = start(server, proxy, tmp_path / "s", **files)
    said, errors = process.communicate()
    assert process.returncode == 0 and f"\n{NODES * 3} reports," in said, said + errors
    # Where there are none newer the run ends, and says that it can go on.
    (tmp_path / "keys").unlink()
    (tmp_path / "keys").symlink_to("keys0")
    process = start(server, Proxy(
        server, answer=lambda count, _: "ExpiredTokenException" if count > 30 else None),
        tmp_path / "t", **files)
    said, errors = process.communicate()
    assert process.returncode == 4 and "ExpiredTokenException" in errors, errors
    assert 'keys of profile "default"' in errors and "run it again" in errors
