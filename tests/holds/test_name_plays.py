"""A place that leaves loses nothing that it has taken, and a play holds only when all of it does."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from holds.asking import Answer, Ask
from holds.upstreams.name_plays import Place, Played, let_nothing_in

REQUEST = b"GET /any/7 HTTP/1.1\r\nHost: a.example\r\nX-Ask: 7\r\n\r\n"


async def test_whoever_is_connected_when_a_place_leaves_is_answered(tmp_path: Path) -> None:
    """A hundred whose connections are not even taken yet; the next one is refused."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with (tmp_path / "executed").open("wb") as executed:
        place = Place("127.0.0.1", port, executed.fileno())
        await place.come()
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        await place.leave()
        for each in clients:
            each.setblocking(False)  # noqa: FBT003
        loop = asyncio.get_running_loop()
        for each in clients:
            await loop.sock_sendall(each, REQUEST)

        assert {(await loop.sock_recv(each, 15)) for each in clients} == {b"HTTP/1.1 200 OK"}
        assert place.asked == {"127.0.0.1"}
        for each in clients:
            each.close()

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_nothing_that_comes_after_it_is_let_in() -> None:
    """A connection that is there stays; a new one gets no answer at all."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = sock.getsockname()
        with socket.create_connection(address) as before:
            let_nothing_in(sock)
            with socket.socket() as late:
                late.setblocking(False)  # noqa: FBT003

                assert late.connect_ex(address) != 0

                sock.setblocking(False)  # noqa: FBT003
                taken, peer = sock.accept()
                with taken, suppress(BlockingIOError):
                    assert peer == before.getsockname()
                    sock.accept()
                    raise AssertionError("a second one was let in")


def played(*, holds: bool, trouble: str = "") -> Played:
    """One with one answer."""
    answer = Answer(number=1, ask=Ask("GET", "any"), began=0.0, ended=0.1, status=200, trouble=trouble)
    return Played(title="a", answers=[answer], look_ups=2, by_tcp=1, asked=3, sentence="all is well", holds=holds)


def test_a_play_holds_when_nothing_failed_and_its_sentence_does() -> None:
    """Either alone is not enough."""
    assert played(holds=True).check.holds
    assert not played(holds=False).check.holds
    assert not played(holds=True, trouble="cut").check.holds
    assert played(holds=True).row == ("a", "1", "0", "2", "1", "3", "100")
    assert played(holds=True, trouble="cut").check.seen == "1 of 1 failed, 2 look-ups, 3 addresses"
