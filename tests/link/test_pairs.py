"""Pairs on their way from a worker to the comparer."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from proxy.core.outcome import Side
from proxy.core.parity.compare import IncomparableReason, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.rules.rules import NO_RULES
from proxy.link import pairs

ANSWER = CapturedAnswer(
    status=200,
    fields=((b"Content-Type", b"application/json"), (b"X-Odd", b"\xff")),
    body=b'{"a":1}',
    size=7,
    seconds=0.1,
)
PAIR = Pair(
    route="orders.show",
    request=CapturedRequest(method=b"GET", target=b"/orders/\xc3\xa9?x=1", fields=((b"Host", b"a"),), body=b""),
    legacy=ANSWER,
    new=replace(ANSWER, failure="timed_out"),
    second=ANSWER,
    cohort=2**64 - 1,
    at=1_700_000_000.25,
    request_id="r-1",
    authoritative=Side.LEGACY,
    legacy_version="1",
    new_version="2",
    raced=True,
)


def test_a_pair_arrives_as_it_left() -> None:
    """Every byte of a pair, and the greatest cohort, comes out of its frame again."""
    frame = pairs.encode(PAIR)

    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    assert pairs.decode(frame[4:]) == PAIR
    assert pairs.decode(pairs.encode(replace(PAIR, second=None))[4:]).second is None


def test_a_label_is_read_without_the_pair() -> None:
    """Route, time and versions can be had from a frame whose pair nobody will look at."""
    label = pairs.decode_label(pairs.encode(PAIR)[4:])

    assert (label.route, label.at, label.legacy_version, label.new_version) == ("orders.show", PAIR.at, "1", "2")


@pytest.mark.parametrize("second", [None, ANSWER])
def test_a_pair_that_is_too_long_goes_without_bodies(second: CapturedAnswer | None) -> None:
    """What exceeds a frame is sent without its bodies, and then is incomparable rather than equal."""
    long = replace(ANSWER, body=b"x" * pairs.MAX_PAIR, size=pairs.MAX_PAIR)

    frame = pairs.encode(replace(PAIR, legacy=long, new=long, second=second))
    comparison = compare(pairs.decode(frame[4:]), NO_RULES, None, PAIR.at)

    assert len(frame) < 10_000
    assert comparison.why is IncomparableReason.TRUNCATED


@pytest.mark.parametrize("body", [b"", b"\x93\x01\x02\x03", b"\x80"])
def test_what_is_no_pair_is_refused(body: bytes) -> None:
    """Bytes of another version are told apart from a pair."""
    for read in (pairs.decode, pairs.decode_label):
        with pytest.raises(msgspec.DecodeError):
            read(body)


def test_a_pair_of_an_older_worker_is_read() -> None:
    """What a frame does not say of times is not known: 0."""
    said = msgspec.msgpack.decode(pairs.encode(PAIR)[4:])
    del said["written_at"]
    for answer in (said["legacy"], said["new"], said["second"]):
        del answer["began"], answer["answered"]

    pair = pairs.decode(msgspec.msgpack.encode(said))

    assert pair == PAIR
    assert (pair.written_at, pair.legacy.began, pair.new.answered) == (0.0, 0.0, 0.0)
