"""Shadows of a route with an adapter: the other side is asked in its own contract, and compared in the clients'."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.core.outcome import Side
from proxy.core.parity.answers import IncomparableReason
from proxy.core.parity.compare import Outcome, compare
from proxy.core.parity.pair import UNTRANSLATABLE, CapturedAnswer, Pair
from proxy.core.parity.rules.rules import NO_RULES
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.field_lines import MapStatus
from proxy.core.translation.field_steps import Rename
from proxy.edge.shadow.translated_capture import ShadowTranslation, as_compared
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.link.messages import ShadowDelta
from tests.core.translation.test_body_path import path
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Script, Scripted
from tests.edge.steps.test_translation_step import CONTACTS, JSON, answering

ADAPTER = AdapterPolicy(
    name="a",
    speaks=Side.LEGACY,
    max_body=100,
    answer=(Rename(path("$.phone"), "tel"), MapStatus(((201, 200),))),
)


class Shadowed:
    """Both sides, and where pairs go."""

    def __init__(self, proxy: Proxy, legacy: Scripted, new: Scripted) -> None:
        self.proxy = proxy
        self.legacy = legacy
        self.new = new
        proxy.listener.shadows.recorder = self.pairs = Pairs()


async def shadowing(play: Play, serve: Serve, legacy: Script, new: Script, **more: object) -> Shadowed:
    sides = await play(legacy), await play(new)
    adapter: Block = {**CONTACTS, "speaks": str(more.pop("speaks", "legacy"))}
    shadow: Block = {"sample": "100%", "second": "100%"}
    named: Block = {"name": "a", "match": "/**", "stage": "shadow", "adapter": "contacts", "shadow": shadow, **more}
    upstreams = {"legacy": upstream(sides[0]), "new": upstream(sides[1])}
    return Shadowed(await serve(upstreams=upstreams, routes=[named], adapters={"contacts": adapter}), *sides)


def outcome(pair: Pair) -> Outcome:
    return compare(pair, NO_RULES, None, 0.0).outcome


LEGACY = answering(b'{"tel":"1","fax":null}', JSON)
NEW = answering(b'{"phone":"1"}', JSON, status=b"201 Created")


async def test_parity_compares_after_translation(play: Play, serve: Serve) -> None:
    """New is asked as it wants to be asked, and what it answers is legacy's answer once it is translated."""
    sides = await shadowing(play, serve, LEGACY, NEW, effects="safe")

    await sides.proxy.ask(request(b"GET", b"/c?p=1", JSON, b"X-Shop: b", body=b'{"tel":1}'))
    pair = await sides.pairs.next()

    (asked,) = sides.new.requests
    assert (asked.target, asked.body, asked.value(b"X-Tenant")) == (b"/c?page=1", b'{"phone":1}', b"b")
    assert (pair.request.target, pair.request.body) == (b"/c?p=1", b'{"tel":1}')
    assert (pair.new.status, pair.new.body) == (200, b'{"tel":"1","fax":null}')
    assert outcome(pair) is Outcome.MATCH


async def test_legacy_is_translated_for_where_clients_speak_as_new_does(play: Play, serve: Serve) -> None:
    """Its second answer as well, by which noise is learned."""
    sides = await shadowing(play, serve, NEW, LEGACY, speaks="new", effects="safe", stage="live")

    await sides.proxy.ask(get())
    pair = await sides.pairs.next()

    assert len(sides.legacy.requests) == 2
    assert pair.second is not None
    assert pair.second.body == pair.legacy.body == b'{"tel":"1","fax":null}'
    assert outcome(pair) is Outcome.MATCH


async def test_an_answer_that_was_translated_for_the_client_is_not_translated_twice(play: Play, serve: Serve) -> None:
    """At `live` it is new's: the pair has it as the client got it."""
    sides = await shadowing(play, serve, LEGACY, NEW, stage="live")

    answer = await sides.proxy.ask(get())
    pair = await sides.pairs.next()

    assert pair.new.body == answer.body == b'{"tel":"1","fax":null}'
    assert outcome(pair) is Outcome.MATCH


async def test_head_is_compared_without_the_length_of_another_body(play: Play, serve: Serve) -> None:
    """Which is no difference; validators are none either."""
    legacy, new = (
        answering(b'{"tel":"1","fax":null}', JSON, b'ETag: "l"'),
        answering(b'{"phone":"1"}', JSON, b'ETag: "n"'),
    )
    sides = await shadowing(play, serve, legacy, new)

    await sides.proxy.ask(request(b"HEAD", b"/"))

    assert outcome(await sides.pairs.next()) is Outcome.MATCH


