"""Requests with keys: a data plane, the clerk's end and a real PostgreSQL.

Long: every row of docs/idempotency.md, and each way in which a request with a key may end.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from proxy.core.idempotency.claims import LOCK, MOST_KEPT
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.steps import idempotency_step
from proxy.edge.steps.held_keys import HeldKeys
from proxy.edge.steps.held_writes import boot_time
from proxy.edge.steps.idempotency_step import IdempotencyKind
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.key_records import PostgresKeys
from tests.clerk.clerk_at import Clerk
from tests.clerk.idempotency.conftest import Serve, table
from tests.edge.conftest import Play
from tests.edge.message import Message, check_problem
from tests.edge.proxy import Proxy
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, Scripted, always, echo
from tests.waiting import until

BODY = b'{"amount": 7}'
JSON = b"Content-Type: application/json"


def pay(key: bytes | None = b'"k1"', *lines: bytes, body: bytes = BODY, method: bytes = b"POST") -> bytes:
    keyed = () if key is None else (b"Idempotency-Key: " + key,)
    return request(method, b"/pay", *keyed, JSON, *lines, body=body)


def created(number: int = 1, *lines: bytes) -> bytes:
    body = b'{"id":%d}' % number
    fields = [b"HTTP/1.1 201 Created", JSON, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join([*fields, b"", body])


class Counting:
    """A side that creates one thing more with each request; `go` lets it answer."""

    def __init__(self, *lines: bytes) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.lines = lines
        self.count = 0

    async def __call__(self, peer: Peer) -> None:
        while await peer.next_request() is not None:
            self.count += 1
            number = self.count
            await self.go.wait()
            await peer.send(created(number, *self.lines))


def says(message: Message) -> tuple[int, str]:
    return message.status, json.loads(message.body)["detail"]


async def settled(link: ClerkLink) -> None:
    """Everything that was told to the clerk is written."""
    await until(lambda: not link.waits and not link.held)


async def test_a_retry_gets_the_answer_and_is_not_executed(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Status, fields and body are those of the first answer, less what frames it and cookies; the retry says so."""
    side = Counting(b"Location: /pay/1", b"Set-Cookie: s=1", b"X-Own: yes")
    proxy = await serve(await play(side))
    first = await proxy.ask(pay())
    await settled(link)
    again = await proxy.ask(pay(b'"k1";v=2', body=b'{ "amount":7.0 }'))

    assert (first.status, again.status, side.count) == (201, 201, 1)
    assert (first.body, first.value(b"Idempotency-Replayed")) == (b'{"id":1}', None)
    assert (again.body, again.value(b"Idempotency-Replayed")) == (b'{"id":1}', b"true")
    for name, value in ((b"Location", b"/pay/1"), (b"X-Own", b"yes"), (b"Content-Type", b"application/json")):
        assert first.value(name) == again.value(name) == value
    assert again.value(b"Set-Cookie") is None
    assert (await proxy.ask(pay(b'"k2"'))).body == b'{"id":2}'
    *_, replayed, _ = await proxy.lines(3)
    assert (replayed["route"], replayed["status"], replayed["side"], replayed["reason"]) == (
        "pay",
        201,
        "self",
        "replayed",
    )


async def test_the_answer_is_that_of_the_side_that_gave_it(play: Play, serve: Serve, link: ClerkLink) -> None:
    """After a move, and after a kill, the retry gets it all the same: nobody executes it on the other side."""
    legacy, new = Counting(), Counting()
    sides = (await play(legacy), await play(new))
    proxy = await serve(*sides[:1], new=sides[1])
    assert (await proxy.ask(pay())).body == b'{"id":1}'
    await settled(link)
    proxy.listener.install(table(*sides, stage="live"))
    assert (await proxy.ask(pay())).value(b"Idempotency-Replayed") == b"true"
    assert (await proxy.ask(pay(b'"k2"'))).value(b"Idempotency-Replayed") is None
    await settled(link)
    proxy.listener.kill(on=True)

    assert (await proxy.ask(pay(b'"k2"'))).value(b"Idempotency-Replayed") == b"true"
    assert (legacy.count, new.count) == (1, 1)


@pytest.mark.parametrize(
    "key", [b"k1", b'""', b'"' + b"x" * 256 + b'"', b'"a", "b"', b'"a"\r\nIdempotency-Key: "a"', b'"\xc3\xa4"']
)
@pytest.mark.parametrize("use", ["required", "optional"])
async def test_a_malformed_key_is_400(play: Play, serve: Serve, key: bytes, use: str) -> None:
    """Where it is optional, too; nothing is asked and nothing sent."""
    side = Counting()
    proxy = await serve(await play(side), idempotency=use)
    answer = await proxy.ask(pay(key))

    check_problem(answer, 400)
    assert side.count == 0


