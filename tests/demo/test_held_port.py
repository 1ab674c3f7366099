from __future__ import annotations

import socket

import pytest

from proxy.app.sockets import _listen
from proxy.demo.held_port import held_port
from proxy.demo.routes_file import LOOPBACK


def test_a_held_port_is_taken() -> None:
    """Whoever just wants any port is not given this one: to the system it is in use until it is let go of."""
    with held_port() as port, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((LOOPBACK, port))
    with socket.socket() as other:
        other.bind((LOOPBACK, port))


def test_both_of_banyan_s_sockets_can_listen_on_a_held_port() -> None:
    """The clients' socket, the one of a second worker, and the admin's bind it while it is held, and outlive that."""
    with held_port() as clients, held_port() as admin:
        made = [_listen((LOOPBACK, clients)), _listen((LOOPBACK, clients)), _listen((LOOPBACK, admin), shared=False)]

    for port in (clients, admin):
        socket.create_connection((LOOPBACK, port), timeout=5.0).close()
    for each in made:
        each.close()
