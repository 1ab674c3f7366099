"""The twenty tricky cases, each by its number, and what the comparator says of it by default."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from proxy.core.parity.compare import IncomparableReason, Outcome, compare
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rules, Treatment
from tests.core.parity.pairs import (
    JSON,
    NOISELESS,
    NOW,
    answer,
    asking,
    compared,
    differences,
    excused,
    in_fields,
    of_fields,
    of_media,
    pair,
    rule,
    said,
)


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ('{"a": 1}', '{"a": 1.0}', "num_repr low"),
        ('{"a": 1}', '{"a": "1"}', "type high"),
        ('{"a": 1.0}', '{"a": "1.0"}', "type high"),
        ('{"a": 1}', '{"a": true}', "type high"),
        ('{"a": false}', '{"a": 0}', "type high"),
        ('{"a": true}', '{"a": false}', "string medium"),
    ],
)
def test_case_1_one_is_not_1_point_0_nor_a_string_nor_true(legacy: str, new: str, found: str) -> None:
    """Numbers written otherwise are a small thing; text, numbers and truth values are never the same."""
    assert differences(legacy, new) == [f"$.a {found}"]


def test_case_1_holds_deep_within_equal_looking_trees() -> None:
    """`true` for 1 is found in lists of objects too, where everything else is the same."""
    one = [{"id": 1, "in": [0, {"on": True}]}, {"id": 2}]
    other = [{"id": 1, "in": [0, {"on": 1}]}, {"id": 2}]

    assert differences(one, other) == ["$[*].in[*].on type high"]


def test_case_2_null_is_not_absent() -> None:
    """A member that is null on one side only has a kind of its own, which a rule can excuse."""
    assert differences({"a": None}, {}) == ["$.a null_absent medium"]
    assert differences({}, {"a": None}) == ["$.a null_absent medium"]
    assert differences({"a": None}, {}, rule(Treatment.NULL_ABSENT, "$.a")) == []
    assert differences({"a": 1}, {}, rule(Treatment.NULL_ABSENT, "$.a")) == ["$.a missing high"]


def test_case_3_lists_are_ordered_unless_a_rule_says_otherwise() -> None:
    """Order counts by default, and so do repetitions under a rule."""
    unordered = rule(Treatment.UNORDERED, "$.tags")

    assert differences({"tags": [1, 2, 3]}, {"tags": [3, 1, 2]}) == ["$.tags order medium"]
    assert excused(compared({"tags": [1, 2, 3]}, {"tags": [3, 1, 2]}, unordered)) == ["unordered $.tags order"]
    assert differences({"tags": [1, 1, 2]}, {"tags": [1, 2, 2]}, unordered) == ["$.tags[*] num medium"]


@pytest.mark.parametrize("query", [b"?sort=price", b"?a=1&order_by=-price", b"?sortBy=price"])
def test_case_3_a_request_that_asks_for_an_order_gets_it_checked(query: bytes) -> None:
    """A rule about order does not hold where the client asked for one."""
    both = pair(answer([1, 2]), answer([2, 1]), request=asking(b"/orders" + query))

    assert said(compare(both, Rules(rules=(rule(Treatment.UNORDERED, "$"),)), NOISELESS, NOW)) == ["$ order medium"]


@pytest.mark.parametrize(
    ("legacy", "new"),
    [
        ("9007199254740993", "9007199254740992"),
        ("18446744073709551617", "18446744073709551616"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("0.1234567890123456789", "0.1234567890123456788"),
        ("1" * 5000, "1" * 4999 + "2"),
    ],
)
def test_case_4_numbers_are_compared_to_the_last_digit(legacy: str, new: str) -> None:
    """Two ids beyond 2^53, and decimals beyond a float, are different numbers."""
    assert differences(f"[{legacy}]", f"[{new}]") == ["$[*] num medium"]
    assert differences(f"[{legacy}]", f"[{legacy} ]") == []


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ("1.10", "1.1", ["$ num_repr low"]),
        ("1e3", "1000", ["$ num_repr low"]),
        ("-0.0", "0.0", ["$ num_repr low"]),
        ("0.30000000000000004", "0.3", ["$ num medium"]),
    ],
)
def test_case_5_ways_to_write_a_float(legacy: str, new: str, found: list[str]) -> None:
    """The same value is the same however written; what is only nearly the same needs a rule."""
    assert differences(legacy, new) == found


def test_case_5_a_tolerance_excuses_what_is_within_it() -> None:
    """Within the bound a number passes, beyond it no more."""
    near = rule(Treatment.TOLERANCE, "$", relative=1e-9)

    assert differences("0.30000000000000004", "0.3", near) == []
    assert differences("0.31", "0.3", near) == ["$ num medium"]


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00", "time_equiv low"),
        ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "time_equiv low"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z", "time_equiv low"),
        ("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00Z", "time medium"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "time medium"),
    ],
)
def test_case_6_times(legacy: str, new: str, found: str) -> None:
    """One instant in another zone or precision is a small thing, another instant is not."""
    assert differences({"t": legacy}, {"t": new}) == [f"$.t {found}"]


def test_case_6_seconds_and_milliseconds_by_rule() -> None:
    """An epoch in seconds equals one in milliseconds, or a date, only where a rule says that it is a time."""
    rules = rule(Treatment.TIME, "$.t"), rule(Treatment.TIME, "$.t", kinds=frozenset({DifferenceKind.TYPE}))

    assert differences({"t": 1700000000}, {"t": 1700000000000}) == ["$.t num medium"]
    assert differences({"t": 1700000000}, {"t": 1700000000000}, *rules) == []
    assert differences({"t": 1700000000}, {"t": 1700000001}, *rules) == ["$.t num medium"]


def test_case_7_generated_ids_are_masked_consistently() -> None:
    """Ids that look alike pass under a rule, but one id of legacy must not stand for two of new."""
    masks = rule(Treatment.MASK, "$.id"), rule(Treatment.MASK, "$.parent")
    one = {"id": "ord-1111aa", "parent": "ord-1111aa"}

    assert differences(one, {"id": "ord-2222bb", "parent": "ord-2222bb"}, *masks) == []
    assert differences(one, {"id": "ord-2222bb", "parent": "ord-3333cc"}, *masks) == ["$.parent string medium"]
    assert differences(one, {"id": "", "parent": "ord-1111aa"}, *masks) == ["$.id string medium"]


def test_case_8_cursors_by_shape() -> None:
    """A cursor of another side is alike, the page's contents are compared as ever."""
    mask = rule(Treatment.MASK, "$.next")
    page = {"items": [1, 2], "next": "/orders?cursor=eyJpZCI6MX0"}

    assert differences(page, {**page, "next": "/orders?cursor=b3RoZXIgb25l"}, mask) == []
    assert differences(page, {**page, "next": None}, mask) == ["$.next type high"]
    assert differences(page, {"items": [1, 3], "next": "/orders?cursor=b3RoZXIgb25l"}, mask) == [
        "$.items[*] num medium"
    ]


