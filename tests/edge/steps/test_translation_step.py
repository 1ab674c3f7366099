"""A route with an adapter, over the wire: what each side is asked, and what clients get.

Long: one step and its tap, and all its cases share two contracts.
"""

from __future__ import annotations

import gzip
import json

import pytest

from proxy.edge.routing.request import Request
from proxy.edge.routing.step import WholeBody
from proxy.link.messages import StepAnswerDelta
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Script, Scripted

CONTACTS: Block = {
    "speaks": "legacy",
    "max_body": "1KiB",
    "request": [
        {"rename": "$.tel", "to": "phone"},
        {"number": "$.amount", "to": "text"},
        {"header": "X-Shop", "to": "X-Tenant"},
        {"query": "p", "to": "page"},
    ],
    "answer": [
        {"rename": "$.phone", "to": "tel"},
        {"add": "$.fax"},
        {"status": {"201": 200}},
        {"header": "X-Tenant", "to": "X-Shop"},
    ],
    "error": [{"move": "$.detail", "to": "$.error.message"}, {"status": {"422": 400}}],
}
JSON = b"Content-Type: application/json"


def answering(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> Script:
    """Every request, with a length."""

    async def script(peer: Peer) -> None:
        while (asked := await peer.next_request()) is not None:
            shown = b"" if asked.start.startswith(b"HEAD") else body
            framing = [b"Content-Length: %d" % len(body)]
            await peer.send(b"\r\n".join([b"HTTP/1.1 " + status, *lines, *framing, b"", shown]))

    return script


def raw(answer: bytes) -> Script:
    """Every request, with these bytes."""

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(answer)

    return script


class BothSides:
    """Both sides behind a route with the adapter."""

    def __init__(self, proxy: Proxy, legacy: Scripted, new: Scripted) -> None:
        self.proxy = proxy
        self.legacy = legacy
        self.new = new

    def counted(self) -> list[StepAnswerDelta]:
        return self.proxy.listener.counters.take_step_answers()


async def translating(
    play: Play, serve: Serve, new: Script, adapter: Block | None = None, route: Block | None = None
) -> BothSides:
    """New answers, for clients that speak legacy's contract, unless `route` says otherwise."""
    played = await play(answering(b'{"tel":"9"}', JSON)), await play(new)
    named: Block = {"name": "contacts", "match": "/**", "stage": "live", "adapter": "contacts", **(route or {})}
    upstreams = {"legacy": upstream(played[0]), "new": upstream(played[1])}
    adapters = {"contacts": {**CONTACTS, **(adapter or {})}}
    return BothSides(await serve(upstreams=upstreams, routes=[named], adapters=adapters), *played)


async def test_a_request_and_its_answer_are_translated(play: Play, serve: Serve) -> None:
    """Body, field, query, status; each with the length that it then has, and all else as it came."""
    sides = await translating(play, serve, answering(b'{"phone": 1.10}', JSON, b"X-Tenant: a", status=b"201 Created"))

    answer = await sides.proxy.ask(post(b'{"tel": "1", "amount": 1e400}', JSON, b"X-Shop: b", target=b"/c?p=2&q=%7e"))

    (asked,) = sides.new.requests
    assert (asked.target, asked.body) == (b"/c?page=2&q=%7e", b'{"phone":"1","amount":"1e400"}')
    assert (asked.value(b"X-Tenant"), asked.value(b"X-Shop")) == (b"b", None)
    assert (answer.start, answer.body) == (b"HTTP/1.1 200 OK", b'{"tel":1.10,"fax":null}')
    assert (answer.value(b"X-Shop"), answer.value(b"X-Tenant")) == (b"a", None)


async def test_the_side_that_is_spoken_gets_and_gives_everything_as_it_is(play: Play, serve: Serve) -> None:
    """However long, and whatever it is."""
    sides = await translating(play, serve, answering(b""), route={"stage": "legacy"})
    body = b'{ "tel": ' + b" " * 5000 + b"1, "

    answer = await sides.proxy.ask(post(body, JSON, b'If-Match: "a"', target=b"/c?p=2"))

    (asked,) = sides.legacy.requests
    assert (asked.target, asked.body, asked.value(b"If-Match")) == (b"/c?p=2", body, b'"a"')
    assert answer.body == b'{"tel":"9"}'


async def test_clients_may_speak_as_new_does(play: Play, serve: Serve) -> None:
    """Then it is legacy for whom is translated."""
    sides = await translating(play, serve, answering(b""), {"speaks": "new"}, route={"stage": "legacy"})

    await sides.proxy.ask(post(b'{"tel":1}', JSON))

    assert sides.legacy.requests[0].body == b'{"phone":1}'


async def test_a_chunked_body_comes_out_with_a_length(play: Play, serve: Serve) -> None:
    """In either direction; a trailer goes no further."""
    body = b'7\r\n{"phone\r\n4\r\n":1}\r\n0\r\nX-End: 1\r\n\r\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
    sides = await translating(play, serve, raw(head + body))
    chunked = request(b"POST", b"/", JSON, b"Transfer-Encoding: chunked") + b'9\r\n{"tel":1}\r\n0\r\n\r\n'

    answer = await sides.proxy.ask(chunked)

    (asked,) = sides.new.requests
    assert (asked.body, asked.value(b"Content-Length")) == (b'{"phone":1}', b"11")
    assert asked.value(b"Transfer-Encoding") is None
    assert (answer.body, answer.value(b"Content-Length")) == (b'{"tel":1,"fax":null}', b"20")
    assert (answer.value(b"Transfer-Encoding"), answer.value(b"Trailer")) == (None, None)


async def test_a_moment_that_has_no_other_form_is_not_guessed(play: Play, serve: Serve) -> None:
    """A leap second, a number with an exponent: of a request 400, of an answer 502."""
    times: Block = {
        "request": [{"time": "$.at", "reads": "unix", "to": "rfc3339"}],
        "answer": [{"time": "$.at", "reads": "rfc3339", "to": "unix"}],
    }
    sides = await translating(play, serve, answering(b'{"at":"2016-12-31T23:59:60Z"}', JSON), times)

    assert (await sides.proxy.ask(post(b'{"at":1.7e9}', JSON))).status == 400
    assert (await sides.proxy.ask(post(b'{"at":1700000000}', JSON))).status == 502
    assert [asked.body for asked in sides.new.requests] == [b'{"at":"2023-11-14T22:13:20Z"}']


async def test_a_coded_answer_is_decoded(play: Play, serve: Serve) -> None:
    """It was asked for without; what comes coded all the same goes on without its coding and digest."""
    coded = gzip.compress(b'{"phone":1}', mtime=0)
    sides = await translating(play, serve, answering(coded, JSON, b"Content-Encoding: gzip", b"Content-Digest: x"))

    answer = await sides.proxy.ask(get(b"/", b"Accept-Encoding: gzip, br"))

    assert sides.new.requests[0].values(b"Accept-Encoding") == [b"identity"]
    assert answer.body == b'{"tel":1,"fax":null}'
    assert (answer.value(b"Content-Encoding"), answer.value(b"Content-Digest")) == (None, None)


async def test_validators_do_not_cross(play: Play, serve: Serve) -> None:
    """Conditions and ranges of a read do not go out, validators do not come back: the answer is whole."""
    lines = (JSON, b'ETag: "n"', b"Last-Modified: Sun, 29 Nov 2026 00:00:00 GMT", b"Accept-Ranges: bytes")
    sides = await translating(play, serve, answering(b"{}", *lines))

    answer = await sides.proxy.ask(get(b"/", b'If-None-Match: "l"', b"Range: bytes=0-1", b'If-Range: "l"'))

    (asked,) = sides.new.requests
    assert [asked.value(name) for name in (b"If-None-Match", b"Range", b"If-Range")] == [None, None, None]
    assert answer.status == 200
    assert [answer.value(name) for name in (b"ETag", b"Last-Modified", b"Accept-Ranges")] == [None, None, None]


@pytest.mark.parametrize(
    "lines",
    [
        (b'If-Match: "l"',),
        (b'If-None-Match: "l"',),
        (b"If-Unmodified-Since: x",),
        (b"If-Match:", b'If-Match: "l"'),
        (b"If-Match: *", b'If-Match: "l"'),
        (b"If-Match:",),
        (b"If-Unmodified-Since:", b"If-Unmodified-Since: Sun, 29 Nov 2026 00:00:00 GMT"),
        (b"If-None-Match:", b'If-None-Match: "l"'),
    ],
)
@pytest.mark.parametrize("method", [b"PUT", b"DELETE"])
async def test_a_write_on_a_condition_of_one_side_is_not_done_on_the_other(
    play: Play, serve: Serve, method: bytes, lines: tuple[bytes, ...]
) -> None:
    """412, whichever line says it: nothing that it names is there. Without it somebody else's write would be lost."""
    sides = await translating(play, serve, answering(b"{}", JSON))

    answer = await sides.proxy.ask(request(method, b"/", *lines, JSON, body=b"{}"))

    assert (answer.status, sides.new.requests) == (412, [])
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_request", 1)]


async def test_a_write_that_asks_whether_anything_is_there_is_passed_on(play: Play, serve: Serve) -> None:
    """`*` is no side's own."""
    sides = await translating(play, serve, answering(b"{}", JSON))

    for line in (b"If-None-Match: *", b"If-Match: *"):
        assert (await sides.proxy.ask(request(b"PUT", b"/", line, JSON, body=b"{}"))).status == 200

    assert [sides.new.requests[0].value(b"If-None-Match"), sides.new.requests[1].value(b"If-Match")] == [b"*", b"*"]


HINT = b'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nETag: "n"\r\nX-Tenant: a\r\n%b\r\n'
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_what_comes_before_the_answer_is_translated_as_its_head_is(play: Play, serve: Serve) -> None:
    """Early hints have no validators and the clients' names; one that cannot be translated is left out."""
    taken = HINT % b"X-Shop: b\r\n"
    sides = await translating(play, serve, raw(taken + HINT % b"" + EMPTY))
    client = await sides.proxy.client()

    await client.send(get())
    hint, answer = [await client.response() for _ in range(2)]

    assert hint.head == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Shop: a\r\n\r\n"
    assert (answer.status, answer.body) == (200, b'{"fax":null}')


async def test_what_comes_before_the_answer_of_the_side_that_is_spoken_stays(play: Play, serve: Serve) -> None:
    """As all that it says."""
    sides = await translating(play, serve, raw(HINT % b"" + EMPTY), {"speaks": "new"})
    client = await sides.proxy.client()

    await client.send(get())

    assert (await client.response()).head == HINT % b""


@pytest.mark.parametrize("status", [b"206 Partial Content", b"304 Not Modified"])
async def test_a_part_that_nobody_asked_for_cannot_be_translated(play: Play, serve: Serve, status: bytes) -> None:
    """The client would take it for the other side's."""
    framing = b"" if status.startswith(b"304") else b"Content-Length: 2\r\n"
    sides = await translating(
        play, serve, raw(b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, framing, b"{}" if framing else b""))
    )

    answer = await sides.proxy.ask(get())

    assert answer.status == 502
    assert f"status: {status[:3].decode()} was not asked for" in answer.problem["detail"]


