"""Who is freed from the bridge is told by answers to each kind of client, however few requests a step has."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace
from typing import cast

from examples.payid.story.bridge import CLIENTS
from examples.payid.story.freed import freed
from examples.payid.story.play import Play


class _Tell:
    def __call__(self, _: str) -> None:
        """Nobody reads it."""

    def why(self, _: str) -> None:
        """Nor this."""


class _Play:
    """Of each watch only one kind of client reads an account, one after the other."""

    def __init__(self) -> None:
        self.tell = _Tell()
        self.load = SimpleNamespace(
            unchanged=set(CLIENTS), nulls=Counter[str](), absent=Counter[str](), stopped=nullcontext
        )
        self.report = SimpleNamespace(freed={})
        self.watched = 0

    async def save(self, _: object) -> None:
        """Nothing is written."""

    async def watch(self) -> None:
        client = CLIENTS[self.watched % len(CLIENTS)]
        self.watched += 1
        seen = self.load.nulls if client in self.load.unchanged else self.load.absent
        seen[client] += 1


async def test_each_kind_of_client_is_waited_for() -> None:
    """A step of 40 requests may have none of one kind, and says nothing of it then."""
    play = _Play()
    await freed(cast("Play", play))

    assert play.report.freed == {
        client: (sorted(CLIENTS[at + 1 :]), sorted(CLIENTS[: at + 1])) for at, client in enumerate(CLIENTS)
    }
