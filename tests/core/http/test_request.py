"""Heads as they are read, refused, recalled, and changed for the upstream.

Long: one table of cases for each thing that a head may hold.
"""

from __future__ import annotations

import pytest

from proxy.core.http.request import CHUNKED, RequestHead, RequestReader, RequestRefusal
from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.request_head_bounds import HeadBounds
from tests.core.llhttp import hear_request
from tests.core.request_cases import FORWARDED, FRAMING, REFUSED, get, post, request

WANTED = frozenset({b"x-tenant-id", b"cookie"})
MAX_LINE, MAX_FIELDS = HeadBounds().line, HeadBounds().fields


def judge(raw: bytes, wanted: frozenset[bytes] = WANTED) -> RequestHead | RequestRefusal:
    """As in production: llhttp first, then our reader."""
    heard = hear_request(raw)
    return RequestRefusal(400, heard.error) if heard.error else RequestReader(wanted).read(raw)


def accepted(raw: bytes, wanted: frozenset[bytes] = WANTED) -> RequestHead:
    head = judge(raw, wanted)
    assert isinstance(head, RequestHead), head
    return head


@pytest.mark.parametrize(("raw", "status"), FRAMING.values(), ids=FRAMING)
def test_uncertain_framing_is_refused_by_the_reader_alone(raw: bytes, status: int) -> None:
    """R3: even if llhttp let it pass, a body whose end two readers could see differently is refused."""
    refusal = RequestReader(WANTED).read(raw)

    assert isinstance(refusal, RequestRefusal)
    assert refusal.status == status
    assert isinstance(judge(raw), RequestRefusal)


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes, status: int) -> None:
    """R3-R5, R9, R10: no such request gets past llhttp and our reader together."""
    refusal = judge(raw)

    assert isinstance(refusal, RequestRefusal)
    assert refusal.status == status
    assert refusal.detail


@pytest.mark.parametrize(("raw", "lines"), FORWARDED.values(), ids=FORWARDED)
def test_the_upstream_gets_these_lines(raw: bytes, lines: list[bytes]) -> None:
    """R2, R6-R8: the client's own bytes in their order, without what is managed or hop-by-hop, framing canonical."""
    head = accepted(raw)

    assert head.lines == lines
    assert head.lines[head.host_at] == b"Host: a"


TARGETS = {
    "RT19": b"/a%2Db/~u/(x);v=1/%C3%A9?q=[1]&r=a%5B&s=a+b&&=&%zz",
    "RT15": b"/pub/%252e%252e/x",
    "HD13": b"/a%0d%0aFAKE",
    "dot segments": b"/a/../b",
    "double slash": b"//x//",
    "empty query": b"/x?",
    "question marks": b"/x??a?b",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_target_goes_on_byte_for_byte(target: bytes) -> None:
    """R9: what is routed is what is sent; path and query are its two halves."""
    head = accepted(get(target=target))

    assert head.target == target
    assert (head.path, head.query) == (target.partition(b"?")[0], target.partition(b"?")[2])


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        (b"http://a/x?y", b"/x?y"),
        (b"HTTPS://A/x", b"/x"),
        (b"http://a", b"/"),
        (b"http://a?x/y", b"/?x/y"),
        (b"http://a/", b"/"),
    ],
    ids=["whole", "case", "no path", "query alone", "root"],
)
def test_absolute_form_goes_on_in_origin_form(target: bytes, forwarded: bytes) -> None:
    """R5: an authority that agrees with Host is taken off; the rest is the target (RFC 9112 section 3.2.2)."""
    head = accepted(get(target=target))

    assert head.target == forwarded
    assert (head.path, head.query) == (forwarded.partition(b"?")[0], forwarded.partition(b"?")[2])
    assert head.lines == [b"Host: a"]


def test_absolute_form_names_the_host_where_no_field_does() -> None:
    """R5: in HTTP/1.0 the authority that was routed becomes the Host that is sent."""
    head = accepted(request(b"GET http://Crm.example:8080/x HTTP/1.0", b"X-A: 1"))

    assert (head.host, head.host_value, head.host_at) == ("crm.example", b"Crm.example:8080", 0)
    assert head.lines == [b"Host: Crm.example:8080", b"X-A: 1"]


