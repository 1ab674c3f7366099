"""Routes whose adapter is code, over the wire: messages with and without bodies, what fails, and shadows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.core.parity.compare import Outcome
from proxy.edge.translator.translator_link import TranslatorLink
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Script, Scripted
from tests.edge.shadow.test_translated_capture import outcome
from tests.edge.steps.test_translation_step import JSON, answering
from tests.translator.code import OTHERS
from tests.translator.translators import linked, translators_at

CODE = f"""
def request_to_new(request):
    if request.body is not None:
        request.body["phone"] = request.body.pop("tel")
    request.query = [("page" if name == "p" else name, value) for name, value in request.query]
    request.headers.set("X-Tenant", request.headers.get("X-Shop"))
    return request

def answer_from_new(answer):
    if answer.path == "/hang":
        while True: pass
    if answer.status >= 400:
        answer.body = {{"error": answer.status}}
        answer.status = 400
    elif answer.body is not None:
        answer.body["tel"] = answer.body.pop("phone")
    answer.headers.set("X-Saw", answer.method)
    return answer
{OTHERS}
"""


@pytest.fixture
async def translator(tmp_path: Path) -> AsyncIterator[TranslatorLink]:
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "a.py").write_text(CODE)
    async with translators_at(tmp_path), linked(tmp_path) as made:
        yield made


async def serving(
    play: Play, serve: Serve, new: Script, translator: TranslatorLink, folder: Path, **route: object
) -> tuple[Proxy, Scripted]:
    sides = await play(answering(b'{"tel":1}', JSON)), await play(new)
    named: Block = {"name": "a", "match": "/**", "stage": "live", "adapter": "a", **route}
    upstreams = {"legacy": upstream(sides[0]), "new": upstream(sides[1])}
    adapters = {"a": {"speaks": "legacy", "code": str(Path("adapters") / "a.py"), "timeout": "2s"}}
    proxy = await serve(upstreams=upstreams, routes=[named], adapters=adapters, translator=translator, beside=folder)
    return proxy, sides[1]


async def test_a_request_and_its_answer_are_what_code_makes_of_them(
    play: Play, serve: Serve, translator: TranslatorLink, tmp_path: Path
) -> None:
    """Length, query, fields; validators do not come across, and what a request may not carry does not go out."""
    said = (JSON, b'ETag: "n"', b"Accept-Ranges: bytes")
    proxy, new = await serving(play, serve, answering(b'{"phone":1.10,"a":1,"a":2}', *said), translator, tmp_path)

    answer = await proxy.ask(post(b'{"tel":1e400}', JSON, b"X-Shop: 7", target=b"/c?p=2"))
    none = await proxy.ask(get(b"/c?p=%7e", b'If-None-Match: "n"', b"Range: bytes=0-1"))
    refused = await proxy.ask(post(b"{}", JSON, b'If-Match: "n"'))

    first, second = new.requests
    assert (first.target, first.body, first.value(b"X-Tenant")) == (b"/c?page=2", b'{"phone":1e400}', b"7")
    assert (second.body, second.value(b"If-None-Match"), second.value(b"Range")) == (b"", None, None)
    assert answer.body == none.body == b'{"a":1,"a":2,"tel":1.10}'
    assert (answer.value(b"ETag"), answer.value(b"Content-Length"), answer.value(b"X-Saw")) == (None, b"24", b"POST")
    assert refused.status == 412


async def test_answers_without_a_body_have_their_heads_translated(
    play: Play, serve: Serve, translator: TranslatorLink, tmp_path: Path
) -> None:
    """HEAD and 204; a 304 that nobody asked for is none that can be translated."""
    proxy, _ = await serving(play, serve, answering(b'{"phone":1}', JSON), translator, tmp_path)
    head = await proxy.ask(request(b"HEAD", b"/c"))
    assert (head.status, head.value(b"X-Saw"), head.value(b"Content-Length")) == (200, b"HEAD", None)

    proxy, _ = await serving(play, serve, answering(b"", status=b"204 No Content"), translator, tmp_path)
    gone = await proxy.ask(get(b"/c"))
    assert (gone.status, gone.value(b"X-Saw"), gone.body) == (204, b"GET", b"")

    proxy, _ = await serving(play, serve, answering(b"", status=b"304 Not Modified"), translator, tmp_path)
    assert (await proxy.ask(get(b"/c"))).status == 502


async def test_an_error_that_is_no_json_may_become_some(
    play: Play, serve: Serve, translator: TranslatorLink, tmp_path: Path
) -> None:
    """With its type; an answer of another media type or charset is refused as with steps."""
    html = (b"Content-Type: text/html",)
    proxy, _ = await serving(play, serve, answering(b"<p>", *html, status=b"500 No"), translator, tmp_path)
    answer = await proxy.ask(get(b"/c"))
    assert (answer.status, answer.body, answer.value(b"Content-Type")) == (400, b'{"error":500}', b"application/json")

    for said in (html, (b"Content-Type: application/json; charset=latin-1",)):
        proxy, _ = await serving(play, serve, answering(b"{}", *said), translator, tmp_path)
        assert (await proxy.ask(get(b"/c"))).status == 502


async def test_code_that_fails_costs_its_own_message(
    play: Play, serve: Serve, translator: TranslatorLink, tmp_path: Path
) -> None:
    """400 for a request, 502 for an answer, with function, file and line; the next one goes through."""
    proxy, new = await serving(play, serve, answering(b'{"phone":1}', JSON), translator, tmp_path)
    refused, hung = await proxy.ask(post(b'{"x":1}', JSON)), await proxy.ask(get(b"/hang"))
    fine = await proxy.ask(get(b"/c"))

    assert (refused.status, hung.status, fine.body) == (400, 502, b'{"tel":1}')
    assert "KeyError (adapters/a.py:4 in request_to_new)" in json.loads(refused.body)["detail"]
    assert b"it took longer than 2 s" in hung.body
    assert len(new.requests) == 2


async def test_shadows_are_translated_by_code_and_then_compared(
    play: Play, serve: Serve, translator: TranslatorLink, tmp_path: Path
) -> None:
    """What code cannot translate is incomparable."""
    shadow: Block = {"stage": "shadow", "effects": "safe", "shadow": {"sample": "100%", "second": "0%"}}
    proxy, new = await serving(play, serve, answering(b'{"phone":1}', JSON), translator, tmp_path, **shadow)
    proxy.listener.shadows.recorder = pairs = Pairs()

    await proxy.ask(post(b'{"tel":1}', JSON))
    pair = await pairs.next()
    assert (pair.new.body, new.requests[0].body) == (b'{"tel":1}', b'{"phone":1}')
    await proxy.ask(get(b"/hang"))
    assert outcome(await pairs.next()) is Outcome.INCOMPARABLE
