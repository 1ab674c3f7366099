"""A side that keeps what it has done in a file, and kills itself at its work: `python -m … PORT FILE`.

A body of `die` is done, and never answered. What was done of a key is not done again.
"""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BOOK = Path(sys.argv[2])


class Answering(BaseHTTPRequestHandler):
    """Keeps its connections."""

    protocol_version = "HTTP/1.1"

    def do_OPTIONS(self) -> None:
        self._answer((("X-Banyan-Replay", "accepted"),))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        done = f"{self.command} {self.path} {self.headers['Idempotency-Key']} {body.decode()}\n"
        if done not in BOOK.read_text():
            with BOOK.open("a") as book:
                book.write(done)
            if body == b"die":
                os.kill(os.getpid(), signal.SIGKILL)
        self._answer()

    do_PUT = do_PATCH = do_POST  # noqa: N815 -- names of the standard library

    def _answer(self, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(200)
        for name, value in (*fields, ("Content-Length", "2")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    BOOK.touch()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answering).serve_forever()
