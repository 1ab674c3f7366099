"""Whole messages between two contracts; tests/edge/steps/test_translation_step.py has them on the wire."""

from __future__ import annotations

import gzip

import pytest

from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode, HeadChange
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.field_lines import DropHeader, MapStatus, RenameHeader
from proxy.core.translation.field_steps import Rename
from proxy.core.translation.query_steps import DropQuery
from proxy.core.translation.translate_message import (
    check_answer,
    check_request,
    finish_answer,
    is_read,
    keeps_body,
    translate_answer,
    translate_content,
    translate_request,
)
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_body_path import path

RENAME = Rename(path("$.a"), "b")
ADAPTER = AdapterPolicy(
    name="contacts",
    speaks=Side.LEGACY,
    max_body=100,
    request=(RENAME, DropHeader("X-A"), DropQuery("p")),
    answer=(RENAME, DropHeader("X-A"), MapStatus(((201, 200),))),
    error=(RENAME, MapStatus(((422, 400),))),
)
PLAIN = AdapterPolicy(name="plain", speaks=Side.LEGACY, request=(DropHeader("X-A"),))
JSON = b"Content-Type: application/json"


def fault_of_request(method: bytes, *lines: bytes, has_body: bool = True) -> tuple[str, int]:
    with pytest.raises(Untranslatable) as error:
        check_request(ADAPTER, method, b"/", list(lines), has_body=has_body)
    return error.value.where, error.value.status


def test_a_request_is_judged_by_its_head() -> None:
    """Validators, coding, media type, charset, each with its status."""
    assert fault_of_request(b"GET", b'If-Match: "a"') == ("a precondition", 412)
    assert fault_of_request(b"GET", b"If-Unmodified-Since: x") == ("a precondition", 412)
    assert fault_of_request(b"PUT", b'If-None-Match: "a"') == ("a precondition", 412)
    assert fault_of_request(b"PUT", b"Content-Encoding: br") == ("header:Content-Encoding", 415)
    assert fault_of_request(b"PUT", b"Content-Type: text/csv") == ("header:Content-Type", 415)
    assert fault_of_request(b"PUT", JSON + b"; charset=euc-jp") == ("header:Content-Type", 415)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((b"If-Match:", b'If-Match: "a"'), 412),
        ((b"If-Match: *", b'If-Match: "a"'), 412),
        ((b"If-Match:",), 412),
        ((b"If-Unmodified-Since:", b"If-Unmodified-Since: x"), 412),
        ((b"If-Unmodified-Since: *",), 412),
        ((b"If-None-Match:", b'If-None-Match: "a"'), 412),
        ((b"If-None-Match: *", b'If-None-Match: "a"'), 412),
        ((b"Content-Encoding: identity", b"Content-Encoding: gzip"), 415),
        ((b"Content-Encoding: gzip, identity",), 415),
        ((JSON, b"Content-Type: text/plain"), 415),
        ((b"Content-Type:", b"Content-Type: text/plain"), 415),
        ((JSON, JSON + b"; charset=euc-jp"), 415),
    ],
)
def test_every_line_of_a_field_has_to_hold(lines: tuple[bytes, ...], status: int) -> None:
    """Which of them the other side would read, nobody can tell; an empty condition holds for nothing."""
    assert fault_of_request(b"PUT", *lines)[1] == status


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"If-Match: *"],
        [b"If-None-Match: *"],
        [JSON + b';charset="UTF-8"'],
        [b"Content-Type: application/problem+json"],
        [b"Content-Encoding: identity"],
    ],
)
def test_a_request_that_can_be_translated_passes(lines: list[bytes]) -> None:
    """JSON without a type is found to be JSON when it is read."""
    check_request(ADAPTER, b"PUT", b"/", lines, has_body=True)


def test_steps_on_heads_are_done_in_their_order_when_it_is_judged() -> None:
    """A name that is taken is refused, of a request as of an answer, unless an earlier step has freed it."""
    rename = RenameHeader("X-A", "X-B")
    lines = [b"X-A: 1", b"X-B: 2"]
    taken = AdapterPolicy(name="a", speaks=Side.LEGACY, request=(rename,), answer=(rename,), error=(rename,))
    freed = AdapterPolicy(name="a", speaks=Side.LEGACY, request=(DropHeader("X-B"), rename))

    for judge in (
        lambda: check_request(taken, b"GET", b"/", lines, has_body=False),
        lambda: check_answer(taken, 200, lines, is_head=False),
        lambda: check_answer(taken, 404, lines, is_head=True),
    ):
        with pytest.raises(Untranslatable, match="header:X-B"):
            judge()
    check_request(freed, b"GET", b"/", lines, has_body=False)


