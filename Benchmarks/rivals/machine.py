"""What a benchmark ran on."""

import os
import platform
from pathlib import Path


def describe() -> dict[str, str | int]:
    return {
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count() or 0,
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "system": _field("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        "python": platform.python_version(),
    }


def _field(path: str, name: str, separator: str = ":") -> str:
    try:
        for line in Path(path).read_text().splitlines():
            key, _, value = line.partition(separator)
            if key.strip() == name:
                return value.strip()
    except OSError:
        pass
    return "unknown"