async def test_head_is_translated_without_the_length_of_another_body(play: Play, serve: Serve) -> None:
    """Status and fields are those of GET; the connection goes on."""
    sides = await translating(play, serve, answering(b'{"phone":1}', JSON, b"X-Tenant: a", b'ETag: "n"'))
    client = await sides.proxy.client()

    answer = await client.ask(request(b"HEAD", b"/"))

    assert (answer.status, answer.value(b"X-Shop"), answer.value(b"ETag")) == (200, b"a", None)
    assert answer.value(b"Content-Length") is None
    assert (await client.ask(get())).body == b'{"tel":1,"fax":null}'


async def test_no_content_stays_without(play: Play, serve: Serve) -> None:
    """A step that puts a member in has no body to put it into."""
    sides = await translating(play, serve, raw(b"HTTP/1.1 204 No Content\r\nX-Tenant: a\r\n\r\n"))
    client = await sides.proxy.client()

    for _ in range(2):
        answer = await client.ask(get())
        assert (answer.status, answer.value(b"X-Shop"), answer.value(b"Content-Length")) == (204, b"a", None)


async def test_an_error_has_steps_of_its_own(play: Play, serve: Serve) -> None:
    """And its own status."""
    sides = await translating(play, serve, answering(b'{"detail":"no"}', JSON, status=b"422 No"))

    answer = await sides.proxy.ask(get())

    assert (answer.status, json.loads(answer.body)) == (400, {"error": {"message": "no"}})


