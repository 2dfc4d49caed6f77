"""Tables on terminals of 60, 80 and 100 columns, read off a terminal emulator, of a store and of a server."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pyte
import pytest

from conftest import STOCKTAKE
from support import information, item, INFO, package

WIDTHS = (60, 80, 100)
NODES = [f"mi-0123456789abcdef{n}" for n in range(3)]
# What is long in a real fleet.
KERNEL, MOUNT = "linux-image-6.1.0-28-amd64", "libmount1"
OLD, NEW = "1:2.36.1-8+deb12u1", "1:2.36.1-8+deb12u2"
DAY = "2026-03-03"


def report(version, hour, more=()):
    content = [package(KERNEL, version), package(MOUNT, version), package("bash", "5.2.15-2+b7"), *more]
    return [item(content, when=f"{DAY}T{hour:02}:05:06Z")]


@pytest.fixture(scope="module")
def fleet():
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n, id in enumerate(NODES):
        ssm.put_inventory(InstanceId=id, Items=report(OLD, 8))
        ssm.put_inventory(InstanceId=id, Items=[
            item([{**information(id), "ComputerName": f"web-{n}.example.org"}], INFO,
                 when=f"{DAY}T08:00:00Z")])
        ssm.put_inventory(InstanceId=id, Items=report(NEW, 9 + n, [package("zsh", "5.9-4+b2")]))
    yield server
    server.stop()
    server.close()


def terminal(server, width, *arguments, source="--store", zone="UTC"):
    """What stands on a terminal of that width, line by line, and the status."""
    place = str(server.directory) if source == "--store" else server.url
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    process = subprocess.Popen(
        [STOCKTAKE, *arguments, source, place, "--time-zone", zone], stdin=end, stdout=end, stderr=end,
        env={**server.first_key, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TERM": "xterm"})
    os.close(end)
    written = b""
    while True:
        try:
            part = os.read(main, 1 << 16)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(main)
    status = process.wait(timeout=60)
    screen = pyte.Screen(width, 400)
    pyte.ByteStream(screen).feed(written)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    # Nothing was so long that the terminal broke it.
    assert len(lines) == written.count(b"\n"), lines
    return lines, status


def entries(lines):
    """The entries of a table: lines that begin with a time, each with the indented ones after it."""
    found = []
    for line in lines:
        if re.match(r"( *\d+  )?([\d-]{10} )?\d\d:\d\d:\d\d", line):
            found.append(line)
        elif line.startswith("    ") and found:
            found[-1] += " " + line.strip()
    return found


@pytest.mark.parametrize("source", ["--store", "--server"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("question", [
    ["changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z"],
    ["changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z", "--name", "lib*"],
    ["changes"], ["changes", "--type", "Application"],
    ["history", NODES[1], "--from", f"{DAY}T08:30:00Z"], ["history", NODES[1]],
    ["history", NODES[1], "Application", "--name", "linux*"],
    ["diff", NODES[1], "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z"],
], ids=lambda question: " ".join(question)[:60])
def test_what_changed_is_readable(fleet, question, width, source):
    lines, status = terminal(fleet, width, *question, source=source)
    assert status == 0
    changed = [entry for entry in entries(lines) if f"{OLD} → {NEW}" in entry]
    expected = len(NODES) if question[0] == "changes" else 1
    for name in (KERNEL, MOUNT):
        if "--name" in question and not name.startswith(question[-1].rstrip("*")):
            continue
        # Alone, the name can be what all rows have in common.
        rows = [entry for entry in changed if name in entry]
        assert len(rows) == expected, "\n".join(lines)
        assert all("~" in row for row in rows) or "change ~ changed" in " ".join(lines)
    assert not any("…" in part for entry in changed for part in entry.split()
                   if not part.startswith("mi-"))


@pytest.mark.parametrize("width", WIDTHS)
def test_what_all_rows_share_is_told_once(fleet, width):
    lines, _ = terminal(fleet, width, "changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z",
                        "--change", "changed")
    text = "\n".join(lines)
    assert text.count(DAY) == 1 and f"valid time {DAY}" in text
    assert text.count("AWS:Application") == 1 and text.count("x86_64") == 1
    # The times are those of the zone.
    assert len(re.findall(r"\b(09|10|11):05:06\b", text)) == 2 * len(NODES)
    one, _ = terminal(fleet, width, "changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z",
                      "--node", NODES[0])
    assert sum(NODES[0] in line for line in one) == 1 and f"node {NODES[0]}" in "\n".join(one)


def test_what_is_left_out_is_named(fleet):
    question = ["changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z"]
    told = 0
    for width in range(86, 104, 2):
        lines, _ = terminal(fleet, width, *question)
        titles = next(line for line in lines if "NAME" in line)
        note = [line for line in lines if line.startswith("not shown for want of room: ")]
        assert ("SEQ" in titles) != (" SEQ" in " ".join(note)), lines
        told += len(note)
    assert told
    wide, _ = terminal(fleet, 240, *question)
    assert not any("want of room" in line for line in wide) and any("SEQ" in line for line in wide)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_zone_asked_for(fleet, width):
    question = ["changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T09:30:00Z"]
    tables = {source: terminal(fleet, width, *question, source=source, zone="Asia/Tokyo")[0]
              for source in ("--store", "--server")}
    assert tables["--store"] == tables["--server"]
    assert any("18:05:06" in line for line in tables["--server"])
    assert any("Asia/Tokyo (+09:00)" in line for line in tables["--server"])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("question", [
    ["nodes"], ["types"], ["show", NODES[0]], ["show", NODES[0], "Application"],
    ["who-had", KERNEL, "--from", DAY], ["rollup"], ["rollup", "--type", "InstanceInformation"],
    ["rollout", KERNEL, "--from", DAY, "--to", "2026-03-04"],
    ["show", NODES[0], "Application", "--sources"], ["diff", NODES[0], NODES[1]],
], ids=lambda question: " ".join(question)[:60])
def test_every_table_fits_and_is_the_same_of_a_server(fleet, question, width):
    local, status = terminal(fleet, width, *question)
    remote, _ = terminal(fleet, width, *question, source="--server")
    assert status in (0, 1)
    still = re.compile(r"^at  .*|\b\d\d:\d\d:\d\d\b")
    assert [still.sub("", line) for line in local] == [still.sub("", line) for line in remote]


def test_holders_are_readable(fleet):
    for width in WIDTHS:
        lines, _ = terminal(fleet, width, "who-had", KERNEL, "--from", DAY, "--to", f"{DAY}T23:00:00Z")
        text = "\n".join(lines)
        assert text.count(OLD) == 3 and text.count(NEW) == 3, text


def test_a_pipe_has_all_of_each_line(fleet):
    question = ["changes", "--from", f"{DAY}T08:30:00Z", "--to", f"{DAY}T23:00:00Z"]
    piped = fleet.command(*question, "--time-zone", "UTC").stdout.splitlines()
    assert "…" not in "".join(piped)
    for id in NODES:
        row, = [line for line in piped if id in line and KERNEL in line]
        assert DAY in row and "AWS:Application" in row and f"Version {OLD} → {NEW}" in row


def test_what_is_followed_has_one_form(fleet):
    """Pages of one row each: the titles stand once, and each row says all."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    process = subprocess.Popen(
        [STOCKTAKE, "changes", "--follow", "--after", "0", "--store", str(fleet.directory), "--time-zone",
         "UTC"], stdin=end, stdout=end, stderr=end, env={"PATH": "/usr/bin:/bin", "TERM": "xterm"})
    os.close(end)
    written = b""
    while written.count(NEW.encode()) < 6:
        written += os.read(main, 1 << 16)
    process.terminate()
    process.wait(timeout=30)
    os.close(main)
    text = written.decode()
    assert text.count("TIME\x1b") == 1 and text.count(DAY) >= 6 and text.count(OLD) >= 6
