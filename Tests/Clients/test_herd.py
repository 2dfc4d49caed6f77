"""The simulation of many nodes, with a few: all its calls are taken, so that its figures mean something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Server

HERD = Path(os.environ["STOCKTAKE"]).with_name("node-herd")
KEYS = Path(__file__).resolve().parents[2] / "Benchmarks" / "server" / "herd_keys.py"
NODES = 6


@pytest.fixture
def hybrid():
    server = Server("--message-wait-seconds", "1", "--log-level", "warning")
    yield server
    server.close()


@pytest.mark.skipif(not HERD.exists(), reason="node-herd is not built")
def test_nodes_join_and_live(hybrid, tmp_path):
    keys, activations = tmp_path / "keys", tmp_path / "activations"
    subprocess.run([sys.executable, KEYS, str(NODES), str(keys)], check=True)
    made = hybrid.client().create_activation(IamRole="r", RegistrationLimit=NODES)
    activations.write_text(f"{made['ActivationId']} {made['ActivationCode']}\n")

    def herd(verb, *more):
        out = subprocess.run(
            [HERD, verb, "--port", str(hybrid.port), "--keys", str(keys), "--nodes", str(NODES),
             "--state", str(tmp_path / "nodes"), "--packages", "5", *more],
            check=True, text=True, stdout=subprocess.PIPE, timeout=120).stdout
        rows = [line.split("\t") for line in out.splitlines()[1:] if "\t" in line]
        return {row[0]: (int(row[1]), row[5].strip()) for row in rows}

    joined = herd("join", "--activations", str(activations))
    assert set(joined) == {"RegisterManagedInstance", "RequestManagedInstanceRoleToken",
                           "UpdateInstanceInformation", "PutInventory"}
    assert all(row == (NODES, "") for row in joined.values())
    # All kinds of calls within a few seconds; every collection has changes.
    lived = herd("run", "--speed", "1", "--ramp", "0.5", "--seconds", "4", "--ping", "1", "--poll", "1",
                 "--collect", "1.5", "--renew", "1", "--changed", "100")
    assert {"GetMessages", "ListInstanceAssociations", "PutInventory", "PutComplianceItems",
            "RequestManagedInstanceRoleToken", "UpdateInstanceInformation",
            "UpdateInstanceAssociationStatus"} <= set(lived)
    assert not any(errors for _, errors in lived.values()), lived
    nodes = hybrid.client().describe_instance_information()["InstanceInformationList"]
    assert len(nodes) == NODES and all(node["PingStatus"] == "Online" for node in nodes)
