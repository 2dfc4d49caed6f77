"""Every verb where the store cannot be used: one line on standard error, the right status, no signal.

Run over any program: `Tests/Clients/run .build/release/stocktake test_refusals.py` asks the optimised one.
"""

import fcntl
import json
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import STOCKTAKE
from support import FOREIGN

NOBODY = 65534
FOUND, NOTHING, USAGE, BAD, STORE = 0, 1, 2, 3, 4
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": "/nonexistent",
               "SWIFT_BACKTRACE": "enable=no"}
REPORT = {"InstanceId": "i-1", "Items": [{
    "TypeName": "AWS:Application", "SchemaVersion": "1.1", "CaptureTime": "2026-03-03T00:00:00Z",
    "Content": [{"Name": "a", "Version": "1"}]}]}

READING = {
    "nodes": ["nodes"], "types": ["types"], "show": ["show", "i-1"], "history": ["history", "i-1"],
    "diff": ["diff", "i-1", "--from", "2026-03-01"], "who-had": ["who-had", "a"],
    "rollout": ["rollout", "a", "--from", "2026-03-01"], "rollup": ["rollup"],
    "changes": ["changes"], "stats": ["stats"],
    "verify": ["verify"], "verify-quick": ["verify", "--quick"], "backup": ["backup", "{new}"],
}
WRITING = {
    "ingest": ["ingest", "{report}"], "ingest-strict": ["ingest", "{report}", "--strict"],
    "collect": ["collect", "--node", "i-1", "--type", "InstanceInformation"],
    "import": ["import", "debian-packages", "{status}", "--node", "i-1"],
    "node": ["node", "tag", "i-1", "a=b"], "forget": ["forget", "i-1", "--yes"],
    "type-declare": ["type", "declare-identity", "Custom:A", "Name"],
    "type-delete": ["type", "delete", "Custom:A"], "rebuild": ["rebuild"], "upgrade": ["upgrade"],
    "keys-create": ["keys", "create"], "keys-list": ["keys", "list"],
    "activation": ["activation", "list"], "serve": ["serve", "--port", "0"],
}
VERBS = {**READING, **WRITING}


class Bench:
    def __init__(self, folder):
        self.folder = folder
        folder.chmod(0o755)
        self.count = 0
        self.report = folder / "report.jsonl"
        self.report.write_text(json.dumps(REPORT) + "\n")
        self.status = folder / "status"
        self.status.write_text("Package: a\nStatus: install ok installed\nVersion: 1\n"
                               "Architecture: all\nMaintainer: x\nDescription: y\n\n")
        os.utime(self.status, (1772500000, 1772500000))
        self.whole = folder / "whole"
        done = self.run(["ingest", "{report}"], self.whole)
        assert done.returncode == FOUND, done.stderr

    def run(self, arguments, store, **options):
        self.count += 1
        places = {"report": self.report, "status": self.status,
                  "new": f"{self.folder}/new-{self.count}-{arguments[0]}"}
        return subprocess.run(
            [STOCKTAKE, *[text.format(**places) for text in arguments], "--store", str(store)],
            capture_output=True, text=True, timeout=60, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            **options)

    def copy(self, name):
        shutil.copytree(self.whole, self.folder / name)
        return self.folder / name

    def refusals(self, verbs, store, expected=STORE, words=(), **options):
        """What is not as it should be, of all verbs."""
        with ThreadPoolExecutor(4) as pool:
            runs = dict(zip(verbs, pool.map(
                lambda name: self.run(verbs[name], store, **options), verbs)))
        wrong = {}
        for name, done in runs.items():
            lines = done.stderr.splitlines()
            # What was collected is told before it is recorded.
            if done.returncode != expected or len(lines) != 1 \
                    or (done.stdout and name not in ("collect", "import")) \
                    or not lines[0].startswith("stocktake: ") or FOREIGN.search(lines[0]) \
                    or not any(word in lines[0] for word in words or [""]):
                wrong[name] = (done.returncode, done.stdout[:200], done.stderr[:400])
        return wrong


@pytest.fixture
def bench(tmp_path):
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    return Bench(tmp_path)


def data(store):
    return store / "stocktake.lmdb"


def test_what_is_no_store(bench):
    few = {name: VERBS[name] for name in ("nodes", "ingest", "verify")}
    for name, content, verbs in (
            ("random", os.urandom(100_000), VERBS), ("text", b"hello\n" * 1000, few),
            ("zeros", bytes(65536), few), ("short", b"x", few)):
        store = bench.folder / name
        store.mkdir()
        data(store).write_bytes(content)
        assert bench.refusals(verbs, store, words=["is not an LMDB environment"]) == {}
        assert data(store).read_bytes() == content