def test_case_9_unicode() -> None:
    """Escapes do not count; normalisation and byte order marks count little; lone surrogates do not confuse."""
    assert differences('["caf\u00e9"]', r'["caf\u00e9"]') == []
    assert differences('["caf\u00e9"]', '["cafe\u0301"]') == ["$[*] unicode low"]
    assert differences(b"[1]", b"\xef\xbb\xbf[1]") == ["$ unicode low"]
    assert differences(r'["\ud800"]', r'["\ud800" ]') == []
    assert differences(r'["\ud800"]', r'["\ud801"]') == ["$[*] string medium"]


def test_case_10_duplicate_keys_are_seen_and_key_order_is_not() -> None:
    """Keys in another order are the same; a key that stands twice on one side is a difference."""
    assert differences('{"a": 1, "b": 2}', '{"b": 2, "a": 1}') == []
    assert differences('{"a": 2}', '{"a": 1, "a": 2}') == ["$.a dup_key medium"]
    assert differences('{"x": [{"a": 1, "a": 2}]}', '{"x": [{"a": 2}]}') == ["$.x[*].a dup_key medium"]
    assert differences('{"a": 1, "a": 2}', '{"a": 1,"a":2}') == []


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
def test_case_11_codings_are_undone(coding: str, encode: object) -> None:
    """A compressed answer equals the plain one; that only one is compressed counts little."""
    assert callable(encode)
    packed = answer(encode(b'{"a": 1}'), (*JSON, (b"Content-Encoding", coding.encode())))

    assert said(compared(packed, answer('{"a":1}'))) == ["header:Content-Encoding missing low"]
    assert said(compared(packed, packed)) == []


