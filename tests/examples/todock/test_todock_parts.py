"""What the todock story needs from the machine, and the address that it cannot reach."""

from __future__ import annotations

import socket

import pytest

from examples.todock.stage.parts import find_parts
from examples.todock.stage.wall import walled_address


def test_all_parts_are_here() -> None:
    """CI plays the story: a part that is missing there fails."""
    assert find_parts().delivery.major >= 15


def test_a_walled_address_answers_nobody() -> None:
    """Neither a connection nor a refusal comes: what is sent there is dropped."""
    with walled_address("127.64.0.9") as where, socket.socket() as asks:
        host, _, port = where.partition(":")
        asks.settimeout(0.2)
        with pytest.raises(TimeoutError):
            asks.connect((host, int(port)))