def test_a_file_that_is_cut_off(bench):
    whole = data(bench.whole).read_bytes()
    store = bench.copy("cut")
    data(store).write_bytes(whole[:len(whole) // 2])
    assert bench.refusals(VERBS, store, words=["the file is cut off: it has "]) == {}
    assert data(store).stat().st_size == len(whole) // 2
    for name in ("nodes", "ingest"):
        for page in range(1, len(whole) // 4096):
            data(store).write_bytes(whole[:page * 4096 + page % 3])
            done = bench.run(VERBS[name], store)
            assert done.returncode == STORE and "cut off" in done.stderr, (name, page, done)


def test_half_a_backup_is_not_restored(bench):
    backup = bench.folder / "backup"
    assert bench.run(["backup", str(backup)], bench.whole).returncode == FOUND
    whole = backup.read_bytes()
    for page in range(0, len(whole) // 4096):
        for extra in (0, 17):
            backup.write_bytes(whole[:page * 4096 + extra])
            target = bench.folder / "restored"
            done = bench.run(["restore", str(backup)], target)
            assert done.returncode == STORE, (page, extra, done)
            assert done.stderr.startswith(f"stocktake: {backup} is no whole backup of a store: ")
            assert len(done.stderr.splitlines()) == 1 and not target.exists(), (page, extra, done)
    backup.write_bytes(whole)
    assert bench.run(["restore", str(backup)], target).returncode == FOUND
    assert bench.run(["verify"], target).returncode == FOUND


def test_where_there_is_no_store(bench):
    missing = bench.folder / "missing"
    assert bench.refusals(READING, missing, words=["there is no store in "]) == {}
    assert not missing.exists()
    # Nothing can be made in /proc, by nobody.
    assert bench.refusals(
        VERBS, "/proc/nope", words=["there is no store in ", "cannot make the directory"]) == {}
    # A file stands where the directory should.
    assert bench.refusals(VERBS, bench.report) == {}


def test_a_newer_format(bench):
    store = bench.copy("newer")
    content = data(store).read_bytes()
    # The row `store` of the table `meta` begins with the number of the format, which is 2.
    places = [place for place in range(len(content) - 6)
              if content[place:place + 6] == b"store\x02"]
    assert places
    changed = bytearray(content)
    for place in places:
        changed[place + 5] = 3
    data(store).write_bytes(changed)
    assert bench.refusals(VERBS, store, words=["format 3"]) == {}
    assert data(store).read_bytes() == bytes(changed)


def test_without_permission(bench):
    store = bench.copy("closed")
    options = {}
    if os.geteuid() == 0:
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        seen = subprocess.run([STOCKTAKE, "--version"], capture_output=True, **options)
        if seen.returncode != 0:
            pytest.skip("another user may not run the program from where it was built")
        store.chmod(0o700)
    else:
        data(store).chmod(0)
    try:
        assert bench.refusals(VERBS, store, words=["ermission"], **options) == {}
    finally:
        data(store).chmod(0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="a reader of another user takes root")
def test_a_reader_that_may_not_write_the_lock_file(bench, own):
    nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    if subprocess.run([STOCKTAKE, "--version"], capture_output=True, **nobody).returncode != 0:
        pytest.skip("another user may not run the program from where it was built")
    reading = {name: VERBS[name] for name in ("nodes", "show", "changes", "verify-quick")}
    server = own()
    server.command("ingest", str(bench.report))
    server.directory.chmod(0o755)
    data(server.directory).chmod(0o644)
    lock = server.directory / "stocktake.lmdb-lock"
    for mode in (0o644, 0o600):
        lock.chmod(mode)
        assert bench.refusals(
            reading, server.directory, words=["may not be written"], **nobody) == {}
    lock.chmod(0o666)
    assert bench.run(["nodes"], server.directory, **nobody).returncode == FOUND
    # Nobody writes any more: reading without the lock is safe.
    server.stop()
    lock.chmod(0o644)
    for name in reading:
        assert bench.run(reading[name], server.directory, **nobody).returncode == FOUND, name
    lock.unlink()
    assert bench.run(["nodes"], server.directory, **nobody).returncode == FOUND


def test_a_lock_file_that_another_process_does_not_let_go(bench):
    store = bench.copy("held")
    with open(store / "stocktake.lmdb-lock", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX, 1, 0)
        verbs = {name: VERBS[name] for name in ("nodes", "ingest", "serve", "verify")}
        wrong = bench.refusals(verbs, store, words=[f"process {os.getpid()} ("])
        assert wrong == {}
    assert bench.run(["nodes"], store).returncode == FOUND


@pytest.fixture
def disk(tmp_path):
    """Makes a small file system; unmounted at the end."""
    made = []

    def make(options):
        place = tmp_path / f"disk-{len(made)}"
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
                              capture_output=True)
        if done.returncode != 0:
            pytest.skip("mounting takes root")
        made.append(place)
        return place

    yield make
    for place in made:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_file_system(bench, disk):
    place = disk("size=16m")
    shutil.copytree(bench.whole, place / "store")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    assert bench.refusals(WRITING, place / "store", words=["ead-only"]) == {}
    assert bench.refusals(WRITING, place / "new", words=["ead-only", "there is no store"]) == {}
    for name, arguments in READING.items():
        done = bench.run(arguments, place / "store")
        assert done.returncode in (FOUND, NOTHING), (name, done)
        assert not done.stderr or name == "diff", (name, done)


def fill(place):
    """Leaves no room, to the last byte."""
    with open(place / "ballast", "wb", 0) as ballast:
        size = 1 << 16
        while size >= 1:
            try:
                ballast.write(b"x" * size)
            except OSError:
                size //= 2


def test_a_full_disk_is_named(bench, disk):
    place = disk("size=8m")
    shutil.copytree(bench.whole, place / "store")
    reports = place / "store" / "many.jsonl"
    with open(reports, "w") as file:
        for number in range(200):
            report = json.loads(json.dumps(REPORT))
            report["InstanceId"] = f"i-{number}"
            report["Items"][0]["Content"] = [
                {"Name": f"p{number}-{k}", "Version": f"{number * k}"} for k in range(60)]
            file.write(json.dumps(report) + "\n")
    done = bench.run(["ingest", str(reports)], place / "store")
    assert done.returncode == FOUND, done
    reports.unlink()
    lock = place / "store" / "stocktake.lmdb-lock"
    for lock_is_there in (True, False):
        fill(place)
        if not lock_is_there:
            lock.unlink()
            fill(place)
        done = bench.run(["verify"], place / "store")
        assert done.returncode == STORE and "the disk is full" in done.stderr, done
        assert "damage" not in done.stdout + done.stderr and len(done.stderr.splitlines()) == 1
        done = bench.run(["verify", "--quick"], place / "store")
        assert done.returncode == FOUND and "sound" in done.stdout, done
        assert bench.run(["nodes"], place / "store").returncode == FOUND
        for name in ("ingest", "node", "keys-create", "rebuild", "serve"):
            done = bench.run(VERBS[name], place / "store")
            # Free pages may be room enough; the lock file never is.
            assert done.returncode == STORE or (lock_is_there and name != "serve"), (name, done)
            assert done.returncode == FOUND or "full" in done.stderr or "No space" in done.stderr
        assert not list((place / "store").glob("scratch*"))
    (place / "ballast").unlink()
    done = bench.run(["verify"], place / "store")
    assert done.returncode == FOUND, done


def test_a_backup_that_is_killed_has_no_name(bench, disk):
    place = disk("size=4m")
    fill(place)
    done = bench.run(["backup", str(place / "copy")], bench.whole)
    assert done.returncode == STORE and "full" in done.stderr, done
    assert not (place / "copy").exists() and not (place / "copy.part").exists()
    done = bench.run(["restore", str(data(bench.whole))], place / "store")
    assert done.returncode == STORE and not data(place / "store").exists(), done
    # What a killed one left is taken over.
    part = bench.folder / "later.part"
    part.write_bytes(bytes(5_000_000))
    assert bench.run(["backup", str(bench.folder / "later")], bench.whole).returncode == FOUND
    assert not part.exists()
    assert bench.run(["restore", str(bench.folder / "later")],
                     bench.folder / "again").returncode == FOUND


def test_the_folder_of_a_store_is_its_owners(bench):
    store = bench.folder / "a" / "b" / "store"
    assert bench.run(["ingest", "{report}"], store, umask=0o022).returncode == FOUND
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o755
    for file in store.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    restored = bench.folder / "c" / "restored"
    bench.run(["backup", str(bench.folder / "backup")], store)
    assert bench.run(["restore", str(bench.folder / "backup")], restored).returncode == FOUND
    assert stat.S_IMODE(restored.stat().st_mode) == 0o700