def test_case_12_framing_is_no_part_of_the_answer() -> None:
    """Chunked or with a length, keep-alive or not: the same; a body shorter than its length is bad."""
    chunked = ["Content-Type: a/b", "Transfer-Encoding: chunked", "Connection: close"]
    short = answer({}, in_fields("Content-Type: application/json", "Content-Length: 999"))

    assert of_fields(chunked, ["Content-Type: a/b", "Content-Length: 0"]) == []
    assert said(compared({}, short)) == ["header:Content-Length length high"]


def test_case_13_cookies_are_parsed_and_never_joined() -> None:
    """Sessions differ in value and agree in everything else; a flag, a path, a cookie that is missing are told."""
    legacy = ["Set-Cookie: sid=aaaa1111bbbb; Path=/; HttpOnly; Secure", "Set-Cookie: lang=en; Max-Age=3600"]
    same = ["set-cookie: lang=de; max-age=3600", "set-cookie: sid=cccc2222dddd; secure; httponly; path=/"]

    assert of_fields(legacy, same) == []
    assert of_fields(legacy, [same[0], "Set-Cookie: sid=cccc2222dddd; Path=/; Secure"]) == [
        "header:Set-Cookie:sid header medium"
    ]
    assert of_fields(legacy, same[1:]) == ["header:Set-Cookie:lang missing high"]


def test_case_13_a_date_with_a_comma_is_no_second_cookie() -> None:
    """A lifetime as Expires equals the same one as Max-Age."""
    date = "Date: Wed, 21 Oct 2026 07:28:00 GMT"
    expires = "Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 08:28:00 GMT"

    assert of_fields([date, expires], [date, "Set-Cookie: a=1; Max-Age=3600"]) == []
    assert of_fields([date, expires], [date, "Set-Cookie: a=1"]) == ["header:Set-Cookie:a header medium"]


def test_case_14_fields_of_every_call_are_compared_by_presence() -> None:
    """Date, Server, X-Request-Id may say anything and must be there; a name that only begins so is an ordinary one."""
    legacy = ["Date: Wed, 21 Oct 2026 07:28:00 GMT", "X-Request-Id: a", "Server: one", "X-Request-Id-Policy: a"]
    new = ["Date: Wed, 21 Oct 2026 07:28:01 GMT", "X-Request-Id: b", "Server: two", "X-Request-Id-Policy: b"]

    assert of_fields(legacy, new) == ["header:X-Request-Id-Policy header medium"]
    assert of_fields(legacy, [new[0], legacy[3], "Server: two"]) == ["header:X-Request-Id missing low"]


def test_case_15_names_without_case_lists_as_sets() -> None:
    """`vary` is `Vary`; lists count as sets whatever the lines; other fields in order."""
    assert of_fields(["Vary: Accept, Origin"], ["vary: origin", "VARY: accept"]) == []
    assert of_fields(["Cache-Control: no-cache, private"], ["Cache-Control: private"]) == [
        "header:Cache-Control header medium"
    ]
    assert of_fields(["X-A: 1", "X-A: 2"], ["X-A: 2", "X-A: 1"]) == ["header:X-A header medium"]
    assert of_fields(['Link: <a,b>; title="x, y", <c>'], ['Link: <c>, <a,b>; title="x, y"']) == []