async def test_a_missing_key_is_400_where_it_is_required(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Where it is optional the request goes on, and the clerk is not asked; nor is it for what does no harm."""
    side = Counting()
    upstream = await play(side)
    proxy = await serve(upstream)
    check_problem(await proxy.ask(pay(None)), 400)
    assert (await proxy.ask(get(b"/pay"))).status == 201
    assert (await proxy.ask(pay(None, method=b"PUT"))).status == 201
    assert (await proxy.ask(pay(method=b"PUT"))).status == 201
    proxy.listener.install(table(upstream, idempotency="optional"))
    assert (await proxy.ask(pay(None))).status == 201

    assert (side.count, link.take_outcomes()) == (4, [])


async def test_a_second_request_meanwhile_is_409(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Until the first has its answer; one with another payload is 422, now and later."""
    side = Counting()
    side.go.clear()
    proxy = await serve(await play(side))
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: side.count)
    meanwhile = await proxy.ask(pay())
    check_problem(meanwhile, 409)
    assert meanwhile.value(b"Retry-After") == b"1"
    other = await proxy.ask(pay(body=b'{"amount": 8}'))
    check_problem(other, 422)
    side.go.set()
    assert (await client.response()).status == 201
    await settled(link)

    assert (await proxy.ask(pay())).status == 201
    check_problem(await proxy.ask(pay(body=b'{"amount": 8}')), 422)
    assert side.count == 1