@pytest.mark.parametrize("target", [b"*", b"http://a"], ids=["asterisk form", "absolute form without a path"])
def test_options_may_ask_the_whole_server(target: bytes) -> None:
    """`OPTIONS *` stays what it is, also where a proxy is asked for it (RFC 9112 section 3.2.4)."""
    head = accepted(request(b"OPTIONS " + target + b" HTTP/1.1", b"Host: a"))

    assert (head.target, head.path, head.query) == (b"*", b"*", b"")


def test_http_1_0_may_go_without_a_host() -> None:
    """Old clients name none; then there is none to compare or to send."""
    head = accepted(request(b"GET /x HTTP/1.0"))

    assert (head.minor, head.host, head.host_at, head.lines) == (0, "", -1, [])


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PROPFIND", b"M-SEARCH", b"QUERY"])
def test_the_method_is_passed_as_sent(method: bytes) -> None:
    """RT24: whatever method llhttp knows goes through under its own name."""
    assert accepted(request(method + b" /x HTTP/1.1", b"Host: a")).method == method


def test_spellings_of_one_host_are_routed_alike_and_sent_as_they_are() -> None:
    """RT25: case, trailing dot and port do not make another host, and none of them is changed on the way."""
    head = accepted(request(b"GET /x HTTP/1.1", b"Host: LEGACY.example.:80"))

    assert head.host == "legacy.example"
    assert head.lines == [b"Host: LEGACY.example.:80"]


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        (get(), 0),
        (post(b"Content-Length: 0"), 0),
        (post(b"Content-Length: 9223372036854775807"), 2**63 - 1),
        (post(b"Transfer-Encoding: Chunked"), CHUNKED),
        (request(b"POST /x HTTP/1.0", b"Content-Length: 3"), 3),
    ],
    ids=["none", "zero", "largest", "chunked", "HTTP/1.0"],
)
def test_the_length_says_where_the_body_ends(raw: bytes, length: int) -> None:
    """One number, or chunked, or no body at all."""
    assert accepted(raw).length == length


@pytest.mark.parametrize(
    ("raw", "keep_alive"),
    [
        (get(), True),
        (get(b"Connection: keep-alive"), True),
        (get(b"Connection: close"), False),
        (get(b"Connection: Keep-Alive, Close"), False),
        (get(b"Connection: x", b"Connection: close"), False),
        (request(b"GET /x HTTP/1.0"), False),
        (request(b"GET /x HTTP/1.0", b"Connection: keep-alive"), True),
        (request(b"GET /x HTTP/1.0", b"Connection: keep-alive, close"), False),
        (request(b"GET /x HTTP/1.0", b"Connection: x"), False),
    ],
    ids=["1.1", "1.1 said", "FR46", "both", "second field", "1.0", "1.0 kept", "1.0 both", "1.0 other"],
)
def test_the_connection_is_kept_when_both_versions_rules_allow_it(raw: bytes, keep_alive: bool) -> None:  # noqa: FBT001 (a table's column)
    """RFC 9112 section 9.3: `close` wins, HTTP/1.1 stays open by default and HTTP/1.0 only on request."""
    assert accepted(raw).keep_alive is keep_alive


def test_wanted_fields_are_noted_by_lower_case_name() -> None:
    """Predicates and cohorts see every value in order, without surrounding blanks; others they did not ask about."""
    head = accepted(get(b"X-Tenant-ID:\t t 1 ", b"cookie: a=1", b"Cookie: b=2", b"X-Other: y", b"traceparent: 00-1"))

    assert head.fields == {b"x-tenant-id": [b"t 1"], b"cookie": [b"a=1", b"b=2"], b"traceparent": [b"00-1"]}
    assert (head.first(b"cookie"), head.first(b"x-other")) == (b"a=1", None)


def test_what_a_trusted_peer_may_say_is_kept_apart() -> None:
    """R7: managed fields are no lines to forward; who trusts the peer finds them, and their values, beside."""
    head = accepted(get(b"X-Forwarded-For: 192.0.2.7", b"X-Real-IP:192.0.2.8"))

    assert head.managed == (b"X-Forwarded-For: 192.0.2.7", b"X-Real-IP:192.0.2.8")
    assert head.first(b"x-forwarded-for") == b"192.0.2.7"


