"""Mutated requests and responses against a live data plane: whatever comes in, everybody agrees about what happened.

Rules of a request's example: upstreams read nothing but HTTP; what they read is what the log says was forwarded, and
what a strict reader finds in the input at the same place; the client gets whole responses and then the end; nobody's
connection is poisoned; nothing breaks, hangs or is leaked inside.
Rules of a response's example: the client gets what a strict reader finds in the upstream's bytes, or Banyan's own
answer, or a visible cut; never a clean end to anything else.

The ordinary run plays the same few hundred examples each time; BANYAN_FUZZ_SECONDS=600 plays new ones for as long, and
says the seed of each round, from which BANYAN_FUZZ_SEED plays it again.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import TypeVar

import pytest
import uvloop
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.wire.ask import GET, GET_1_0, HEAD, HELLO, POST
from tests.wire.case import CASES, disagreements
from tests.wire.mutations import LONGEST, near, pieces
from tests.wire.plane import ROUTES, Line, Plane, serving, snapshot_for, troubles
from tests.wire.play import PATIENCE, Client, Heard, is_poisoned
from tests.wire.recorder import Recorder
from tests.wire.reference import Broken, Message, read_requests, read_response
from tests.wire.upstream import After, Says, Talk, Upstream
from tests.wire.vectors import VECTORS

T = TypeVar("T")
FOLD = bytes(each if chr(each).isascii() and chr(each).isalnum() else ord("-") for each in range(256))
SECONDS = float(os.environ.get("BANYAN_FUZZ_SECONDS", "0"))
FIRST_SEED = int(os.environ.get("BANYAN_FUZZ_SEED", "0"))
REQUESTS, RESPONSES = 800, 300
KEPT: list[tuple[str, bytes, tuple[int, ...]]] = [
    (each["why"], each["bytes"].encode("latin-1"), tuple(each["cuts"]))
    for each in json.loads(Path(__file__).with_name("kept.json").read_text(encoding="ascii"))
]
"""What once broke something, or would have: played in every run, and seeds of what is to come."""
MORE = [data for _, data, _ in KEPT]
PUBLISHED = [case.data for case in CASES] + [vector.data for vector in VECTORS]
SEEDS = MORE * 4 + [data for data in PUBLISHED if 0 < len(data) < LONGEST]


HASTY = (
    ROUTES.partition("routes:")[0]
    + """
routes:
  - { name: probe, match: /probe, stage: legacy }
  - { name: probe2, match: /api/v2/probe, stage: live }
  - { name: rest, match: "/**", stage: legacy, timeout: { response: 100ms, idle: 100ms } }