async def test_an_error_that_is_no_json_keeps_its_body(play: Play, serve: Serve) -> None:
    """Its status says most of it."""
    sides = await translating(play, serve, answering(b"<p>", b"Content-Type: text/html", status=b"422 No"))

    answer = await sides.proxy.ask(get())

    assert (answer.status, answer.body) == (400, b"<p>")


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"detail":"%b"}' % (b"x" * 1024), b'{"detail":1,"error":2}'], ids=["none", "long", "taken"]
)
async def test_an_error_that_says_it_is_json_and_cannot_be_translated_is_502(
    play: Play, serve: Serve, body: bytes
) -> None:
    """Its own status is gone: with a body that nobody could translate it would be no error of either contract."""
    sides = await translating(play, serve, answering(body, JSON, status=b"422 No"))

    assert (await sides.proxy.ask(get())).status == 502


@pytest.mark.parametrize("lines", [(), (b"Content-Type:",)], ids=["without", "empty"])
async def test_an_error_that_says_no_type_is_translated_if_it_is_json(
    play: Play, serve: Serve, lines: tuple[bytes, ...]
) -> None:
    """As an answer is: no client gets the shape of the other contract."""
    sides = await translating(play, serve, answering(b'{"detail":"d"}', *lines, status=b"422 No"))

    answer = await sides.proxy.ask(get())

    assert (answer.status, answer.body) == (400, b'{"error":{"message":"d"}}')


