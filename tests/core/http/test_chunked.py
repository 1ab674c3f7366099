from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from proxy.core.http.chunked import MAX_EXTENSION, MAX_TRAILERS, MOST_ZEROS, ChunkedDecoder, encode_chunk, encode_end
from tests.core.llhttp import hear_chunked


@dataclass(frozen=True)
class Read:
    """What a decoder made of a body."""

    payload: bytes
    done: bool
    failed: bool
    rest: bytes
    trailers: tuple[bytes, ...]


def decode(*parts: bytes) -> Read:
    """As the relay feeds it: part by part, until the end or an error; what comes after is the next message's."""
    decoder = ChunkedDecoder()
    payload, rest = b"", b""
    for part in parts:
        if decoder.done:
            rest += part
        elif not decoder.error:
            payload += decoder.feed(part)
            rest += decoder.rest
    return Read(payload, decoder.done, bool(decoder.error), rest, tuple(decoder.trailers))


def bytewise(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


@pytest.mark.parametrize(
    "body",
    [
        b"0_2e\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5;a=b\r\rX\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloXX\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\rX0\r\n\r\n",
        b"17\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n\r\n0\r\n\r\n",
        b"0\r\nX: a\nY: b\r\n\r\n",
        b"0\r\nX: a\rY: b\r\n\r\n",
        b"0\r\nX: a\r\n b\r\n\r\n",
        b"0\r\nX : a\r\n\r\n",
        b"0\r\n: a\r\n\r\n",
        b"0\r\nX\r\n\r\n",
        b"0\r\nX: a\x00\r\n\r\n",
        b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5;\x00\r\nhello\r\n0\r\n\r\n",
        b"5;a\xff\r\nhello\r\n0\r\n\r\n",
        b'5;a="b\r\nhello\r\n0\r\n\r\n',
        b"g\r\n",
    ],
    ids=[
        "FR21 underscore",
        "FR21 prefix",
        "FR21 plus",
        "FR21 minus",
        "FR23",
        "FR24",
        "bare LF after size",
        "FR25",
        "FR27",
        "bare LF after data",
        "bare CR after data",
        "FR30",
        "bare LF in trailer",
        "bare CR in trailer",
        "folded trailer",
        "blank before colon",
        "no name",
        "no colon",
        "NUL in trailer",
        "empty line first",
        "blank first",
        "blank after size",
        "NUL in extension",
        "extension is no token",
        "open quote",
        "no digit",
    ],
)
def test_a_broken_body_is_an_error_however_it_arrives(body: bytes) -> None:
    """R3: what two readers could frame differently never counts as complete, whole or byte by byte."""
    for read in (decode(body), decode(*bytewise(body))):
        assert read.failed
        assert not read.done
        assert read.trailers == ()


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'5;foo="a;b"\r\nhello\r\n0;x\r\n\r\n', b"hello"),
        (b'5;a;b=c;d="\\"\t\xff"\r\nhello\r\n0\r\n\r\n', b"hello"),
        (b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", b"hello!"),
        (b"005\r\nhello\r\n00\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
        (b"0\r\n\r\n", b""),
    ],
    ids=["FR26", "extensions", "two chunks", "leading zeros", "upper case", "line ends as data", "empty"],
)
def test_a_sound_body_gives_its_payload_alone(body: bytes, payload: bytes) -> None:
    """R2: sizes and extensions are consumed; only what they frame comes out."""
    assert decode(body) == Read(payload, done=True, failed=False, rest=b"", trailers=())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5",
        b"5\r",
        b"5\r\n",
        b"5\r\nhell",
        b"5\r\nhello",
        b"5\r\nhello\r",
        b"0\r\n",
        b"0\r\n\r",
        b"0\r\nX: a\r\n",
        b"0\r\nX",
    ],
)
def test_a_body_that_stops_early_is_neither_done_nor_broken(body: bytes) -> None:
    """FR29: the sender's end of file is judged by the caller; until then nothing claims to be complete."""
    read = decode(body)

    assert not read.done
    assert not read.failed


def test_what_follows_the_body_is_handed_back_untouched() -> None:
    """A pipelined request behind the last chunk is none of the body's (R1)."""
    assert decode(b"0\r\n\r\nGET / HTTP/1.1\r\n").rest == b"GET / HTTP/1.1\r\n"
    assert decode(b"0\r\nX: a\r\n\r\n\r\n").rest == b"\r\n"


def test_after_the_end_and_after_an_error_nothing_is_read() -> None:
    """A decoder that has said its last word returns no payload any more."""
    done, failed = ChunkedDecoder(), ChunkedDecoder()
    done.feed(b"0\r\n\r\n")
    failed.feed(b"x\r\n")

    assert done.feed(b"5\r\nhello\r\n") == b""
    assert failed.feed(b"5\r\nhello\r\n") == b""
    assert (done.done, failed.done) == (True, False)


