"""An admin port that answers with pages of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Pages:
    """Bodies by path and query; a path that is missing is answered with `refusal`, a problem document.

    `matched`: what each POST said in `If-Match`; `bodies`: what each held.
    """

    pages: dict[str, bytes]
    url: str = ""
    refusal: bytes = b'{"title": "Not Found", "detail": "it is not there"}'
    matched: list[str | None] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def listening(pages: dict[str, bytes]) -> Iterator[Pages]:
    """Serve them on a port of loopback."""
    served = Pages(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            answer = served.refusal if body is None else body
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            served.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            served.matched.append(self.headers["If-Match"])
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