@pytest.mark.parametrize(
    ("fields", "binds"),
    [
        ([b"Authorization: NTLM TlRMTVNT"], True),
        ([b"authorization: negotiate YII"], True),
        ([b"Authorization: Basic x", b"Authorization: NTLM x"], True),
        ([b"Authorization: Bearer ntlm"], False),
        ([b"X-Authorization: NTLM x"], False),
        ([], False),
    ],
    ids=["PL07", "Negotiate", "second field", "bearer", "other field", "none"],
)
def test_ntlm_binds_the_connection_it_is_sent_on(fields: list[bytes], binds: bool) -> None:  # noqa: FBT001 (a table's column)
    """R14: a connection that was authenticated as one client is known as such, so that no other gets it."""
    assert accepted(get(*fields)).binds is binds


@pytest.mark.parametrize(
    ("fields", "expect", "upgrade", "te_trailers"),
    [
        ([b"Expect: 100-Continue"], b"100-continue", b"", False),
        ([b"Expect: 200-ok"], b"200-ok", b"", False),
        ([b"Expect: 100-continue", b"Expect: 100-continue"], b"?", b"", False),
        ([b"Upgrade: WebSocket", b"Connection: Upgrade"], b"", b"websocket", False),
        ([b"Upgrade: h2c", b"Upgrade: websocket"], b"", b"?", False),
        ([b"TE: trailers, deflate;q=0.5"], b"", b"", True),
        ([b"TE: trailers", b"TE: gzip"], b"", b"", True),
        ([b"TE: gzip"], b"", b"", False),
    ],
    ids=["EX01", "EX04", "two expectations", "websocket", "two upgrades", "trailers", "TE twice", "no trailers"],
)
def test_what_a_request_asks_of_the_connection(
    fields: list[bytes],
    expect: bytes,
    upgrade: bytes,
    te_trailers: bool,  # noqa: FBT001 (a table's column)
) -> None:
    """R8, R11, R13: one expectation and one protocol are named in lower case; two of them are nothing known."""
    head = accepted(get(*fields))

    assert (head.expect, head.upgrade, head.te_trailers) == (expect, upgrade, te_trailers)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (get(target=b"/" + b"a" * (MAX_LINE - 14)), 0),
        (get(target=b"/" + b"a" * (MAX_LINE - 13)), 414),
        (get(b"X: " + b"a" * (MAX_LINE - 3)), 0),
        (get(b"X: " + b"a" * (MAX_LINE - 2)), 431),
        (get(*[b"X: " + b"a" * 8000] * 8), 0),
        (get(*[b"X: " + b"a" * 8000] * 9), 431),
        (get(*[b"X: y"] * (MAX_FIELDS - 1)), 0),
        (get(*[b"X: y"] * MAX_FIELDS), 431),
        (get(b"X: " + b"a" * 13_000_000), 431),
    ],
    ids=["line", "line + 1", "field", "field + 1", "head", "above", "fields", "fields + 1", "LM01"],
)
def test_sizes_are_bounded_to_the_byte(raw: bytes, status: int) -> None:
    """R16: a request line or field of 16 KiB and a head of 64 KiB with 128 fields pass; one more of any is refused."""
    judged = judge(raw)

    assert (judged.status if isinstance(judged, RequestRefusal) else 0) == status


PLAIN = get(b"X-Tenant-Id: t", b"X-A: 1", target=b"/first?q")


def reader_that_knows(*heads: bytes) -> RequestReader:
    reader = RequestReader(WANTED)
    for raw in heads:
        assert isinstance(reader.read(raw), RequestHead)
    return reader


