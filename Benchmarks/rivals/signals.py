"""Ends a program in order when it is told to, and only once."""

import signal
import sys
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_in_order() -> None:
    """An interrupt or a request to end leaves through `finally`, as an exit does."""
    for number in _SIGNALS:
        signal.signal(number, _leave)


def ignore() -> None:
    """From here on nothing cuts the clean-up short: it would leave a server behind.

    After Ctrl-C two requests come to a store, one from the keyboard and one from `bench.py`.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _leave(number: int, _: FrameType | None) -> None:
    ignore()
    sys.exit(128 + number)
