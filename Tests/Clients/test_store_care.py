"""Readers of the store that die or hang, and the check that the server makes by itself."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import STOCKTAKE
from support import node, package, put

# Reads the state of a store until it is killed, through LMDB itself.
READER = """
import ctypes, sys, time
lmdb = ctypes.CDLL("liblmdb.so.0")
env, txn = ctypes.c_void_p(), ctypes.c_void_p()
assert lmdb.mdb_env_create(ctypes.byref(env)) == 0
# MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY
assert lmdb.mdb_env_open(env, sys.argv[1].encode(), 0x4000 | 0x200000 | 0x20000, 0o600) == 0
assert lmdb.mdb_txn_begin(env, None, 0x20000, ctypes.byref(txn)) == 0
print("reading", flush=True)
time.sleep(600)
"""


def get(server, path):
    with urllib.request.urlopen(server.url + path, timeout=30) as answer:
        return answer.read().decode()


def metrics(server):
    return {name: float(value) for name, value in re.findall(
        r"^(stocktake_[a-z_]+) (\S+)$", get(server, "/metrics"), re.M)}


def log(server):
    return [json.loads(line) for line in (server.directory / "log").read_text().splitlines()
            if line.startswith("{")]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail("it did not come")


def test_a_reader_that_hangs_is_named_and_one_that_died_is_cleared(own):
    server = own("--reader-seconds-max", "1", "--check-schedule", "none")
    ssm = server.client()
    put(ssm, node(1), [package("a")], when=1000)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(server.directory / "stocktake.lmdb")],
        stdout=subprocess.PIPE)
    try:
        assert reader.stdout.readline() == b"reading\n"
        assert metrics(server)["stocktake_oldest_reader_lag_transactions"] == 0
        os.kill(reader.pid, signal.SIGSTOP)
        for version in range(5):
            put(ssm, node(1), [package("a", f"2.{version}")], when=900 - version)
        now = metrics(server)
        assert now["stocktake_store_readers"] >= 1
        assert now["stocktake_oldest_reader_lag_transactions"] >= 5
        assert now["stocktake_oldest_reader_pinned_bytes"] >= 5 * 4096
        wait_for(lambda: metrics(server)["stocktake_oldest_reader_age_seconds"] >= 1)
        warnings = [line for line in log(server) if line["level"] == "warning"]
        assert len(warnings) == 1 and warnings[0]["pid"] == str(reader.pid), log(server)
        assert warnings[0]["program"].startswith("python") and warnings[0]["stopped"] == "true"
        assert f"process {reader.pid} (python" in warnings[0]["message"]
        metrics(server)
        assert len([line for line in log(server) if line["level"] == "warning"]) == 1
    finally:
        reader.kill()
        reader.wait()
    now = metrics(server)
    assert now["stocktake_dead_readers_cleared_total"] == 1
    assert now["stocktake_oldest_reader_age_seconds"] == 0
    assert any(line["message"] == "places of readers that died were freed"
               for line in log(server))


def last_check(server):
    lines = get(server, "/readyz").splitlines()
    assert lines[0] == "ready"
    return lines[1] if len(lines) > 1 else None


def test_the_store_is_checked_by_schedule(own, tmp_path):
    server = own()
    put(server.client(), node(1), [package("quite-a-rare-name", str(k)) for k in range(5)])
    assert last_check(server) is None
    server.stop()
    # The store is not new any more, and was never checked.
    server.start()
    found = wait_for(lambda: last_check(server))
    assert re.fullmatch(r"last check \d{4}-\d\d-\d\dT\S+Z: sound", found)
    now = metrics(server)
    assert now["stocktake_store_check_sound"] == 1
    assert now["stocktake_store_check_timestamp_seconds"] > 1.7e9
    kept = json.loads((server.directory / "last-check").read_text())
    assert kept["sound"] is True and kept["records"] >= 1
    assert (server.directory / "last-check").stat().st_mode & 0o777 == 0o600
    server.stop()
    # What it found is known after the next start, and it is not due again.
    server.start()
    assert last_check(server) == found
    server.stop()

    file = server.directory / "stocktake.lmdb"
    content = file.read_bytes()
    assert b"quite-a-rare-name" in content
    file.write_bytes(content.replace(b"quite-a-rare-name", b"quite-a-rare-nbme"))
    (server.directory / "last-check").unlink()
    server.start()
    assert ": damaged, " in wait_for(lambda: last_check(server))
    assert metrics(server)["stocktake_store_check_sound"] == 0
    assert any(line["level"] == "critical" for line in log(server))
    server.stop()
    # Mended: a store that was damaged is checked at the next start, not a day later.
    file.write_bytes(content)
    server.start()
    wait_for(lambda: last_check(server).endswith(": sound"))


def test_a_schedule_that_is_none_and_one_that_is_wrong(own, tmp_path):
    server = own("--check-schedule", "none")
    put(server.client(), node(1), [package("a")])
    server.stop()
    server.start()
    assert get(server, "/readyz") == "ready\n"
    assert "stocktake_store_check_sound" not in get(server, "/metrics")
    done = subprocess.run(
        [STOCKTAKE, "serve", "--store", str(tmp_path / "s"), "--check-schedule", "daily"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "checkSchedule is rate(1 day)" in done.stderr