async def test_an_error_that_says_no_type_and_is_no_json_keeps_its_body(play: Play, serve: Serve) -> None:
    """Its status says most of it; what is too long to be looked at is 502."""
    for body, status in ((b"[no] such contact", 400), (b"", 400), (b"x" * 1025, 502)):
        sides = await translating(play, serve, answering(body, status=b"422 No"))

        answer = await sides.proxy.ask(get())

        assert answer.status == status
        assert answer.body == body or "longer than 1024 bytes" in answer.problem["detail"]


async def test_what_no_step_reads_streams_however_long(play: Play, serve: Serve) -> None:
    """Only bodies that are translated are bounded; the head is translated all the same."""
    body = b"x" * 100_000
    lines = (b"Content-Type: text/plain", b"X-Tenant: a", b'ETag: "n"')
    sides = await translating(
        play, serve, answering(body, *lines), {"answer": [{"header": "X-Tenant", "to": "X-Shop"}]}
    )

    answer = await sides.proxy.ask(get())

    assert (answer.body, answer.value(b"X-Shop"), answer.value(b"ETag")) == (body, b"a", None)


@pytest.mark.parametrize(
    ("body", "lines", "status", "why"),
    [
        (b'{"amount":"x"}', (JSON,), 400, "$.amount: it is no number (number: $.amount, to: text)"),
        (b'{"tel":1,"phone":2}', (JSON,), 400, "$.phone: it is there already (rename: $.tel, to: phone)"),
        (b"{", (JSON,), 400, "$: the body is not JSON"),
        (
            b"a=1",
            (b"Content-Type: application/x-www-form-urlencoded",),
            415,
            "header:Content-Type: the body is no JSON",
        ),
        (b"{}", (b"Content-Type: application/json; charset=shift_jis",), 415, "another charset is declared"),
        (b"{}", (JSON, b"Content-Encoding: gzip"), 415, "header:Content-Encoding: a body in gzip is not read here"),
        (b"{}", (JSON, b"Content-Encoding: identity", b"Content-Encoding: gzip"), 415, "a body in gzip is not read"),
        (b"{}", (JSON, b"Content-Type: text/plain"), 415, "header:Content-Type: the body is no JSON"),
        (b"[" * 70 + b"]" * 70, (JSON,), 400, "deeper than 64 levels"),
    ],
)
async def test_a_request_that_cannot_be_translated_is_the_clients(
    play: Play, serve: Serve, body: bytes, lines: tuple[bytes, ...], status: int, why: str
) -> None:
    """It is told the path and the step, nothing is sent, and it is counted."""
    sides = await translating(play, serve, answering(b"{}", JSON))

    answer = await sides.proxy.ask(post(body, *lines))

    assert (answer.status, sides.new.requests) == (status, [])
    assert why in answer.problem["detail"]
    assert answer.problem["detail"].startswith("adapter contacts cannot translate the request for new: ")
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_request", 1)]


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (get(b"/c?p=1&page=2&%70=3"), "query:page"),
        (get(b"/c?%70=1&%70age"), "query:page"),
        (get(b"/c", b"X-Shop: a", b"x-tenant: b"), "header:X-Tenant"),
    ],
)
async def test_a_name_that_is_taken_is_given_to_nothing_else(
    play: Play, serve: Serve, asked: bytes, where: str
) -> None:
    """400: a client adds no second tenant to its first."""
    sides = await translating(play, serve, answering(b"{}", JSON))

    answer = await sides.proxy.ask(asked)

    assert (answer.status, sides.new.requests) == (400, [])
    assert f"{where}: it is there already (" in answer.problem["detail"]
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_request", 1)]


