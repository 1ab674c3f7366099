from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import trustme

from proxy.cli.explain.typed_request import TypedRequest
from proxy.cli.kill.drill import DrillLoad, TurnTimes, times_of

REQUEST = TypedRequest(method="GET", target="/orders/7", fields=("X-Tenant-Id: a",))


@contextmanager
def answering(status: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """A server that answers each connection with a status line; its address, and what it was asked."""
    asked: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(plain, server_side=True) if context else plain as sock:
                asked.append(sock.recv(65_536))
                sock.sendall(status + b"\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname(), asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "failed"),
    [(b"HTTP/1.1 200 OK", False), (b"HTTP/1.1 404 X", False), (b"HTTP/1.1 502 X", True), (b"", True)],
)
def test_what_is_not_answered_well_is_counted(status: bytes, *, failed: bool) -> None:
    """A 5xx, or no answer at all, is a failure; anything else is not."""
    with answering(status) as (address, asked), closing(DrillLoad(address, REQUEST)) as load:
        load.await_answers(3)

    assert load.sent >= 3
    assert load.failed == (load.sent if failed else 0)
    assert asked[0] == b"GET /orders/7 HTTP/1.1\r\nHost: localhost\r\nX-Tenant-Id: a\r\nConnection: close\r\n\r\n"


def test_a_listener_with_tls_is_asked_by_tls() -> None:
    """The certificate of a public name is no obstacle: the request goes to this machine's own address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("api.example.com").configure_cert(context)
    with answering(b"HTTP/1.1 200 OK", context) as (address, _), closing(DrillLoad(address, REQUEST, tls=True)) as load:
        load.await_answers(2)

    assert (load.sent >= 2, load.failed) == (True, 0)


def test_tls_with_somebody_who_does_not_speak_it_fails() -> None:
    """A handshake that breaks is a failure like any other."""
    with answering(b"HTTP/1.1 200 OK") as (address, _), closing(DrillLoad(address, REQUEST, tls=True)) as load:
        load.await_answers(1)

    assert load.failed == load.sent


def test_times_are_of_those_that_were_measured() -> None:
    """Percentiles are values that occurred (nearest rank); with few turns the 99th is the largest."""
    assert times_of([30.0, 10.0, 20.0]) == TurnTimes(p50=20.0, p99=30.0, max=30.0)
    assert times_of([float(each) for each in range(1, 201)]) == TurnTimes(p50=100.0, p99=198.0, max=200.0)
    assert times_of([7.0]) == TurnTimes(p50=7.0, p99=7.0, max=7.0)
