"""kill -9 under load, and a disk that is full: what was acknowledged is there, what was not is not."""

import datetime
import os
import subprocess
import threading
import time

import pytest
from support import APP, entries, long_form, node, package, stamp

# Each version has a second of its own, long ago, and so its own place in history.
BASE = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
ROUNDS = int(os.environ.get("STOCKTAKE_CRASH_ROUNDS", long_form(12, 100)))
WRITERS = 6


def moment(version):
    return stamp(BASE + datetime.timedelta(seconds=version))


class Writer(threading.Thread):
    """Puts one version after the other, and knows which were acknowledged."""

    def __init__(self, server, number, first):
        super().__init__(daemon=True)
        self.client, self.node, self.next = server.client(), node(number), first
        self.acknowledged, self.errors = [], []

    def run(self):
        while True:
            version = self.next
            self.next += 1
            content = [package("p", str(version)), package("same")]
            try:
                self.client.put_inventory(InstanceId=self.node, Items=[{
                    "TypeName": APP, "SchemaVersion": "1.0",
                    "CaptureTime": moment(version), "Content": content}])
            except Exception as error:
                self.errors.append(error)
                return
            self.acknowledged.append(version)


def check(server, writers, sample=4):
    client = server.client()
    for writer in writers:
        if not writer.acknowledged:
            continue
        newest = next(r for r in entries(client, writer.node) if r["Name"] == "p")["Version"]
        # One more may be there: it was stored, and the answer was lost.
        assert int(newest) in (writer.acknowledged[-1], writer.acknowledged[-1] + 1)
        step = max(1, len(writer.acknowledged) // sample)
        for version in writer.acknowledged[::step]:
            at = [{"Key": "Stocktake:At", "Values": [moment(version)]}]
            assert package("p", str(version)) in entries(client, writer.node, Filters=at)


def test_kill_under_load(own):
    server = own()
    first, total = 0, 0
    for round in range(ROUNDS):
        writers = [Writer(server, n, first) for n in range(1, WRITERS + 1)]
        for writer in writers:
            writer.start()
        time.sleep(0.05 + 0.4 * ((round * 7) % 10) / 10)
        server.kill()
        for writer in writers:
            writer.join(timeout=30)
        server.start()
        check(server, writers)
        total += sum(len(writer.acknowledged) for writer in writers)
        first = max(writer.next for writer in writers) + 1
    assert total > ROUNDS
    print(f"{ROUNDS} kills of a server, {total} reports acknowledged to {WRITERS} clients")
    server.stop()
    done = server.command("verify")
    assert done.returncode == 0, done.stdout


def test_a_full_disk(own, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs a file system of its own")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)])
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        server = own(directory=disk)
        client = server.client()
        acknowledged, error = 0, None
        for n in range(2000):
            try:
                client.put_inventory(InstanceId=node(1), Items=[{
                    "TypeName": "Custom:Fill", "SchemaVersion": "1.0",
                    "CaptureTime": stamp(9000 - n), "Content": [
                        {"Id": str(i), "Value": os.urandom(64).hex(), "N": str(n)}
                        for i in range(100)]}])
                acknowledged = n
            except client.exceptions.InternalServerError as caught:
                error = caught
                break
        assert error and acknowledged > 3
        assert "disk" in str(error) or "map" in str(error) or "space" in str(error), error
        # It still answers, and what was acknowledged is whole.
        rows = entries(client, node(1), "Custom:Fill")
        assert {row["N"] for row in rows} == {str(acknowledged)}
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                client.put_inventory(InstanceId=node(1), Items=[{
                    "TypeName": "Custom:Fill", "SchemaVersion": "1.0", "CaptureTime": stamp(1),
                    "Content": [{"Id": "x"}]}])
                break
            except client.exceptions.InternalServerError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert entries(client, node(1), "Custom:Fill") == [{"Id": "x"}]
        server.stop()
        assert server.command("verify").returncode == 0
        server.log.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)])