async def test_one_of_many_is_executed_whatever_the_worker(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Two workers, forty requests with one key at once: one is executed, the others are 409 or get its answer."""
    side = Counting()
    upstream = await play(side)
    workers = [await serve(upstream), await serve(upstream, apart=True)]
    answers = await asyncio.gather(*(workers[number % 2].ask(pay()) for number in range(40)))

    assert side.count == 1
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.body for answer in answers if answer.status == 201} == {b'{"id":1}'}


async def test_a_key_is_its_owners(play: Play, serve: Serve) -> None:
    """Of one with other credentials, or of another tenant, nobody hears under the same key."""
    side = Counting()
    proxy = await serve(await play(side), cohort="header:X-Tenant", match="/**")
    several = [
        pay(b'"k"', b"Authorization: Bearer a"),
        pay(b'"k"', b"Authorization: Bearer b"),
        pay(b'"k"', b"Cookie: s=1"),
        pay(b'"k"', b"X-Tenant: 7"),
        pay(b'"k"'),
        pay(b'"k"', b"X-Api-Key: a"),
        pay(b'"k"', b"X-Api-Key: b", b"Cookie: s=1"),
    ]
    assert [(await proxy.ask(each)).body for each in several] == [b'{"id":%d}' % n for n in range(1, 8)]


async def test_5xx_is_not_kept(play: Play, serve: Serve, link: ClerkLink) -> None:
    """The side has failed by its own word: the retry is executed."""
    failing = await play(always(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
    proxy = await serve(failing)
    for _ in range(2):
        assert (await proxy.ask(pay())).status == 500
        await settled(link)

    assert len(failing.requests) == 2


@pytest.mark.parametrize("status", [b"502 Bad Gateway", b"504 Gateway Timeout"])
async def test_a_side_that_does_not_know_leaves_it_to_people(
    play: Play, serve: Serve, link: ClerkLink, keys: PostgresKeys, status: bytes
) -> None:
    """502 and 504: the retry is 409 and says so until somebody releases the key."""
    unknowing = await play(always(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"))
    proxy = await serve(unknowing)
    await proxy.ask(pay())
    await settled(link)
    answer = await proxy.ask(pay())
    check_problem(answer, 409)
    assert says(answer)[1].startswith("outcome unknown")
    assert len(unknowing.requests) == 1

    (undecided,) = await keys.undecided(10)
    assert (undecided.route, undecided.key) == ("pay", "k1")
    assert await keys.release(undecided.record)
    await proxy.ask(pay())
    assert len(unknowing.requests) == 2


async def dies(peer: Peer) -> None:
    """Takes a request and answers nothing."""
    await peer.request()
    peer.reset()


async def test_a_side_that_dies_leaves_it_to_people(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Sent, and no answer: the retry is not executed."""
    dying = await play(dies)
    proxy = await serve(dying)
    check_problem(await proxy.ask(pay()), 502)
    await settled(link)

    assert says(await proxy.ask(pay()))[1].startswith("outcome unknown")
    assert len(dying.requests) == 1


@pytest.mark.parametrize("effects", ["keyed", "idempotent"])
async def test_what_is_declared_to_do_no_harm_is_sent_again(
    play: Play, serve: Serve, link: ClerkLink, effects: str
) -> None:
    """With the same key, and with the same payload only."""
    dying = await play(dies)
    proxy = await serve(dying, effects=effects)
    check_problem(await proxy.ask(pay()), 502)
    await settled(link)
    asked = len(dying.requests)
    check_problem(await proxy.ask(pay(body=b"{}")), 422)
    check_problem(await proxy.ask(pay()), 502)

    assert len(dying.requests) > asked
    assert {message.value(b"Idempotency-Key") for message in dying.requests} == {b'"k1"'}


async def test_a_side_that_is_not_there_leaves_the_key_free(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Nothing was sent: the retry is executed as soon as somebody is there."""
    proxy = await serve(1)
    check_problem(await proxy.ask(pay()), 502)
    await settled(link)
    side = Counting()
    proxy.listener.install(table(await play(side)))

    assert (await proxy.ask(pay(body=b"[1]"))).status == 201


async def test_a_long_answer_is_not_kept(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Up to its bound it is; beyond, the retry is told what was answered, and is not executed."""
    body = b"x" * MOST_KEPT
    upstream = await play(always(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
    proxy = await serve(upstream)
    await proxy.ask(pay())
    await settled(link)
    assert (await proxy.ask(pay())).body == body
    longer = await play(always(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%bx" % (len(body) + 1, body)))
    proxy.listener.install(table(longer))
    await proxy.ask(pay(b'"k2"'))
    await settled(link)
    answer = await proxy.ask(pay(b'"k2"'))
    check_problem(answer, 409)

    assert "answered with 200" in says(answer)[1]
    assert (len(upstream.requests), len(longer.requests)) == (1, 1)


async def test_what_is_kept_of_answers_on_their_way_is_bounded(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Of an answer that finds no room its status is kept alone; room that is free again is used."""
    side = Counting()
    proxy = await serve(await play(side))
    assert (await proxy.ask(pay())).status == 201
    answers = held_of(proxy).answers
    most, answers.most = answers.most, 7
    assert (await proxy.ask(pay(b'"k2"'))).status == 201
    answers.most = most
    assert (await proxy.ask(pay(b'"k3"'))).status == 201
    await settled(link)

    assert answers.used == 0
    assert [(await proxy.ask(pay(key))).status for key in (b'"k1"', b'"k2"', b'"k3"')] == [201, 409, 201]
    assert side.count == 3


async def test_a_long_body_is_413(play: Play, serve: Serve) -> None:
    """A request with a key is read whole first, up to a MiB."""
    side = Counting()
    proxy = await serve(await play(side))
    client = await proxy.client()
    head = request(b"POST", b"/pay", b'Idempotency-Key: "k"', b"Content-Length: %d" % (1024 * 1024 + 1))
    await client.send(head)

    check_problem(await client.response(), 413)
    assert side.count == 0


async def test_a_client_that_leaves_finds_its_answer_later(play: Play, serve: Serve, link: ClerkLink) -> None:
    """The request was sent: it goes on without its client, whose retry is the reason for the key."""
    side = Counting()
    side.go.clear()
    proxy = await serve(await play(side))
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: side.count)
    client.reset()
    check_problem(await proxy.ask(pay()), 409)
    side.go.set()

    async def is_there() -> bool:
        return (await proxy.ask(pay())).status == 201

    await until(is_there)
    assert side.count == 1


async def test_a_client_that_leaves_meanwhile_frees_its_key(
    play: Play, serve: Serve, link: ClerkLink, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the clerk and is gone before the answer: nothing was sent, and the key is free."""
    side = Counting()
    proxy = await serve(await play(side))
    await until(lambda: link.unread is not None)
    await clerk.end()
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: link.waits)
    await clerk.start()
    client.reset()
    await settled(link)

    assert (await proxy.ask(pay(body=b"[2]"))).status == 201
    assert side.count == 1


async def test_without_a_clerk_others_go_on(play: Play, serve: Serve, link: ClerkLink, clerk: Clerk) -> None:
    """A request with a key is 503 with `Retry-After`, in time, and is not sent; another route does not notice."""
    side = Counting()
    proxy = await serve(await play(side))
    await until(lambda: link.unread is not None)
    await clerk.end()
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: link.waits)
    assert (await proxy.ask(get(b"/free"))).status == 201
    answer = await client.response()
    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"
    await clerk.start()

    assert (await proxy.ask(pay())).status == 201
    assert side.count == 2


async def test_an_answer_reaches_the_record_though_the_clerk_was_away(
    play: Play, serve: Serve, link: ClerkLink, clerk: Clerk
) -> None:
    """The client has its answer; what became of the request is told to the next clerk, and the retry gets it."""
    side = Counting()
    side.go.clear()
    proxy = await serve(await play(side))
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: side.count)
    await clerk.end()
    side.go.set()
    assert (await client.response()).status == 201
    await clerk.start()
    await settled(link)

    assert (await proxy.ask(pay())).value(b"Idempotency-Replayed") == b"true"
    assert side.count == 1


async def test_a_reload_meanwhile_changes_nothing(play: Play, serve: Serve, link: ClerkLink, clerk: Clerk) -> None:
    """A request that waits for the clerk keeps the table that it began with."""
    one, other = Counting(), Counting()
    first, second = await play(one), await play(other)
    proxy = await serve(first)
    await until(lambda: link.unread is not None)
    await clerk.end()
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: link.waits)
    proxy.listener.install(table(second))
    await clerk.start()

    assert (await client.response()).status == 201
    assert (one.count, other.count) == (1, 0)
    await settled(link)
    assert (await proxy.ask(pay())).value(b"Idempotency-Replayed") == b"true"


async def test_a_long_request_keeps_its_key(
    play: Play, serve: Serve, link: ClerkLink, connections: Connections
) -> None:
    """It gives signs of life; without them the key would be undecided, and with them it never is."""
    side = Counting()
    side.go.clear()
    proxy = await serve(await play(side))
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: side.count)
    for _ in range(2):
        async with connections.connection() as connection:
            passed = "UPDATE banyan.idempotency SET locked_until = locked_until - make_interval(secs => $1)"
            await connection.execute(passed, LOCK - 10)
        held_of(proxy).renew()
        await settled(link)
        assert "still being processed" in says(await proxy.ask(pay()))[1]
    side.go.set()
    assert (await client.response()).status == 201


async def test_who_stood_still_for_longer_than_the_lock_sends_nothing(
    play: Play, serve: Serve, link: ClerkLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People may have released the key meanwhile, and its retry be executed; the key is free."""
    side = Counting()
    proxy = await serve(await play(side))
    with monkeypatch.context() as patched:
        patched.setattr(idempotency_step, "boot_time", lambda: boot_time() - LOCK)
        assert says(await proxy.ask(pay())) == (503, "the request has waited too long to be sent")
    await settled(link)
    assert side.count == 0
    assert [each.reason for each in proxy.listener.counters.take_refused()] == ["write_outdated"]

    assert (await proxy.ask(pay())).status == 201


async def test_a_sign_of_life_that_was_taken_keeps_a_lock(play: Play, serve: Serve, link: ClerkLink) -> None:
    """From when it was given; a lock that was over before stays so."""
    side = Counting()
    side.go.clear()
    proxy = await serve(await play(side))
    client = await proxy.client()
    await client.send(pay())
    await proxy.until(lambda: side.count)
    held = held_of(proxy)
    (key,) = held._until
    for since, may in ((boot_time() - LOCK + 10, True), (boot_time() - LOCK, False)):
        held.add(key, since)
        assert not held.may_send(key)
        held.renew()
        await settled(link)
        assert held.may_send(key) is may
    side.go.set()
    assert (await client.response()).status == 201


def held_of(proxy: Proxy) -> HeldKeys:
    (held,) = [kind._held for kind in proxy.listener._steps._kinds if isinstance(kind, IdempotencyKind)]
    return held


async def test_places_in_an_answer_are_the_clients(play: Play, serve: Serve, link: ClerkLink) -> None:
    """Where the upstream speaks of itself by its own name, the retry hears the client's name, as the first did."""
    upstream: Scripted = await play(Counting())
    proxy = await serve(upstream)
    at = b"127.0.0.1:%d" % upstream.port
    upstream.script = Counting(b"Location: http://" + at + b"/pay/1")
    first = await proxy.ask(pay())
    await settled(link)
    again = await proxy.ask(pay())

    assert first.value(b"Location") == again.value(b"Location")


async def test_an_upstream_sees_the_request_as_it_came(play: Play, serve: Serve) -> None:
    """Key and body included."""
    proxy = await serve(await play(echo))
    answer = await proxy.ask(pay())

    assert answer.body == BODY
