"""A program on a terminal of its own, and somebody who types."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path

import pytest
from conftest import STOCKTAKE

BIN = str(Path(STOCKTAKE).parent)


def on_terminal(arguments, columns, keys=(), environment=None, seconds=30, until=None):
    """What a terminal of so many columns shows, and the status; keys are (text to wait for, bytes)."""
    child, terminal = pty.fork()
    if child == 0:
        values = {"TERM": "xterm", "PATH": f"{BIN}:/usr/bin:/bin", "HOME": "/nonexistent",
                  **(environment or {})}
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.execve(arguments[0], arguments, values)
    shown, keys = b"", list(keys)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if keys and keys[0][0] in shown:
                time.sleep(0.5)  # A shell that is about to prompt would throw away what comes first.
                os.write(terminal, keys.pop(0)[1])
            if until and until in shown and not keys:
                os.kill(child, signal.SIGKILL)
                break
            ready, _, _ = select.select([terminal], [], [], 0.1)
            if ready:
                piece = os.read(terminal, 65536)
                if not piece:
                    break
                shown += piece
        else:
            os.kill(child, signal.SIGKILL)
            pytest.fail(f"no end: {shown!r}")
    except OSError:
        pass  # The terminal's way to say that its last program is gone.
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)
