"""Callers' numbers, asked of a real system that knows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from proxy.clerk.members import member_handler
from proxy.clerk.members.member_call import MemberCalls
from proxy.clerk.members.member_handler import MemberHandler
from proxy.core.auth.member_lookup import MemberLookup
from proxy.core.auth.principal_policy import NOBODY_TOLD, PrincipalPolicy
from proxy.core.routing.snapshot import Snapshot
from proxy.link.member_questions import FindMember, MemberFound
from proxy.link.questions import Unavailable
from tests.config.given_files import FILE, snapshot
from tests.waiting import until

ADA = FindMember("https://id", "ada")


class Members:
    """The system: `asked` are paths in order; it answers once `open` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.status = 200
        self.now = 1000.0
        self.port = 0
        self.handler: MemberHandler

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.raw_path)
        await self.open.wait()
        where = {"Location": "/elsewhere"} if self.status == 302 else None
        return web.Response(status=self.status, text=f"n{len(self.asked)}\n", headers=where)

    def table(self, path: str = "/by/{sub}") -> Snapshot:
        lookup = MemberLookup(name="X-Number", url=f"http://127.0.0.1:{self.port}{path}", keep=300.0, keep_absent=10.0)
        return replace(snapshot(FILE), principal=PrincipalPolicy(lookup=lookup))

    async def ask(self, question: FindMember = ADA) -> MemberFound | Unavailable:
        return await self.handler.answer(question)


@pytest.fixture
async def members() -> AsyncIterator[Members]:
    """It listens, and a clerk that asks it."""
    made = Members()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    made.handler = MemberHandler(made.table(), MemberCalls(timeout=30.0), lambda: made.now)
    yield made
    made.open.set()
    await made.handler.end()
    await runner.cleanup()


async def test_a_number_is_asked_for_once_and_kept(members: Members) -> None:
    """For its time; then it is asked for anew."""
    first = await members.ask()
    members.now += 299.0

    assert await members.ask() == first == MemberFound(b"n1", 1300.0)

    members.now += 2.0

    assert await members.ask() == MemberFound(b"n2", 1601.0)
    assert members.asked == ["/by/ada", "/by/ada"]


async def test_many_ask_as_one(members: Members) -> None:
    """Of all who want to know the same at the same time one goes out; others go their own way."""
    members.open.clear()
    asking = [asyncio.create_task(members.ask()) for _ in range(20)]
    other = asyncio.create_task(members.ask(FindMember("https://id", "a/../b")))
    await until_asked(members, 2)
    members.open.set()

    assert len({await each for each in asking}) == 1
    assert isinstance(await other, MemberFound)
    assert sorted(members.asked) == ["/by/a%2F..%2Fb", "/by/ada"]


async def until_asked(members: Members, count: int) -> None:
    await until(lambda: len(members.asked) >= count)


async def test_one_who_leaves_takes_nothing_from_the_others(members: Members) -> None:
    """The question goes on, and its answer is kept."""
    members.open.clear()
    leaving, staying = asyncio.create_task(members.ask()), asyncio.create_task(members.ask())
    await until_asked(members, 1)
    leaving.cancel()
    await members.handler.forget(ADA)
    await members.handler.take(None)
    members.open.set()

    assert await staying == MemberFound(b"n1", 1300.0)


async def test_that_there_is_no_number_is_kept_for_less_long(members: Members) -> None:
    """404 is an answer; a subject that would be a step up in the path is not even asked for."""
    members.status = 404

    assert await members.ask() == MemberFound(b"", 1010.0)
    assert await members.ask() == MemberFound(b"", 1010.0)
    assert await members.ask(FindMember("https://id", "..")) == MemberFound(b"", 1010.0)
    assert members.asked == ["/by/ada"]


@pytest.mark.parametrize("status", [500, 302, 401])
async def test_what_says_nothing_is_not_kept(members: Members, status: int) -> None:
    """503, and the next one asks again; redirects are not followed."""
    members.status = status

    assert isinstance(await members.ask(), Unavailable)

    members.status = 200

    assert await members.ask() == MemberFound(b"n2", 1300.0)
    assert members.asked == ["/by/ada", "/by/ada"]


async def test_who_is_late_or_away_is_unavailable(members: Members) -> None:
    """A call has a time of its own, below that of the request."""
    members.open.clear()
    members.handler._calls = MemberCalls(timeout=0.05)

    assert isinstance(await members.ask(), Unavailable)

    members.handler.follow(replace(members.table(), principal=PrincipalPolicy(lookup=away())))

    assert isinstance(await members.ask(), Unavailable)
    await members.handler._calls.close()


def away() -> MemberLookup:
    return MemberLookup(name="X-Number", url="http://127.0.0.1:1/{sub}")


async def test_there_is_room_for_so_many(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond, the next is unavailable at once; whoever is waited for already is not counted again."""
    monkeypatch.setattr(member_handler, "MOST_OUT", 1)
    members.open.clear()
    first = asyncio.create_task(members.ask())
    await until_asked(members, 1)
    same = asyncio.create_task(members.ask())

    assert await members.ask(FindMember("https://id", "eve")) == Unavailable("too many callers are asked for at once")

    members.open.set()

    assert await first == await same == MemberFound(b"n1", 1300.0)


async def test_a_table_that_asks_elsewhere_believes_nothing_of_before(members: Members) -> None:
    """Nor what is still on its way; one that asks nobody has nobody to ask."""
    members.open.clear()
    old = asyncio.create_task(members.ask())
    await until_asked(members, 1)
    members.handler.follow(members.table("/of/{sub}"))
    new = asyncio.create_task(members.ask())
    await until_asked(members, 2)
    members.open.set()
    await asyncio.gather(old, new)
    await members.ask()

    assert members.asked == ["/by/ada", "/of/ada"]

    members.handler.follow(replace(members.table(), principal=NOBODY_TOLD))

    assert isinstance(await members.ask(), Unavailable)