def test_case_16_validators_by_form() -> None:
    """Another ETag or date is fine, a weak one for a strong one is not."""
    legacy = ['ETag: "a"', "Last-Modified: Wed, 21 Oct 2026 07:28:00 GMT"]

    assert of_fields(legacy, ['ETag: "b"', "Last-Modified: Wed, 21 Oct 2026 07:30:00 GMT"]) == []
    assert of_fields(legacy, ['ETag: W/"a"', "Last-Modified: yesterday"]) == [
        "header:Etag header medium",
        "header:Last-Modified header medium",
    ]


def test_case_17_head_and_204_and_304() -> None:
    """A bodiless answer has no body, whatever its length says; 304 against 200 cannot be compared."""
    length = (*JSON, (b"Content-Length", b"5"))
    head = pair(answer(fields=length), answer(fields=JSON), request=asking(method=b"HEAD"))
    stray = pair(answer(status=204), answer("x", status=204))
    cached = pair(answer({}), answer(status=304), request=asking(If_None_Match='"a"'))

    assert compare(head, Rules(), NOISELESS, NOW).outcome is Outcome.MATCH
    assert said(compare(stray, Rules(), NOISELESS, NOW)) == ["header:Content-Length length high", "$ extra low"]
    assert compare(cached, Rules(), NOISELESS, NOW).why is IncomparableReason.CONDITIONAL
    assert compare(pair(answer(status=304), answer(status=304)), Rules(), NOISELESS, NOW).outcome is Outcome.MATCH


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        (301, 302, ["status status medium"]),
        (307, 308, ["status status medium"]),
        (302, 307, ["status status high"]),
        (301, 200, ["status status high"]),
    ],
)
def test_case_18_redirects_by_what_they_do_to_the_method(legacy: int, new: int, found: list[str]) -> None:
    """How long a redirect holds matters less than whether a POST becomes a GET."""
    assert said(compared(answer(status=legacy), answer(status=new))) == found


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ("/orders/8", "https://shop.test/orders/8", []),
        ("8", "http://SHOP.test:80/orders/8", []),
        ("/orders/8", "/orders/8/", ["header:Location header medium"]),
        ("https://login.test/", "https://shop.test/", ["header:Location header medium"]),
        ("http://[", "http://[", []),
        ("http://[", "/", ["header:Location header medium"]),
        ("mailto:a", "mailto:b", ["header:Location header medium"]),
    ],
)
def test_case_18_locations_are_compared_without_our_own_origin(legacy: str, new: str, found: list[str]) -> None:
    """Absolute and relative are the same place; another host is another place."""
    assert of_fields([f"Location: {legacy}"], [f"Location: {new}"]) == found


@pytest.mark.parametrize(
    ("legacy", "new"), [(b"a=1&b=2", b"b=2&a=1"), (b"a=x+y", b"a=x%20y"), (b"a=%7E", b"a=~"), (b"a=&b=2", b"b=2&a=")]
)
def test_case_19_forms_are_compared_by_what_they_mean(legacy: bytes, new: bytes) -> None:
    """Order of names and ways to encode do not count in a form; repeated and empty values do."""
    assert of_media("application/x-www-form-urlencoded", legacy, new) == []
    assert of_media("application/x-www-form-urlencoded", b"a=1&a=2", b"a=2&a=1") == ["$.a order medium"]
    assert of_media("application/x-www-form-urlencoded", b"a=&b=1", b"b=1") == ["$.a missing high"]


def test_case_20_errors_have_statuses_types_and_texts() -> None:
    """404 is not 403, an HTML page is no JSON, and problem+json is JSON."""
    problem = in_fields("Content-Type: application/problem+json")
    page = answer("<h1>Oops</h1>", in_fields("Content-Type: text/html"), status=500)

    assert said(compared(answer(status=404), answer(status=403))) == ["status status high"]
    assert said(compared(answer({"title": "a"}, problem, 422), answer({"title": "b"}, problem, 422))) == [
        "$.title string medium"
    ]
    assert said(compared(answer({"title": "a"}, problem, 500), page)) == [
        "header:Content-Type header medium",
        "$ type high",
    ]