def test_what_is_not_read_may_be_anything() -> None:
    """There is no body, or no step reads it."""
    check_request(ADAPTER, b"POST", b"/", [b"Content-Type: text/csv", b"Content-Encoding: br"], has_body=False)
    check_request(PLAIN, b"POST", b"/", [b"Content-Type: text/csv", b"Content-Encoding: br"], has_body=True)


def test_a_body_is_translated_within_its_bound() -> None:
    """Before and after; none stays none."""
    assert translate_content(ADAPTER, b'{"a": 1}') == b'{"b":1}'
    assert translate_content(ADAPTER, b"") is None
    assert translate_content(PLAIN, b"x" * 1000) is None
    longer = AdapterPolicy(name="a", speaks=Side.NEW, max_body=10, request=(Rename(path("$.a"), "abcdefgh"),))
    for body in (b"x" * 11, b'{"a":1}'):
        with pytest.raises(Untranslatable, match="longer than 10 bytes") as error:
            translate_content(longer, body)
        assert error.value.status == 413


def test_a_read_goes_out_without_conditions_and_asks_for_no_coding() -> None:
    """So that its answer is whole, and can be read."""
    lines = [b"Host: a", b'If-None-Match: "a"', b"Range: x", b"If-Range: x", b"If-Match: *", b"Accept-Encoding: br"]

    found = translate_request(ADAPTER, b"GET", b"/?p=1", [*lines, b"X-A: 1"], None)

    assert found == (b"/", [b"Host: a", b"If-Match: *", b"Accept-Encoding: identity"])


def test_a_write_keeps_what_asks_whether_anything_is_there() -> None:
    """And where no step reads answers, codings stay as the client can read them."""
    lines = [b"If-None-Match: *", b"Accept-Encoding: br", b"Transfer-Encoding: chunked", b"Trailer: x"]

    assert translate_request(PLAIN, b"PUT", b"/", lines, None).lines == lines
    assert translate_request(PLAIN, b"PUT", b"/", lines, b"abc").lines == [*lines[:2], b"Content-Length: 3"]


@pytest.mark.parametrize(
    ("status", "lines", "is_head", "reads"),
    [
        (200, [], False, True),
        (200, [], True, False),
        (204, [], False, False),
        (205, [], False, False),
        (400, [JSON], False, True),
        (400, [], False, True),
        (400, [b"Content-Type:"], False, True),
        (500, [JSON, JSON], False, True),
        (500, [b"Content-Type: text/html"], False, False),
    ],
)
def test_which_answers_are_read(status: int, lines: list[bytes], is_head: bool, reads: bool) -> None:  # noqa: FBT001
    """Those with a body by their nature; an error only if it says JSON, or nothing."""
    assert is_read(ADAPTER, status, lines, is_head=is_head) is reads
    assert check_answer(ADAPTER, status, lines, is_head=is_head) is reads
    assert not is_read(PLAIN, status, lines, is_head=is_head)


@pytest.mark.parametrize(
    ("status", "lines", "where"),
    [(206, [JSON], "status"), (304, [], "status"), (200, [b"Content-Type: text/html"], "header:Content-Type")],
)
def test_an_answer_is_judged_by_its_head(status: int, lines: list[bytes], where: str) -> None:
    """What would be no whole answer, or cannot be read."""
    with pytest.raises(Untranslatable) as error:
        check_answer(ADAPTER, status, lines, is_head=False)

    assert error.value.where == where


def test_an_answer_is_translated_whole() -> None:
    """Without validators, coding and digests; with the length that it has then."""
    body = gzip.compress(b'{"a":1.10}', mtime=0)
    lines = [JSON, b"ETag: x", b"X-A: 1", b"Content-Encoding: gzip", b"Digest: x", b"Transfer-Encoding: chunked"]

    assert translate_answer(ADAPTER, 201, lines, body) == (200, [JSON, b"Content-Length: 10"], b'{"b":1.10}')