"""
)
"""Nobody waits long for an upstream that says no more; the probe behind it has all the time that a machine needs."""


def play_many(what: str, body: Callable[[T], None], examples: st.SearchStrategy[T], count: int) -> None:
    """Rounds of `count` examples: one with a fixed seed, or new ones until the time is over."""
    end = monotonic() + SECONDS
    played = 0
    number = FIRST_SEED or (SystemRandom().getrandbits(32) if SECONDS else 1)
    quiet = settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    while True:
        print(f"{what}: round with BANYAN_FUZZ_SEED={number}")
        seed(number)(quiet(given(examples)(body)))()
        number += 1
        played += count
        if monotonic() > end:
            print(f"{what}: {played} examples")
            return


class Arena:
    """A data plane that stays for all examples, as the real one does: what one leaves behind, the next one meets."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.legacy, self.new = Recorder(), Recorder()
        self.upstream = Upstream(self._say)
        self.next = Says(())
        self.troubles: list[str] = []
        self.plane: Plane
        self.scripted: Plane
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Start everything."""
        for each in (self.legacy, self.new, self.upstream):
            await each.start()
            self._stack.callback(each.stop)
        self.troubles = self._stack.enter_context(troubles())
        port = self.upstream.port
        self.plane = await self._stack.enter_async_context(serving(snapshot_for(self.legacy.port, self.new.port)))
        self.scripted = await self._stack.enter_async_context(serving(snapshot_for(port, port, text=HASTY)))

    async def close(self) -> None:
        """Stop everything."""
        await self._stack.aclose()

    async def _say(self, talk: Talk, upstream: Upstream) -> None:
        while await upstream.next_request(talk) is not None:
            await talk.say(self.next)

    async def rest(self) -> str:
        """Wait until nobody is served; what has gone wrong inside, or who will not leave."""
        end = monotonic() + PATIENCE
        while self._busy() and monotonic() < end:  # noqa: ASYNC110 -- the data plane tells nobody when it rests
            await asyncio.sleep(0.001)
        return "; ".join([*self._busy(), *self.troubles, *self.upstream.errors])

    def _busy(self) -> list[str]:
        counters = [plane.listener.counters for plane in (self.plane, self.scripted)]
        running = [f"{gauge.value} in flight" for each in counters for gauge in each.inflight.values() if gauge.value]
        return running + [f"{each.connections.value} clients" for each in counters if each.connections.value]


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        made = Arena(runner)
        runner.run(made.open())
        yield made
        runner.run(made.close())


async def converse(plane: Plane, parts: list[bytes]) -> Heard:
    """Send, say that this was all, hear to the end; then nobody is left but who probes."""
    client = await Client.to(plane.port)
    await client.send(*parts)
    client.half_close()
    heard = await client.hear()
    client.close()
    return heard


# -- requests ---------------------------------------------------------------------------------------------------------


def test_lm13_mutated_requests_leave_everybody_in_agreement(arena: Arena) -> None:
    """LM13: input, upstreams, log and client agree about every mutation of the cases, and nothing breaks."""

    def body(example: tuple[bytes, tuple[int, ...]]) -> None:
        arena.runner.run(one_input(arena, *example))

    play_many("requests", body, near(SEEDS), REQUESTS)


@pytest.mark.parametrize(("data", "where"), [each[1:] for each in KEPT], ids=[each[0] for each in KEPT])
def test_lm13_what_was_kept_stays_mended(arena: Arena, data: bytes, where: tuple[int, ...]) -> None:
    """LM13: each input that once went wrong, or nearly, leaves everybody in agreement."""
    arena.runner.run(one_input(arena, data, where))


async def one_input(arena: Arena, data: bytes, where: tuple[int, ...]) -> None:
    recorders = (arena.legacy, arena.new)
    for recorder in recorders:
        recorder.clear()
    assert await arena.rest() == ""
    before = len(arena.plane.log)

    heard = await converse(arena.plane, pieces(data, where))
    assert await is_poisoned(arena.plane.port) == ""

    lines = arena.plane.lines_since(before)
    requests = [message for recorder in recorders for message in recorder.requests]
    strict, _, _ = read_requests(data)
    heard.methods = methods_of(strict, lines)
    assert not heard.hung
    assert [each for recorder in recorders for each in recorder.broken] == []
    assert disagreements(lines, requests) == []
    answers = [each for each in heard.responses() if each.status >= 200]
    ids = [each.values(b"x-request-id")[0] for each in answers]
    assert sorted(ids) == sorted(line.request_id.encode() for line in lines)
    assert differences(strict, ids, requests) == []
    assert [each for message in requests for each in leaks(message)] == []
    assert len(answers) >= len(strict) or may_end(answers[-1], strict[len(answers) - 1])
    assert await arena.rest() == ""


def methods_of(strict: list[Message], lines: list[Line]) -> tuple[bytes, ...]:
    """Of the requests that were answered; one that was refused is HEAD when Banyan had read so far."""
    known = [message.words[0] for message in strict][: len(lines)]
    heads = sum(line.method == "HEAD" for line in lines)
    return (*known, b"HEAD" if heads > known.count(b"HEAD") else b"GET")


def differences(strict: list[Message], ids: list[bytes], requests: list[Message]) -> list[str]:
    """Requests upstream that are not what the strict reader found in the input at the same place; `ids` in order."""
    found: list[str] = []
    by_id = {message.values(b"x-request-id")[0]: message for message in requests}
    for at, request_id in enumerate(ids):
        message = by_id.get(request_id)
        if message is None:
            continue
        if at >= len(strict):
            found.append(f"upstream read {message}, which is not in the input")
            continue
        sent = strict[at]
        target = sent.words[1]
        if target != message.words[1] and not target.lower().startswith((b"http://", b"https://")):
            found.append(f"sent {target!r}, upstream read {message.words[1]!r}")
        if (sent.words[0], sent.body) != (message.words[0], message.body):
            found.append(f"sent {sent}, upstream read {message}")
    return found


def leaks(message: Message) -> list[bytes]:
    """Fields that a client has no business to set, under any name that a framework may take for theirs."""
    known = [b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id", b"traceparent"]
    folded = [name.lower().translate(FOLD) for name, _ in message.fields]
    ours = [name for name in folded if name in known or name.startswith(b"x-forwarded-")]
    twice = [name for name in (b"host", b"content-length", b"transfer-encoding") if folded.count(name) > 1]
    hops = {b"keep-alive", b"proxy-connection", b"upgrade", b"expect"} & {name.lower() for name, _ in message.fields}
    hops |= {b"forwarded", b"x-real-ip"} & set(folded)
    if message.words[0] == b"GET" and message.words[1].startswith(b"/ws/new"):
        hops -= {b"upgrade"}
    told = [] if message.values(b"x-forwarded-for") == [b"127.0.0.1"] else [b"x-forwarded-for"]
    behind = {name.lower() for name, _ in message.trailers} & {b"host", b"content-length", b"authorization", *known}
    return [*twice, *hops, *told, *behind, *([] if sorted(ours) == sorted(known) else ours)]


def may_end(answer: Message, sent: Message) -> bool:
    """Whether there was a reason to leave what came behind this request unread."""
    wished = b"close" in b",".join(sent.values(b"connection")).lower() or sent.words[2] == b"0"
    return wished or answer.status >= 400


# -- responses --------------------------------------------------------------------------------------------------------

_OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = [
    HELLO,
    HELLO + HELLO,
    _OK + b"Content-Length: 10\r\n\r\nhello",
    _OK + b"\r\nhello",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    _OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 205 Reset Content\r\n\r\nhello",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
    b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO,
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL",
    _OK + b"Set-Cookie: a=1\r\nX: \xc3\xa9\xff\r\nConnection: X, close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
]
ASKED = {b"GET": GET, b"GET 1.0": GET_1_0, b"HEAD": HEAD, b"POST": POST}
Cut = tuple[bytes, tuple[int, ...]]


def test_mutated_responses_never_become_another_answer(arena: Arena) -> None:
    """The client gets the answer that a strict reader finds, Banyan's own, or a cut; the next client gets its own."""

    def body(example: tuple[bytes, Cut, After]) -> None:
        asked, answer, after = example
        arena.runner.run(one_answer(arena, asked, *answer, after))

    ends = st.sampled_from([After.CLOSES] * 4 + [After.RESETS, After.STAYS])
    play_many("responses", body, st.tuples(st.sampled_from(sorted(ASKED)), near(ANSWERS), ends), RESPONSES)