def test_trailers_stay_apart_and_byte_exact() -> None:
    """FR52: they are raw lines in order, for the caller to judge, and part of no head."""
    body = b"1\r\nZ\r\n0\r\nHost: evil\r\nX-Forwarded-For: 6.6.6.6\r\nUser:\x85admin\xa0\r\n\r\n"

    assert decode(body).trailers == (b"Host: evil", b"X-Forwarded-For: 6.6.6.6", b"User:\x85admin\xa0")


OF_ANSWERS = {
    "padded (Coyote)": b"5   \r\nhello\r\n0   \r\n\r\n",
    "tab": b"5\t\r\nhello\r\n0\t\r\n\r\n",
    "blank before the extension": b"5 ; x=1\r\nhello\r\n0\r\n\r\n",
    "blanks in the extension": b'5 ; x = "a b" ;y\r\nhello\r\n0;\tz\r\n\r\n',
    "extension without a name": b"5;\r\nhello\r\n0;;\r\n\r\n",
    "zeros at the bound": b"0" * MOST_ZEROS + b"5\r\nhello\r\n" + b"0" * MOST_ZEROS + b"\r\n\r\n",
}


@pytest.mark.parametrize("body", OF_ANSWERS.values(), ids=OF_ANSWERS)
def test_what_old_servers_write_into_size_lines_is_read_in_answers_alone(body: bytes) -> None:
    """Rule 4, whole or byte by byte; the same bytes in a request are refused, but for zeros that are few enough."""
    for parts in ([body], bytewise(body)):
        decoder = ChunkedDecoder(of_answer=True)

        assert b"".join(decoder.feed(part) for part in parts) == b"hello"
        assert (decoder.done, decoder.error) == (True, "")
        assert decode(*parts).failed


@pytest.mark.parametrize(
    "body",
    [
        b" 5\r\nhello\r\n",
        b"5 5\r\nhello\r\n",
        b"5 x\r\nhello\r\n",
        b"5;x y\r\nhello\r\n",
        b"5;x=a b\r\nhello\r\n",
        b"5 \nhello\r\n",
        b"5 \r\r\nhello\r\n",
        b"5\x0b\r\nhello\r\n",
        b'5;a="b\r\nhello\r\n',
        b"   \r\nhello\r\n",
        b";x\r\nhello\r\n",
        b"0" * (MOST_ZEROS + 16) + b"\r\n",
        b"1" + b"0" * 15 + b"\r\n",
        b"5" + b" " * (MAX_EXTENSION + 1) + b"\r\n",
        b"5" + b";  " * 80 + b"\x01\r\n",
    ],
)
def test_an_answers_size_line_is_read_in_one_way_or_not_at_all(body: bytes) -> None:
    """Where a line ends, what a size is and how long all of it may be is as strict as in requests."""
    for parts in ([body], bytewise(body)):
        decoder = ChunkedDecoder(of_answer=True)
        for part in parts:
            decoder.feed(part)

        assert decoder.error
        assert not decoder.done


