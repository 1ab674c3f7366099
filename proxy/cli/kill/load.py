"""The light load of a drill: one request after the other from a thread, each on a connection of its own."""

from __future__ import annotations

import socket
import ssl
import threading
import time

from proxy.cli.explain.typed_request import TypedRequest

PAUSE = 0.005
"""Seconds between two requests: some 150 a second, over all workers by chance."""
_TIMEOUT = 10.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what a server binds, a client cannot call


class Load:
    """Sends until it is closed."""

    def __init__(self, listen: tuple[str, int], request: TypedRequest, *, tls: bool = False) -> None:
        """Begins at once; `listen` is where clients come in, by TLS when `tls`."""
        self._address = (_ANYWHERE.get(listen[0], listen[0]), listen[1])
        head = request.raw.removesuffix(b"\r\n")
        self._request = head + b"Connection: close\r\n\r\n"
        self._context = _unverified() if tls else None
        self._answered = threading.Condition()
        self._ended = threading.Event()
        self.sent = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="drill-load", daemon=True)
        self._thread.start()

    def await_answers(self, count: int, within: float | None = None) -> None:
        """Return when `count` requests that begin from now on have been answered, or have failed."""
        with self._answered:
            enough = self.sent + count + 1  # one may be on its way already
            self._answered.wait_for(lambda: self.sent >= enough, within)

    def close(self) -> None:
        """Send no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            well = self._ask()
            with self._answered:
                self.sent += 1
                self.failed += not well
                self._answered.notify_all()
            time.sleep(PAUSE)

    def _ask(self) -> bool:
        """Whether it was answered whole, and not with 5xx."""
        try:
            with self._connection() as sock:
                sock.sendall(self._request)
                head = sock.recv(65_536)
                while sock.recv(65_536):
                    pass
        except OSError:
            return False
        return head.startswith(b"HTTP/1.") and head[9:10] in (b"1", b"2", b"3", b"4")

    def _plain(self) -> socket.socket:
        host, _ = self._address
        if not host.startswith("/"):
            return socket.create_connection(self._address, timeout=_TIMEOUT)
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(_TIMEOUT)
        try:
            plain.connect(host)
        except OSError:
            plain.close()
            raise
        return plain

    def _connection(self) -> socket.socket:
        plain = self._plain()
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise


def _unverified() -> ssl.SSLContext:
    """It is called by an address of this machine, which stands in no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
