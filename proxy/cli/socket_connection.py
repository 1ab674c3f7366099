"""An HTTP connection over a Unix socket, for commands that speak to an `http+unix://` upstream themselves."""

from __future__ import annotations

import socket
from http.client import HTTPConnection


class SocketConnection(HTTPConnection):
    """To a path; `timeout` in seconds."""

    def __init__(self, path: str, timeout: float) -> None:
        """Nothing is opened yet."""
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """OSError where nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
