"""Bodies that are too long for a worker, over the wire and through the real process of translators."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.core.parity.compare import Outcome
from proxy.core.parity.pair import UNTRANSLATABLE
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.link.messages import StepAnswerDelta
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post
from tests.edge.scripted import Script, Scripted
from tests.edge.shadow.test_translated_capture import outcome
from tests.edge.steps.test_translation_step import JSON, answering
from tests.translator.translators import linked, translators_at
from tests.waiting import until

LIST: Block = {
    "speaks": "legacy",
    "max_body": "64KiB",
    "request": [{"rename": "$[*].tel", "to": "phone"}],
    "answer": [{"rename": "$[*].phone", "to": "tel"}, {"header": "X-New", "to": "X-Old"}],
    "error": [{"rename": "$[*].phone", "to": "tel"}],
}


def contacts(name: str, count: int = 1500) -> bytes:
    return json.dumps([{name: each} for each in range(count)], separators=(",", ":")).encode()


TEL, PHONE = contacts("tel"), contacts("phone")


@pytest.fixture
async def translator(tmp_path: Path) -> AsyncIterator[TranslatorLink]:
    async with translators_at(tmp_path), linked(tmp_path) as made:
        yield made


async def serving(
    play: Play, serve: Serve, new: Script, translator: TranslatorLink, legacy: Script | None = None, **route: object
) -> tuple[Proxy, Scripted]:
    sides = await play(legacy or answering(b"9")), await play(new)
    named: Block = {"name": "list", "match": "/**", "stage": "live", "adapter": "list", **route}
    upstreams = {"legacy": upstream(sides[0]), "new": upstream(sides[1])}
    proxy = await serve(upstreams=upstreams, routes=[named], adapters={"list": LIST}, translator=translator)
    return proxy, sides[1]


async def test_a_long_request_and_its_long_answer_are_translated(
    play: Play, serve: Serve, translator: TranslatorLink
) -> None:
    """With their heads, as short ones are."""
    assert len(TEL) > 8 * 1024
    proxy, new = await serving(play, serve, answering(PHONE, JSON, b'ETag: "a"', b"X-New: 1"), translator)

    answer = await proxy.ask(post(TEL, JSON))

    (asked,) = new.requests
    assert (asked.body, asked.value(b"Content-Length")) == (PHONE, b"%d" % len(PHONE))
    assert (answer.body, answer.value(b"Content-Length")) == (TEL, b"%d" % len(TEL))
    assert (answer.value(b"X-Old"), answer.value(b"ETag")) == (b"1", None)
    assert translator.take_outcomes() == {"translated": 2}


async def test_what_cannot_be_translated_there_is_told_as_from_here(
    play: Play, serve: Serve, translator: TranslatorLink
) -> None:
    """400 of a request, 502 of an answer, with path and step, and counted."""
    twice = PHONE.replace(b'{"phone":7}', b'{"phone":7,"tel":1}')
    proxy, new = await serving(play, serve, answering(twice, JSON), translator)

    refused = await proxy.ask(post(TEL.replace(b'{"tel":7}', b'{"tel":7,"phone":1}'), JSON))
    failed = await proxy.ask(get(b"/"))

    assert (refused.status, failed.status, len(new.requests)) == (400, 502, 1)
    assert json.loads(refused.body)["detail"] == (
        "adapter list cannot translate the request for new: $[*].phone: it is there already "
        "(rename: $[*].tel, to: phone)"
    )
    assert b"$[*].tel: it is there already (rename: $[*].phone, to: tel)" in failed.body
    assert proxy.listener.counters.take_step_answers() == [
        StepAnswerDelta("list", "untranslatable_request", 1),
        StepAnswerDelta("list", "untranslatable_answer", 1),
    ]


async def test_an_error_without_a_type_that_is_no_json_keeps_its_long_body(
    play: Play, serve: Serve, translator: TranslatorLink
) -> None:
    """As a short one does; one that is JSON is translated."""
    html = b"<p>" * 4000
    proxy, _ = await serving(play, serve, answering(html, status=b"500 No"), translator)
    answer = await proxy.ask(get(b"/"))
    assert (answer.status, answer.body) == (500, html)

    proxy, _ = await serving(play, serve, answering(PHONE, status=b"500 No"), translator)
    assert (await proxy.ask(get(b"/"))).body == TEL


async def test_a_translation_that_nobody_makes_is_503_and_no_failure_of_the_side(
    play: Play, serve: Serve, tmp_path: Path
) -> None:
    """Of a request before anything is sent, of an answer after; either is counted by itself, and short ones go on."""
    proxy, new = await serving(play, serve, answering(PHONE, JSON), TranslatorLink(tmp_path, -0.9))

    request, answer = await proxy.ask(post(TEL, JSON)), await proxy.ask(get(b"/"))

    assert (request.status, request.value(b"Retry-After"), answer.status) == (503, b"1", 503)
    assert b"it was not translated in time" in request.body
    assert [each.body for each in new.requests] == [b""]
    assert proxy.listener.counters.take_step_answers() == [StepAnswerDelta("list", "translator_unavailable", 2)]
    assert [each.blame for each in proxy.listener.counters.take()[1]] == ["proxy"]
    short, _ = await serving(play, serve, answering(b'[{"phone":1}]', JSON), TranslatorLink(tmp_path))
    assert (await short.ask(post(b'[{"tel":1}]', JSON))).body == b'[{"tel":1}]'


async def test_a_client_that_leaves_takes_its_message_along(play: Play, serve: Serve, tmp_path: Path) -> None:
    """Nothing of it is sent, and nothing waits for it."""
    link = TranslatorLink(tmp_path)
    proxy, new = await serving(play, serve, answering(PHONE, JSON), link)
    client = await proxy.client()
    await client.send(post(TEL, JSON))
    await until(lambda: link.waits == 1)
    client.close()
    await until(lambda: link.waits == 0)

    assert (link.take_outcomes(), new.requests) == ({"left": 1}, [])


async def test_a_shadow_is_asked_and_compared_by_long_bodies(
    play: Play, serve: Serve, translator: TranslatorLink
) -> None:
    """Its request and its answer are translated where the client's would be."""
    shadow: Block = {"stage": "shadow", "effects": "safe", "shadow": {"sample": "100%", "second": "0%"}}
    proxy, new = await serving(play, serve, answering(PHONE, JSON), translator, answering(TEL, JSON), **shadow)
    proxy.listener.shadows.recorder = pairs = Pairs()

    answer = await proxy.ask(post(TEL, JSON))
    pair = await pairs.next()

    assert (answer.body, new.requests[0].body) == (TEL, PHONE)
    assert (pair.new.body, outcome(pair)) == (TEL, Outcome.MATCH)
    assert translator.take_outcomes() == {"translated": 2}


@pytest.mark.parametrize("fails", ["request", "answer"])
async def test_a_shadow_that_is_not_translated_is_incomparable(
    play: Play, serve: Serve, translator: TranslatorLink, fails: str
) -> None:
    """Never a mismatch; a request that cannot be is not sent."""
    shadow: Block = {"stage": "shadow", "effects": "safe", "shadow": {"sample": "100%", "second": "0%"}}
    new_says = PHONE if fails == "request" else b"no" * 5000
    proxy, new = await serving(play, serve, answering(new_says, JSON), translator, answering(TEL, JSON), **shadow)
    proxy.listener.shadows.recorder = pairs = Pairs()

    assert (await proxy.ask(post(b"no" * 5000 if fails == "request" else TEL, JSON))).body == TEL
    pair = await pairs.next()

    assert (pair.new.failure, outcome(pair)) == (UNTRANSLATABLE, Outcome.INCOMPARABLE)
    assert len(new.requests) == (0 if fails == "request" else 1)