@pytest.mark.parametrize("adapter", [{}, {"answer": [{"header": "X-Tenant", "to": "X-Shop"}]}], ids=["read", "streams"])
async def test_an_answer_with_a_name_that_is_taken_is_the_sides_failure(
    play: Play, serve: Serve, adapter: Block
) -> None:
    """Whether its body is read or not."""
    sides = await translating(play, serve, answering(b"{}", JSON, b"X-Tenant: a", b"X-Shop: b"), adapter)

    answer = await sides.proxy.ask(get())

    assert answer.status == 502
    assert "header:X-Shop: it is there already (header: X-Tenant, to: X-Shop)" in answer.problem["detail"]
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_answer", 1)]


async def test_a_name_that_is_taken_behind_the_step_is_not_given_either(play: Play, serve: Serve) -> None:
    """What a later step puts into the head is known only when it is sent: nothing is."""

    def putting(request: Request) -> None:
        request.head.put(b"X-Tenant", b"ours")

    sides = await translating(play, serve, answering(b"{}", JSON))
    (bound,) = sides.proxy.listener.live.bound
    bound.admission = (*bound.admission, putting)

    answer = await sides.proxy.ask(get(b"/", b"X-Shop: a"))

    assert (answer.status, sides.new.requests) == (503, [])
    assert "header:X-Tenant: it is there already" in answer.problem["detail"]


async def test_a_request_that_is_too_long_is_413(play: Play, serve: Serve) -> None:
    """Before translation, and where only the steps make it so."""
    longer: Block = {"request": [{"default": "$.a", "value": "x" * 90}]}
    sides = await translating(play, serve, answering(b"{}", JSON), longer)

    assert (await sides.proxy.ask(post(b'"%b"' % (b"x" * 1023), JSON))).status == 413
    assert (await sides.proxy.ask(post(b'{"b":"%b"}' % (b"x" * 1000), JSON))).status == 413
    assert sides.new.requests == []


