"""Settings from options, environment and file; the log; what goes wrong at the start."""

import json
import os
import socket
import subprocess

import pytest
from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, put


def serve(directory, *options, environment=None, timeout=20):
    """A start that is expected to fail."""
    return subprocess.run(
        [STOCKTAKE, "serve", "--store", str(directory), *options], capture_output=True, text=True,
        timeout=timeout, env={**os.environ, **(environment or {})})


@pytest.mark.parametrize("options, environment, file, words", [
    (["--port", "70000"], {}, None, "port is 0 to 65535"),
    ([], {"STOCKTAKE_PORT": "x"}, None, "port"),
    ([], {}, {"port": "x"}, "port"),
    ([], {}, {"bodyBytesMax": 1}, "bodyBytesMax"),
    ([], {"STOCKTAKE_LOG_LEVEL": "loud"}, None, "logLevel"),
    (["--tls-cert", "x"], {}, None, "--tls-key"),
    (["--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], {}, None, "/nonexistent"),
    (["--config", "/nonexistent"], {}, None, "/nonexistent"),
    (["--host", "192.0.2.1"], {}, None, "192.0.2.1"),
])
def test_settings_that_are_refused(tmp_path, options, environment, file, words):
    if file:
        (tmp_path / "config.json").write_text(json.dumps(file))
        options = ["--config", str(tmp_path / "config.json")]
    done = serve(tmp_path / "store", *options, environment=environment)
    assert done.returncode in (2, 3, 4), done
    assert words in done.stderr and len(done.stderr.splitlines()) <= 3, done.stderr


def test_a_first_start_that_fails_leaves_no_hidden_key(own, tmp_path):
    def keys():
        done = subprocess.run([STOCKTAKE, "keys", "list", "--store", str(tmp_path / "store"),
                               "--format", "json"], capture_output=True, text=True)
        return json.loads(done.stdout or "[]")

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = serve(tmp_path / "store", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 4 and "in use" in done.stderr
    assert keys() == [] and not (tmp_path / "store/first-key").exists()
    # Nor does one that cannot write down what it made.
    (tmp_path / "store/first-key").mkdir()
    server = own(directory=tmp_path / "store")
    assert keys() == [] and "first-key" in (tmp_path / "store/log").read_text()
    server.stop()
    (tmp_path / "store/first-key").rmdir()
    server = own(directory=tmp_path / "store")
    assert [key["accessKeyId"] for key in keys()] == [server.first_key["AWS_ACCESS_KEY_ID"]]
    assert server.client().list_nodes()["Nodes"] == []


def test_an_option_wins_over_the_environment_and_that_over_the_file(own, tmp_path, monkeypatch):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"connectionLostAfter": 1, "acceptAnyNodeId": True,
                                "logLevel": "error"}))
    monkeypatch.setenv("STOCKTAKE_LOG_LEVEL", "info")
    server = own("--config", str(file))
    ssm = server.client()
    answer = ssm.put_inventory(InstanceId="any-name", Items=[item([package("a")])])
    request = answer["ResponseMetadata"]["RequestId"]
    lines = [json.loads(line) for line in (server.directory / "log").read_text().splitlines()
             if line.startswith("{")]
    mine = [line for line in lines
            if line.get("request") == request and line["logger"] == "stocktake"]
    assert len(mine) == 1 and mine[0]["operation"] == "PutInventory" and mine[0]["status"] == "200"
    assert mine[0]["time"].endswith("Z") and mine[0]["level"] == "info"


def test_two_servers_cannot_share_a_port(own):
    server = own()
    done = serve(server.directory / "other", "--port", str(server.port))
    assert done.returncode == 4 and "in use" in done.stderr.lower()


def test_the_store_is_used_by_the_command_line_meanwhile(own):
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("openssl", "3.0.2")], when=100)
    shown, = json.loads(server.command("show", node(1), APP, "--format", "json").stdout)
    assert shown["items"][0]["Version"] == "3.0.2"
    server.command("collect", "--node", node(2))
    put(ssm, node(3), [information(node(3))], INFO)
    assert [e["Id"] for e in ssm.get_inventory()["Entities"]] == [node(1), node(2), node(3)]
    assert server.command("verify").returncode == 0
    backup = server.directory / "backup"
    server.command("backup", str(backup))
    assert backup.stat().st_size > 0


def test_help_says_how():
    for arguments in (["serve"], ["keys"], ["keys", "create"]):
        done = subprocess.run([STOCKTAKE, *arguments, "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and "USAGE" in done.stdout
    assert "EXAMPLES" in subprocess.run(
        [STOCKTAKE, "serve", "--help"], capture_output=True, text=True).stdout