async def one_answer(arena: Arena, asked: bytes, data: bytes, where: tuple[int, ...], after: After) -> None:
    arena.next = Says(tuple(pieces(data, where)), after)
    heard = await converse(arena.scripted, [ASKED[asked]])
    assert await is_poisoned(arena.scripted.port) == ""

    method = asked.split()[0]
    heard.methods = (method,)
    got = [each for each in heard.responses() if each.status >= 200]
    assert not heard.hung
    assert heard.data.count(b"HTTP/1.") >= len(got)
    assert len(got) <= 1
    if got and b"application/problem+json" not in got[0].values(b"content-type"):
        true = final_of(data, method, ended=after is not After.STAYS)
        assert true is not None, got
        assert (got[0].status, got[0].body) == (true.status, true.body)
    elif got:
        assert got[0].status in {502, 504}
    assert await arena.rest() == ""


def final_of(data: bytes, method: bytes, *, ended: bool) -> Message | None:
    """The final response in an upstream's bytes, if they hold a whole one; a 205 is whole without content (RS03)."""
    try:
        while True:
            asked = b"HEAD" if data[9:12] == b"205" else method
            found = read_response(data, asked, ended=ended, bare=True)
            if found is None:
                return None
            message, data = found
            if message.status >= 200:
                return message
    except Broken:
        return None