@pytest.mark.parametrize(
    ("body", "lines", "why"),
    [
        (b'{"phone":1,"tel":2}', (JSON,), "$.tel: it is there already (rename: $.phone, to: tel)"),
        (b"{", (JSON,), "$: the body is not JSON"),
        (b"<p>", (b"Content-Type: text/html",), "header:Content-Type: the body is no JSON"),
        (b"{}", (b"Content-Type: application/json;charset=latin-1",), "another charset is declared"),
        (b"{}", (JSON, b"Content-Type: text/plain"), "header:Content-Type: the body is no JSON"),
        (b"xx", (JSON, b"Content-Encoding: gzip"), "header:Content-Encoding: no gzip"),
        (b"xx", (JSON, b"Content-Encoding: identity", b"Content-Encoding: gzip"), "header:Content-Encoding: no gzip"),
        (gzip.compress(b'"%b"' % (b"x" * 5000), mtime=0), (JSON, b"Content-Encoding: gzip"), "more than 1024"),
        (b'"%b"' % (b"x" * 5000), (JSON,), "$: the body is longer than 1024 bytes"),
        (b'{"a":"%b"}' % (b"x" * 1010), (JSON,), "$: the body is longer than 1024 bytes"),
    ],
)
async def test_an_answer_that_cannot_be_translated_is_the_sides_failure(
    play: Play, serve: Serve, body: bytes, lines: tuple[bytes, ...], why: str
) -> None:
    """502 with the path and the step, and no byte of it; counted, as a failure of new's as well."""
    sides = await translating(play, serve, answering(body, *lines))
    client = await sides.proxy.client()

    answer = await client.ask(get())

    assert answer.status == 502
    assert why in answer.problem["detail"]
    assert answer.problem["detail"].startswith("adapter contacts cannot translate the answer of new: ")
    assert answer.value(b"Retry-After") is None
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_answer", 1)]
    _, (failed,) = sides.proxy.counted()
    assert (failed.side, failed.phase, failed.blame, failed.count) == ("new", "head", "upstream", 1)
    assert (await client.ask(get())).status == 502