def test_the_same_fields_are_recalled_under_another_target() -> None:
    """Fields that were accepted once need no second judgement; method and target are those of the new request line."""
    reader = reader_that_knows(PLAIN, post())

    head = reader.recall(PLAIN.replace(b"GET /first?q", b"POST /second?r=1"))

    assert head is not None
    assert (head.method, head.target, head.path, head.query) == (b"POST", b"/second?r=1", b"/second", b"r=1")
    assert head.lines == [b"Host: a", b"X-Tenant-Id: t", b"X-A: 1"]
    assert (head.host, head.first(b"x-tenant-id")) == ("a", b"t")


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.replace(b"X-A: 1", b"X-A: 2"),
        PLAIN.replace(b"GET", b"POST"),
        PLAIN.replace(b"GET", b"\nGET"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"GET ", b"GET  "),
        PLAIN.replace(b"GET ", b""),
        PLAIN.replace(b"/first", b"/a\tb"),
        PLAIN.replace(b"/first", b"/\xe9"),
        PLAIN.replace(b"/first", b"/a%00"),
        PLAIN.replace(b"/first", b"/a#"),
        PLAIN.replace(b"/first", b"http://a/"),
        PLAIN.replace(b"/first", b"/" + b"a" * MAX_LINE),
        b"\r\n" + PLAIN,
    ],
    ids=[
        "other field",
        "method not seen yet",
        "LF before the method",
        "other version",
        "two blanks",
        "two parts",
        "tab",
        "not ASCII",
        "NUL",
        "fragment",
        "absolute form",
        "long line",
        "empty line first",
    ],
)
def test_anything_unusual_is_judged_and_read_as_ever(raw: bytes) -> None:
    """A head with one byte that was not seen and is not plain is nothing that anybody remembers."""
    assert reader_that_knows(PLAIN).recall(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        request(b"GET /x HTTP/1.0", b"Host: a"),
        request(b"OPTIONS * HTTP/1.1", b"Host: a"),
        get(target=b"http://a/x"),
        get(b"X: " + b"a" * 1000),
    ],
    ids=["HTTP/1.0", "asterisk form", "absolute form", "many bytes"],
)
def test_unusual_heads_are_not_remembered(raw: bytes) -> None:
    """Only plain heads of HTTP/1.1 are worth a place in memory."""
    reader = reader_that_knows(raw, get(b"X-Other: 1"))

    assert reader.recall(raw) is None
    assert reader.recall(b"GET /x HTTP/1.1" + raw[raw.index(b"\r\n") :]) is None


def test_a_flood_of_names_and_hosts_changes_no_verdict_and_stays_bounded() -> None:
    """However many names, hosts and fields a client invents, memory has its bound and what is read stays the same."""
    reader = RequestReader(WANTED)
    for number in range(3000):
        fields = [b"X-%d-%d: y" % (number, each) for each in range(3)]
        reader.read(request(b"GET /x HTTP/1.1", b"Host: h%d" % number, b"N" * 200 + b": y", *fields))
        reader.read(request(b"GET /x HTTP/1.1", b"Host: " + b"h" * 200))

    head = reader.read(PLAIN)

    assert isinstance(head, RequestHead)
    assert head.lines == [b"Host: a", b"X-Tenant-Id: t", b"X-A: 1"]
    assert len(reader._kinds) <= 2048
    assert len(reader._hosts) <= 2048
    assert max(map(len, [*reader._kinds, *reader._hosts])) <= 128


def test_other_bounds_hold_for_recalled_heads_too() -> None:
    """A head that the memory would give back is measured like one that is read."""
    reader = RequestReader(WANTED, HeadBounds(line=100, head=900))
    short, long = (get(target=b"/" + b"a" * size) for size in (50, 90))

    assert isinstance(reader.read(short), RequestHead)
    assert reader.recall(short) is not None
    assert reader.recall(long) is None
    refusal = reader.read(long)
    assert isinstance(refusal, RequestRefusal)
    assert refusal.shed is Shed.REQUEST_LINE


def test_underscores_in_names_can_be_refused() -> None:
    """HD09 in its other position; a dash is another name."""
    reader = RequestReader(WANTED, underscores=False)

    assert isinstance(reader.read(get(b"my_token: 1")), RequestRefusal)
    assert isinstance(reader.read(get(b"my-token: 1")), RequestHead)


def test_an_encoded_nul_is_refused_wherever_it_stands_unless_it_is_allowed() -> None:
    """RT17: in a path and in a query alike; what was remembered of the fields lets none through."""
    strict, lenient = RequestReader(WANTED), RequestReader(WANTED, nul=True)
    strict.read(get(target=b"/x"))
    for target in (b"/x?a=%00", b"/x%00?a"):
        raw = get(target=target)
        assert isinstance(strict.read(raw), RequestRefusal)
        assert strict.recall(raw) is None
        assert isinstance(lenient.read(raw), RequestHead)