def test_an_answer_that_is_not_read_keeps_what_frames_it() -> None:
    """Only its head is translated; an empty body is none."""
    lines = [b"Content-Length: 5", b"Last-Modified: x", b"Digest: x", b"X-A: 1"]

    assert translate_answer(ADAPTER, 201, lines, None) == (200, [b"Content-Length: 5", b"Digest: x"], None)
    assert translate_answer(ADAPTER, 422, [JSON], b"") == (400, [JSON, b"Content-Length: 0"], b"")


def test_a_head_says_nothing_of_the_body_that_get_would_have() -> None:
    """It is another one after translation; where no step reads it, it is the same."""
    lines = [b"Content-Length: 5", b"Digest: x", b"Content-Encoding: br", JSON]

    assert translate_answer(ADAPTER, 200, lines, None, is_head=True).lines == [JSON]
    assert translate_answer(PLAIN, 200, lines, None, is_head=True).lines == lines


@pytest.mark.parametrize(
    ("body", "coding", "why"),
    [
        (b"x", b"gzip", "ends early"),
        (b"x", b"compress", "unknown coding compress"),
        (gzip.compress(b"[" + b" " * 500 + b"]", mtime=0), b"gzip", "more than 100"),
        (b"{", b"identity", "not JSON"),
    ],
)
def test_what_cannot_be_read_is_said(body: bytes, coding: bytes, why: str) -> None:
    """In words, without the body."""
    with pytest.raises(Untranslatable, match=why):
        translate_answer(ADAPTER, 200, [JSON, b"Content-Encoding: " + coding], body)


@pytest.mark.parametrize(
    ("body", "coding"),
    [(b"no", b""), (b"[no] gateway", b""), (b"\xff", b""), (gzip.compress(b"no", mtime=0), b"gzip")],
)
def test_an_error_without_a_type_that_is_no_json_keeps_its_body(body: bytes, coding: bytes) -> None:
    """And what is said of it; its head is translated."""
    lines = [b"Content-Encoding: " + coding, b"Digest: x"]

    assert keeps_body(ADAPTER, 422, lines, body)
    assert translate_answer(ADAPTER, 422, lines, body) == (400, [*lines, b"Content-Length: %d" % len(body)], body)


def test_what_an_error_says_of_itself_holds() -> None:
    """JSON that is none, one that nests too deep, a coding that nobody knows: none of them is passed on as it is."""
    assert not keeps_body(ADAPTER, 422, [], b'{"a":1}')
    assert not keeps_body(ADAPTER, 422, [JSON], b"no")
    assert not keeps_body(ADAPTER, 200, [], b"no")
    for lines, body in (([], b"[" * 70 + b"]" * 70), ([b"Content-Encoding: x"], b"no")):
        with pytest.raises(Untranslatable):
            keeps_body(ADAPTER, 422, lines, body)


CODE = AdapterPolicy(name="a", speaks=Side.LEGACY, code=AdapterCode("a.py", ""))


def test_what_code_made_of_a_head_is_put_into_the_head_that_is_sent() -> None:
    """Its body may be of another type; one that a status has not is none."""
    change = HeadChange(201, b"p=2", ((b"X-B", (b"2",)),))
    found = translate_request(CODE, b"POST", b"/a?p=1", [b"X-A: 1", b"X-B: 1"], b"{}", change)
    head = finish_answer(CODE, 500, [b"Content-Type: text/html", b"X-A: 1"], b"<p>", b"{}", change)
    kept = finish_answer(CODE, 200, [JSON], b"[]", b"{}")
    gone = finish_answer(CODE, 200, [JSON, b"Content-Length: 2"], b"[]", b"{}", HeadChange(204))
    none = finish_answer(CODE, 200, [JSON, b"Content-Length: 2"], None, None, is_head=True)

    assert found.target == b"/a?p=2"
    assert found.lines == [b"X-A: 1", b"X-B: 2", b"Accept-Encoding: identity", b"Content-Length: 2"]
    types = [b"X-A: 1", b"Content-Type: application/json", b"X-B: 2", b"Content-Length: 2"]
    assert head == (201, types, b"{}")
    assert kept == (200, [JSON, b"Content-Length: 2"], b"{}")
    assert (gone, none) == ((204, [], b""), (200, [JSON], None))
