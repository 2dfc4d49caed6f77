"""A rival that runs as a server of its own."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from server import TemporaryServer
from store import Store


class ServerStore(Store):
    """Starts the server and stops it, also where connecting to it fails."""

    _db: Any

    def _serve(self, accounts: tuple[str, ...], parent: Path | None) -> Any:
        """Starts the server and answers the connection."""
        self._server = TemporaryServer(self.name, accounts, parent)
        try:
            connection = self._start()
        except BaseException:
            self._server.stop()
            raise
        self.server_pid = self._server.pid
        return connection

    @abstractmethod
    def _start(self) -> Any:
        """Starts the server and connects."""

    def close(self) -> None:
        try:
            self._db.close()
        finally:
            self._server.stop()