async def test_an_answer_that_grows_too_long_while_it_comes_is_cut(play: Play, serve: Serve) -> None:
    """Of unknown length it is read up to the bound, and no further."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    sides = await translating(play, serve, raw(head + b"800\r\n" + b"x" * 2048 + b"\r\n"))

    answer = await sides.proxy.ask(get())

    assert (answer.status, "longer than 1024 bytes" in answer.problem["detail"]) == (502, True)


async def test_legacy_steps_in_with_what_the_client_sent(play: Play, serve: Serve) -> None:
    """A fallback leads to the side that clients speak to, which needs no translation either way."""
    route: Block = {"fallback": {"to": "legacy", "after": ["5xx"]}, "effects": "idempotent"}
    sides = await translating(play, serve, answering(b"", status=b"503 Away"), route=route)

    answer = await sides.proxy.ask(post(b'{"tel": 1}', JSON, target=b"/?p=1"))

    assert sides.new.requests[0].body == b'{"phone":1}'
    assert (sides.legacy.requests[0].target, sides.legacy.requests[0].body) == (b"/?p=1", b'{"tel": 1}')
    assert answer.body == b'{"tel":"9"}'


PARTIAL = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n\r\n{}"
TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{"
LONG = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + b"x" * 2048 + b"\r\n"


@pytest.mark.parametrize("said", [PARTIAL, TEXT, BROKEN, LONG], ids=["part", "text", "broken", "long"])
async def test_legacy_steps_in_for_an_answer_that_cannot_be_translated(play: Play, serve: Serve, said: bytes) -> None:
    """It is a failure of the side: where the route falls back after one, the client gets what the other answers."""
    route: Block = {"fallback": {"to": "legacy", "after": ["failure"]}, "effects": "safe"}
    sides = await translating(play, serve, raw(said), route=route)
    client = await sides.proxy.client()

    for _ in range(2):
        answer = await client.ask(get(b"/?p=1"))
        assert (answer.status, answer.body) == (200, b'{"tel":"9"}')

    assert [asked.target for asked in sides.legacy.requests] == [b"/?p=1"] * 2
    assert sides.counted() == [StepAnswerDelta("contacts", "untranslatable_answer", 2)]
    _, (failed,) = sides.proxy.counted()
    assert (failed.side, failed.phase, failed.count) == ("new", "head", 2)


@pytest.mark.parametrize(
    ("route", "asked"),
    [
        ({"fallback": {"to": "legacy", "after": ["connect", "timeout", "5xx"]}, "effects": "safe"}, get()),
        ({"fallback": {"to": "legacy", "after": ["failure"]}, "effects": "unsafe"}, post(b'{"tel":1}', JSON)),
    ],
    ids=["not after failures", "no repeat"],
)
async def test_legacy_does_not_step_in_where_the_route_does_not_let_it(
    play: Play, serve: Serve, route: Block, asked: bytes
) -> None:
    """The answer is 502 then: what may have been done is not done again."""
    sides = await translating(play, serve, raw(TEXT), route=route)

    answer = await sides.proxy.ask(asked)

    assert (answer.status, sides.legacy.requests) == (502, [])


async def test_a_connection_that_had_ended_is_no_reason_to_send_another_body(play: Play, serve: Serve) -> None:
    """The second attempt at the same side carries the same translated bytes."""

    async def closing(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await peer.head() if peer is peer.upstream.peers[0] else None
        peer.reset()

    sides = await translating(play, serve, closing, route={"effects": "idempotent"})

    assert [(await sides.proxy.ask(post(b'{"tel":1}', JSON))).status for _ in range(2)] == [200, 200]
    assert {asked.body for asked in sides.new.requests if asked.body} == {b'{"phone":1}'}


def moved(request: Request) -> None:
    """As a kill does while a later step waits."""
    new = request.bound.new
    assert new is not None
    request.leg = new


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (get(b"/?p=1"), 200),
        (post(b'{"tel":1}', JSON), 503),
        (request(b"PUT", b"/", b'If-Match: "l"'), 503),
    ],
    ids=["read", "body", "precondition"],
)
async def test_a_request_that_was_moved_behind_the_step_is_translated_or_not_sent(
    play: Play, serve: Serve, asked: bytes, status: int
) -> None:
    """What was not read or checked by then is refused for a moment: nothing goes out that was not translated."""
    sides = await translating(
        play, serve, answering(b"{}", JSON), route={"stage": "shadow", "shadow": {"sample": "0%"}}
    )
    (bound,) = sides.proxy.listener.live.bound
    bound.admission = (*bound.admission, moved)

    answer = await sides.proxy.ask(asked)

    assert answer.status == status
    assert [each.target for each in sides.new.requests] == [b"/?page=1"] * (status == 200)
    if status == 503:
        assert "was moved to new while it waited" in answer.problem["detail"]
        assert answer.value(b"Retry-After") == b"1"


async def test_the_same_body_is_translated_where_an_earlier_step_has_read_it(play: Play, serve: Serve) -> None:
    """Then it is there, whichever side the request is moved to."""
    sides = await translating(
        play, serve, answering(b"{}", JSON), route={"stage": "shadow", "shadow": {"sample": "0%"}}
    )
    (bound,) = sides.proxy.listener.live.bound
    bound.admission = (reading, *bound.admission, moved)

    assert (await sides.proxy.ask(post(b'{"tel":1}', JSON))).status == 200
    assert (await sides.proxy.ask(post(b'{"tel":', JSON))).status == 503
    assert [each.body for each in sides.new.requests] == [b'{"phone":1}']


def reading(request: Request) -> WholeBody | None:
    """A step that reads bodies for itself."""
    return WholeBody(1000) if request.body is None else None