@pytest.mark.parametrize(
    ("method", "fields", "hops", "line"),
    [
        (b"OPTIONS", [b"Max-Forwards: 3"], 3, b"Max-Forwards: 2"),
        (b"OPTIONS", [b"MAX-forwards: 007"], 7, b"MAX-forwards: 6"),
        (b"OPTIONS", [b"Max-Forwards: 0"], 0, b"Max-Forwards: 0"),
        (b"OPTIONS", [b"Max-Forwards: soon"], -1, b"Max-Forwards: soon"),
        (b"OPTIONS", [b"Max-Forwards: 1", b"Max-Forwards: 2"], -1, b"Max-Forwards: 1"),
        (b"GET", [b"Max-Forwards: 3"], -1, b"Max-Forwards: 3"),
    ],
)
def test_an_options_may_make_so_many_hops_more(method: bytes, fields: list[bytes], hops: int, line: bytes) -> None:
    """RFC 9110 section 7.6.2: one less for whoever is next; what is no one number, and other methods, pass as is."""
    head = accepted(b"\r\n".join([method + b" /a HTTP/1.1", b"Host: a", *fields, b"", b""]))

    assert head.hops == hops
    assert line in head.lines


def test_a_field_is_put_in_place_of_all_that_an_upstream_may_take_for_it() -> None:
    """Whatever its case, and with underscores; the other lines and the Host stay in their places."""
    raw = get(b"X_Name: a", b"X-Other: b", b"x-name: c")
    head = accepted(raw)
    before, lines = head.block(), head.lines
    head.put(b"X-Name", b"d", b"e")

    assert head.lines == [b"Host: a", b"X-Other: b", b"X-Name: d", b"X-Name: e"]
    assert head.lines[head.host_at] == b"Host: a"
    assert head.block() != before
    assert b"X_Name: a" in lines
    head.put(b"x-NAME")
    assert head.lines == [b"Host: a", b"X-Other: b"]


def test_a_field_can_be_put_where_no_host_was_sent() -> None:
    """HTTP/1.0 may go without; there is no place of it then, and none afterwards."""
    head = accepted(b"GET / HTTP/1.0\r\n\r\n")
    head.put(b"X-Name", b"a")

    assert (head.lines, head.host_at) == ([b"X-Name: a"], -1)


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"host", b"a"), (b"Content_Length", b"1"), (b"Transfer-Encoding", b"x"), (b"a", b"b\r"), (b"a", b"b\nc: d")],
)
def test_what_frames_a_request_cannot_be_put(name: bytes, value: bytes) -> None:
    """Nor can a value that ends its line."""
    head = accepted(get())

    with pytest.raises(ValueError, match="may not put"):
        head.put(name, value)


@pytest.mark.parametrize("minor", [1, 0])
def test_authorization_is_left_out_as_by_put(minor: int) -> None:
    """In any capitals, wherever it stands; Host is found behind it, and what only begins like it stays."""
    lines = [
        b"AUTHORIZATION:a",
        b"X-A: b",
        *([b"Host: a"] if minor else []),
        b"authorization: c",
        b"Authorization-Info: d",
    ]
    raw = b"GET / HTTP/1.%d\r\n%b\r\n\r\n" % (minor, b"\r\n".join(lines))
    quick, slow = (RequestReader(frozenset({b"authorization"})).read(raw) for _ in range(2))
    assert isinstance(quick, RequestHead)
    assert isinstance(slow, RequestHead)
    quick.leave_out_authorization()
    slow.put(b"Authorization")

    assert (quick.lines, quick.host_at, quick.block()) == (slow.lines, slow.host_at, slow.block())
    assert quick.lines[-1] == b"Authorization-Info: d"


def test_lines_are_added_behind_all_others() -> None:
    """Also after the head was joined once."""
    head = RequestReader(frozenset()).read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(head, RequestHead)
    before = head.block()
    head.add([b"X-A: 1", b"X-B: 2"])

    assert head.lines[-2:] == [b"X-A: 1", b"X-B: 2"]
    assert b"X-A: 1" not in before
    assert b"X-A: 1\r\nX-B: 2" in head.block()
