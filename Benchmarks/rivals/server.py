"""A database server of our own: in a temporary folder, on a socket there, stopped by process id."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


class TemporaryServer:
    """Runs one server for as long as the `with` block lasts and leaves nothing behind.

    Servers refuse to run as root, so root hands them to an account without rights.
    """

    def __init__(self, name: str, accounts: tuple[str, ...], parent: Path | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"rivals-{name}-", dir=parent))
        self._account = _account(accounts)
        self._process: subprocess.Popen[bytes] | None = None
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    @property
    def account(self) -> str:
        return self._account.pw_name if self._account else pwd.getpwuid(os.getuid()).pw_name

    def run(self, command: list[str]) -> None:
        """Runs a command of the server's to its end, as the server's account."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, cwd=self.folder,
            user=self._user(), group=self._group(), extra_groups=self._extra_groups(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')[-2000:]}")

    def start(self, command: list[str], ready: Callable[[], bool], seconds: float = 60) -> None:
        with (self.folder / "server.log").open("wb") as log:
            # A session of its own: an interrupt from the keyboard must not reach it before us.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True,
                user=self._user(), group=self._group(), extra_groups=self._extra_groups(),
            )
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = (self.folder / "server.log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"{command[0]} did not start: {text[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Asks the server to stop, insists after half a minute, and removes the folder."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            # SIGINT is PostgreSQL's fast shutdown; MariaDB knows SIGTERM only.
            is_postgres = "postgres" in str(process.args)
            process.send_signal(signal.SIGINT if is_postgres else signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _user(self) -> int | None:
        return self._account.pw_uid if self._account else None

    def _group(self) -> int | None:
        return self._account.pw_gid if self._account else None

    def _extra_groups(self) -> list[int] | None:
        return [] if self._account else None


def _account(names: tuple[str, ...]) -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"none of the accounts {', '.join(names)} is there to run a server as")
