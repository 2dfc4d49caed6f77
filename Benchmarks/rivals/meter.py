"""Counts CPU seconds of this process and of a server's process tree, and wall time."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Adds up what the parts inside `running` cost; what is outside is free."""

    def __init__(self, server: int | None) -> None:
        self._server = server
        self.cpu = 0.0
        self.wall = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Looking at the server is kept out of this process' own time at both ends."""
        server, own, wall = self._server_cpu(), _own_cpu(), time.perf_counter()
        try:
            yield
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += _own_cpu() - own
            self.cpu += self._server_cpu() - server

    def _server_cpu(self) -> float:
        return 0.0 if self._server is None else tree_cpu(self._server)


def _own_cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def tree_cpu(root: int) -> float:
    """CPU seconds of a process, its descendants, and the children they have waited for."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = Path(f"/proc/{name}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended in between, and its parent has its time.
        # The name in parentheses may hold anything; the fields wanted come after it.
        fields = stat.rpartition(b")")[2].split()
        children.setdefault(int(fields[1]), []).append(int(name))
        ticks[int(name)] = sum(map(int, fields[11:15]))
    total, todo = 0, [root]
    while todo:
        process = todo.pop()
        total += ticks.get(process, 0)
        todo += children.get(process, [])
    return total / _TICKS


def percentile(values: list[float], per_cent: int) -> float:
    """The smallest value that at least this share of all do not exceed; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -(-per_cent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]
