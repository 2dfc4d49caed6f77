"""A fleet moves over: `stocktake import aws` reads one server's API into another store."""

import json
import os
import subprocess
from pathlib import Path

from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, stamp


def run(server, store, *arguments, **more):
    environment = {**os.environ, **server.first_key, "AWS_REGION": "local", **more}
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
                    capture_output=True, check=True).stdout)
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
