"""Listeners on real sockets, told by the real sender."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest
from aiohttp import web

from proxy.control.position import hooks as module
from proxy.control.position.hooks import Delivery, Hooks, signed
from proxy.core.routing.snapshot import Hook
from proxy.core.secret import Secret
from proxy.supervised_tasks import Restarting

SECRET = "0123456789abcdef"


class Said(msgspec.Struct):
    what: str


@dataclass
class Listener:
    """Answers with the statuses it was given, then with 200; keeps what came."""

    statuses: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    @property
    def words(self) -> list[str]:
        return [json.loads(body)["what"] for _, body in self.came]


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[Listener]:
    listener = Listener(list(statuses))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", listener.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in?token=hidden"
    yield listener
    await runner.cleanup()


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    tasks = Restarting()
    made = Hooks(tasks, first_wait=0.01)
    yield made
    await made.close()
    await tasks.end()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 -- another loop's task sets no event here
            await asyncio.sleep(0.005)


def has_come(listener: Listener, number: int) -> bool:
    return len(listener.came) > number


async def test_each_message_is_signed_over_id_time_and_body(hooks: Hooks) -> None:
    """Whoever knows the secret can tell that a message is ours and was not changed; every message has its own id."""
    async with listening() as listener:
        hooks.follow([Hook(url=Secret(listener.url), secret=Secret(SECRET))])
        hooks.tell(Said(what="one"))
        hooks.tell(Said(what="two"))
        await until(lambda: hooks.counts[Delivery.DELIVERED] == 2)

    for headers, body in listener.came:
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
    assert listener.words == ["one", "two"]
    assert len({headers["webhook-id"] for headers, _ in listener.came}) == 2


def test_without_a_secret_nothing_is_signed() -> None:
    """A signature with an empty key would look like one."""
    assert "webhook-signature" not in signed("", "id", 1, b"")


async def test_a_failed_attempt_is_made_again_with_the_same_id(hooks: Hooks) -> None:
    """5xx, 408 and 429 are attempts that failed; the message comes again, and those behind it wait their turn."""
    async with listening(500, 408, 429) as listener:
        hooks.follow([Hook(url=Secret(listener.url))])
        hooks.tell(Said(what="one"))
        hooks.tell(Said(what="two"))
        await until(lambda: hooks.counts[Delivery.DELIVERED] == 2)

    assert listener.words == ["one", "one", "one", "one", "two"]
    assert len({headers["webhook-id"] for headers, _ in listener.came}) == 2
    assert hooks.counts[Delivery.RETRIED] == 3


@pytest.mark.parametrize("status", [400, 404, 410, 302])
async def test_what_is_refused_is_not_sent_again(hooks: Hooks, status: int) -> None:
    """A listener that says no has heard it; a redirect is not followed, as it could lead anywhere."""
    async with listening(status) as listener:
        hooks.follow([Hook(url=Secret(listener.url))])
        hooks.tell(Said(what="one"))
        hooks.tell(Said(what="two"))
        await until(lambda: hooks.counts[Delivery.DELIVERED] == 1)

    assert listener.words == ["one", "two"]
    assert hooks.counts[Delivery.FAILED] == 1


async def test_a_listener_that_is_away_costs_no_other(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, the oldest is lost and counted; after some attempts a message is given up."""
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    async with listening() as listener:
        hooks.follow([Hook(url=Secret("http://127.0.0.1:1/")), Hook(url=Secret(listener.url))])
        for number in range(6):
            hooks.tell(Said(what=str(number)))
            await until(partial(has_come, listener, number))
        lost = hooks.counts[Delivery.LOST]
        hooks.follow([Hook(url=Secret(listener.url))])
        hooks.tell(Said(what="last"))
        await until(lambda: listener.words[-1] == "last")

    assert lost in {2, 3}
    assert listener.words == ["0", "1", "2", "3", "4", "5", "last"]


async def test_a_message_is_given_up_at_last(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """After as many attempts as there may be, it counts as failed."""
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    async with listening(500, 500, 500) as listener:
        hooks.follow([Hook(url=Secret(listener.url))])
        hooks.tell(Said(what="one"))
        await until(lambda: hooks.counts[Delivery.FAILED] == 1)

    assert listener.words == ["one"] * 3