async def test_an_answer_that_cannot_be_translated_is_incomparable(play: Play, serve: Serve) -> None:
    """It is no mismatch, since nobody knows what it would have been."""
    sides = await shadowing(play, serve, LEGACY, answering(b'{"phone":1,"tel":2}', JSON))

    await sides.proxy.ask(get())
    found = compare(await sides.pairs.next(), NO_RULES, None, 0.0)

    assert (found.outcome, found.why) == (Outcome.INCOMPARABLE, IncomparableReason.UNTRANSLATABLE)


async def test_a_request_that_cannot_be_translated_is_not_sent(play: Play, serve: Serve) -> None:
    """Its client gets legacy's answer as ever; the pair is incomparable, and the shadow counts as skipped."""
    sides = await shadowing(play, serve, LEGACY, NEW, effects="safe")

    answer = await sides.proxy.ask(request(b"GET", b"/", JSON, body=b"{"))
    found = compare(await sides.pairs.next(), NO_RULES, None, 0.0)

    assert (answer.status, sides.new.requests) == (200, [])
    assert (found.outcome, found.why) == (Outcome.INCOMPARABLE, IncomparableReason.UNTRANSLATABLE)
    assert sides.proxy.listener.counters.take_shadows() == [ShadowDelta("a", "skipped", 1)]


async def test_what_does_not_come_across_is_no_difference(play: Play, serve: Serve) -> None:
    """Validators, digests and the coding of the side that is spoken; its client gets them as ever."""
    coded = gzip.compress(b'{"tel":"1","fax":null}', mtime=0)
    lines = (JSON, b"Content-Encoding: gzip", b'ETag: "l"', b"Repr-Digest: x", b"Last-Modified: x")
    sides = await shadowing(play, serve, answering(coded, *lines), NEW)

    answer = await sides.proxy.ask(get(b"/", b"Accept-Encoding: gzip"))

    assert (answer.body, answer.value(b"ETag"), answer.value(b"Content-Encoding")) == (coded, b'"l"', b"gzip")
    pair = await sides.pairs.next()
    assert pair.legacy.body == pair.new.body == b'{"tel":"1","fax":null}'
    assert outcome(pair) is Outcome.MATCH


@pytest.mark.parametrize(
    "fields",
    [
        {"body": b"x", "size": 1},
        {"body": b"x", "size": 9},
        {"body": b"", "size": 0, "failure": "timed_out"},
    ],
    ids=["no gzip", "cut", "failed"],
)
def test_a_coding_that_cannot_be_undone_stays(fields: dict[str, Any]) -> None:
    """Then the comparison says so."""
    answer = CapturedAnswer(status=200, fields=((b"Content-Encoding", b"gzip"), (b"ETag", b"x")), seconds=0.1, **fields)

    assert as_compared(answer) == replace(answer, fields=((b"Content-Encoding", b"gzip"),))


def answered(body: bytes, *fields: tuple[bytes, bytes], size: int = 0, failure: str = "") -> CapturedAnswer:
    return CapturedAnswer(status=201, fields=fields, body=body, size=size or len(body), seconds=0.1, failure=failure)


def translated_capture(adapter: AdapterPolicy, answer: CapturedAnswer, *, is_head: bool) -> CapturedAnswer:
    """What is translated at once."""
    heard: list[CapturedAnswer] = []
    ShadowTranslation(adapter, TranslatorLink(Path())).answer(
        answer, b"HEAD" if is_head else b"GET", b"/", heard.append
    )
    return heard[0]


def test_a_capture_is_translated_with_its_head() -> None:
    """Status, fields, size."""
    found = translated_capture(ADAPTER, answered(b'{"phone":1}', (b"ETag", b"x")), is_head=False)

    assert (found.status, found.fields, found.body, found.size) == (200, ((b"Content-Length", b"9"),), b'{"tel":1}', 9)


def test_a_capture_without_a_body_is_translated_as_far_as_it_goes() -> None:
    """As of HEAD."""
    found = translated_capture(ADAPTER, answered(b"", (b"Content-Length", b"7")), is_head=True)

    assert (found.status, found.fields, found.body) == (200, (), b"")


@pytest.mark.parametrize(
    "answer",
    [answered(b"", failure="timed_out"), answered(b"{", size=5000)],
    ids=["failed", "cut"],
)
def test_what_is_not_whole_stays_as_it_is(answer: CapturedAnswer) -> None:
    """It is compared with nothing, for a reason of its own."""
    assert translated_capture(ADAPTER, answer, is_head=False) is answer


def test_a_capture_that_is_too_long_is_not_translated() -> None:
    """By the adapter's bound, as for a client."""
    found = translated_capture(ADAPTER, answered(b'"%b"' % (b"x" * 200)), is_head=False)

    assert (found.failure, found.body) == (UNTRANSLATABLE, b"")
