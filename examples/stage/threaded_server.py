"""WSGI with a thread for each connection, as systems that have grown over years are served.

Rule: `REQUEST_TARGET` of the environment is the target as it came, since `PATH_INFO` is decoded and a signature is not.
"""

from __future__ import annotations

from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "REQUEST_TARGET": self.path}

    def log_message(self, *_: object) -> None:
        """No access log."""

    def address_string(self) -> str:
        """No name is looked up for an address."""
        return str(self.client_address[0])


def serve_threaded(port: int, application: Callable[..., Any]) -> None:
    """Until ended, on loopback."""
    with make_server("127.0.0.1", port, application, server_class=_Server, handler_class=_Handler) as server:
        server.serve_forever()
