"""A proxy before two upstreams that say who they are, with a route that a test moves from stage to stage."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.scripted import Scripted, always, sized

KEY = "a key of 32 characters or more than that"
SHARED: Block = {"key": KEY, "side": "banyan_side"}
ROUTE: Block = {"name": "a", "match": "/a/**", "stage": "canary", "split": "50%", "cohort": "header:T"}
_SET = re.compile(rb"([a-z_]+)=([A-Za-z0-9_-]+); Path=/; Max-Age=([0-9]+); HttpOnly; SameSite=Lax(; Secure)?")


class Both:
    """`routes` are what a test adds to `ROUTE`; `top` are keys at the top of the table."""

    def __init__(self, legacy: Scripted, new: Scripted, routes: list[Block], top: Block) -> None:
        self.legacy, self.new = legacy, new
        self._upstreams: dict[str, Block] = {"legacy": upstream(legacy), "new": upstream(new)}
        self._routes, self._top = routes, top
        self.proxy: Proxy

    async def start(self, serve: Serve) -> Both:
        self.proxy = await serve(
            upstreams=self._upstreams, routes=[{**ROUTE, **each} for each in self._routes], **self._top
        )
        return self

    def move(self, stage: str, split: str = "") -> None:
        """All routes to this place, as an edit of the file does."""
        moved: list[Block] = [{**ROUTE, **each, "stage": stage, "split": split} for each in self._routes]
        for each in moved:
            if not split:
                del each["split"]
        self.proxy.install(self._upstreams, moved, **self._top)

    async def ask(self, request: bytes) -> Message:
        return await self.proxy.ask(request)

    async def side(self, request: bytes) -> bytes:
        """Who answers."""
        return (await self.ask(request)).body


async def both(
    play: Play, serve: Serve, *routes: Block, answer: Callable[[bytes], bytes] = sized, **top: object
) -> Both:
    """`answer` makes an upstream's answer of its name."""
    legacy, new = await play(always(answer(b"legacy"))), await play(always(answer(b"new")))
    return await Both(legacy, new, list(routes), top).start(serve)


def cookies(answer: Message) -> dict[bytes, bytes]:
    """What an answer sets, in Banyan's form; each name once."""
    found = [_SET.fullmatch(value) for value in answer.values(b"Set-Cookie")]
    pairs = [(each[1], each[2]) for each in found if each is not None]
    assert len({name for name, _ in pairs}) == len(pairs) == len(found), answer.head
    return dict(pairs)


def carrying(jar: dict[bytes, bytes]) -> bytes:
    """The field with which a client brings them."""
    return b"Cookie: " + b"; ".join(name + b"=" + value for name, value in jar.items())