BOUNDS = [
    (b"5;" + b"x" * (MAX_EXTENSION - 1) + b"\r\nhello\r\n0\r\n\r\n", True),
    (b"5;" + b"x" * MAX_EXTENSION + b"\r\nhello\r\n0\r\n\r\n", False),
    (b"5;" + b"x" * 10_000_000, False),
    (b"f" * 15 + b";" + b"x" * (MAX_EXTENSION - 1) + b"\r\n", True),
    (b"f" * 16 + b"\r\n", False),
    (b"0" * 300, False),
    (b"0\r\nX: " + b"a" * (MAX_TRAILERS - 3) + b"\r\n\r\n", True),
    (b"0\r\nX: " + b"a" * (MAX_TRAILERS - 2) + b"\r\n\r\n", False),
    (b"0\r\n" + b"X: a\r\n" * (MAX_TRAILERS // 6 + 1), False),
    (b"0\r\nX: " + b"a" * 10_000_000, False),
]


@pytest.mark.parametrize(
    ("body", "sound"),
    BOUNDS,
    ids=[
        "extension at the bound",
        "extension above it",
        "LM01 extension without end",
        "longest size line",
        "size of 16 digits",
        "zeros without end",
        "trailers at the bound",
        "trailers above it",
        "trailers without end",
        "one trailer without end",
    ],
)
def test_bounds_hold_to_the_byte(body: bytes, sound: bool) -> None:  # noqa: FBT001 (a table's column)
    """R16: a sender cannot make the proxy hold more than a line or a trailer section, and the bound is exact."""
    assert decode(body).failed is not sound


@pytest.mark.parametrize("spare", range(-4, 4))
@pytest.mark.parametrize("cut", range(1, 5))
def test_at_a_bound_the_verdict_does_not_depend_on_the_cut(spare: int, cut: int) -> None:
    """LM12 where it is hardest: sections about as long as allowed, cut within the bytes that end them."""
    trailers = b"0\r\nX: " + b"a" * (MAX_TRAILERS - 3 + spare) + b"\r\n\r\n"
    extension = b"5;" + b"x" * (MAX_EXTENSION - 1 + spare) + b"\r\n"

    for body in (trailers, extension):
        assert decode(body[:-cut], body[-cut:]) == decode(body)


SOUND = st.tuples(
    st.lists(st.binary(min_size=1, max_size=40), max_size=4),
    st.lists(st.sampled_from([b"X: a", b"Server-Timing: \xff", b"e:", b"Host: b"]), max_size=2),
    st.binary(max_size=8),
)
NOISE = st.lists(
    st.sampled_from([bytes([byte]) for byte in b'\r\n05a;="\\ \t\0\xff:'])
    | st.sampled_from([b"\r\n", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n", b";a=b", b"X: y\r\n"]),
    max_size=12,
).map(b"".join)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Sound bodies, noise, and sound bodies with noise in them."""
    chunks, trailers, rest = draw(SOUND)
    sound = b"".join([encode_chunk(chunk) for chunk in chunks]) + encode_end(trailers) + rest
    at = draw(st.integers(0, len(sound)))
    return draw(st.sampled_from([sound, sound[:at] + draw(NOISE) + sound[at + draw(st.integers(0, 2)) :], draw(NOISE)]))


@given(bodies(), st.lists(st.integers(0, 400), max_size=6))
@example(b"0\r\n\r\nrest", [2, 4, 5])
@example(b"5;a=b\r\nhello\r\n0\r\n\r\n", [1, 6, 13, 14])
def test_the_verdict_does_not_depend_on_the_cuts(body: bytes, cuts: list[int]) -> None:
    """LM12: payload, verdict, trailers and what follows are the same however the bytes were cut into reads."""
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    parts = [body[start:stop] for start, stop in pairwise(places)]

    assert decode(*parts) == decode(*bytewise(body)) == decode(body)


@given(SOUND)
def test_what_was_encoded_is_decoded(sound: tuple[list[bytes], list[bytes], bytes]) -> None:
    """Chunks, trailers and what follows come back as they went out."""
    chunks, trailers, rest = sound
    body = b"".join([encode_chunk(chunk) for chunk in chunks]) + encode_end(trailers) + rest

    assert decode(body) == Read(b"".join(chunks), done=True, failed=False, rest=rest, trailers=tuple(trailers))


@pytest.mark.thorough
@given(bodies())
@example(b"5 ;a\r\nhello\r\n0\r\n\r\n")
@example(b"5;\r\nhello\r\n0\r\n\r\n")
@example(b"5;a b\r\nhello\r\n0\r\n\r\n")
def test_what_we_call_complete_llhttp_reads_the_same(body: bytes) -> None:
    """Where our decoder sees the end of a body, llhttp sees it at the very same byte, with the same payload."""
    read = decode(body)
    assume(read.done)
    end = len(body) - len(read.rest)

    assert hear_chunked(body[:end]).complete
    assert hear_chunked(body[:end]).body == read.payload
    assert not hear_chunked(body[: end - 1]).complete


@pytest.mark.parametrize(
    "body",
    [
        b"0000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5;a=\r\nhello\r\n0\r\n\r\n",
        b"5;=b\r\nhello\r\n0\r\n\r\n",
        b'5;a=b"c"\r\nhello\r\n0\r\n\r\n',
        b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    ],
    ids=["16 digits", "no value", "no name", "token and quote", "long extension", "long trailers"],
)
def test_where_we_are_stricter_than_llhttp(body: bytes) -> None:
    """These pass llhttp and not us: outside RFC 9112's grammar or our bounds, and never sent in earnest."""
    assert hear_chunked(body).complete
    assert decode(body).failed


@pytest.mark.parametrize("trailer", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_where_llhttp_is_stricter_the_field_never_leaves_us(trailer: bytes) -> None:
    """Framing in a trailer fails a whole message in llhttp; here it is a trailer, which is then dropped (RS20)."""
    body = b"0\r\n" + trailer + b"\r\n\r\n"

    assert not hear_chunked(body).complete
    assert decode(body).trailers == (trailer,)
