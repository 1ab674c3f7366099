from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from proxy.core.evidence.noise_memories import Memories
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.noise.sorter import PairSorter
from proxy.core.parity.compare import Comparison, IncomparableReason, Outcome, compare
from proxy.core.parity.excuse import COUNTED, Aliases, FindVerdict, Sorted
from proxy.core.parity.finds import Find
from proxy.core.parity.rules.difference import DifferenceKind, differ
from proxy.core.parity.rules.rules import Rules, Treatment
from tests.core.parity.pairs import NOISELESS, NOW, answer, asking, compared, excused, in_fields, pair, rule, said

TYPES = [
    "application/json",
    "text/xml",
    "text/html",
    "text/csv",
    "text/event-stream",
    "multipart/mixed; boundary=x",
    "a/b",
    "",
]
CODINGS = ["", "gzip", "br", "zstd", "deflate"]
BODIES = st.binary(max_size=200) | st.text(alphabet='{}[]<>&;!-"\\:,=\n 01ae', max_size=60).map(str.encode)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from([b"Set-Cookie", b"Location", b"ETag", b"Vary", b"Content-Length", b"Date", b"X"]),
        st.binary(max_size=20),
    ),
    max_size=4,
).map(tuple)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


def test_four_outcomes() -> None:
    """Match, mismatch, ignored, incomparable."""
    ignore = rule(Treatment.IGNORE, "$.a")

    assert compared({"a": 1}, {"a": 1}) == Comparison(outcome=Outcome.MATCH)
    assert compared({"a": 1}, {"a": 2}).outcome is Outcome.MISMATCH
    assert compared({"a": 1}, {"a": 2}, ignore).outcome is Outcome.IGNORED
    assert compared({"a": 1}, answer(failure="shed")) == Comparison(
        outcome=Outcome.INCOMPARABLE, why=IncomparableReason.SHED
    )


def test_a_certain_difference_counts_although_the_rest_cannot_be_seen() -> None:
    """Another status with half a body is a mismatch; half a body alone is not."""
    half = answer({"a": 1}, size=10**9)

    assert said(compared(half, answer({"a": 1}, status=500))) == ["status status high"]
    assert compared(half, answer({"a": 1})).why is IncomparableReason.TRUNCATED


def test_equal_errors_prove_nothing_and_other_errors_differ() -> None:
    """Two equal 500s are incomparable, with an excused difference too; another 5xx, or another body, is a mismatch."""
    error = answer({"a": 1}, status=500)
    ignore = rule(Treatment.IGNORE, "$.a")

    assert compared(error, error) == Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.BOTH_FAILED)
    assert compared(error, answer({"a": 2}, status=500), ignore).outcome is Outcome.INCOMPARABLE
    assert said(compared(error, answer({"a": 1}, status=503))) == ["status status high"]
    assert compared(error, answer({"a": 2}, status=500)).outcome is Outcome.MISMATCH


def test_a_rule_ends() -> None:
    """At its end a rule excuses nothing any more."""
    rules = Rules(rules=(rule(Treatment.IGNORE, "$.a", until=NOW),))
    both = pair(answer({"a": 1}), answer({"a": 2}))

    assert compare(both, rules, NOISELESS, NOW - 1).outcome is Outcome.IGNORED
    assert compare(both, rules, NOISELESS, NOW).outcome is Outcome.MISMATCH


def test_where_legacy_differs_from_itself_new_is_not_judged() -> None:
    """Only such differences: a race. Others beside them count."""
    legacy, second = answer({"a": 1, "b": 1}), answer({"a": 2, "b": 1})
    raced = compare(pair(legacy, answer({"a": 3, "b": 1}), second), Rules(), NOISELESS, NOW)
    mixed = compare(pair(legacy, answer({"a": 3, "b": 2}), second), Rules(), NOISELESS, NOW)
    calm = compare(pair(legacy, answer({"a": 3, "b": 1}), legacy), Rules(), NOISELESS, NOW)

    assert (raced.outcome, raced.why, raced.differences) == (Outcome.INCOMPARABLE, IncomparableReason.RACE, ())
    assert (said(mixed), excused(mixed)) == (["$.b num medium"], ["noise $.a num"])
    assert said(calm) == ["$.a num medium"]


def test_a_race_of_values_excuses_no_presence_and_no_type() -> None:
    """Legacy says another number each time: new may too, but has to say one. Where legacy's type varies, all races."""
    legacy, second, null = answer({"a": 1}), answer({"a": 2}), answer({"a": None})

    assert said(compare(pair(legacy, answer({}), second), Rules(), NOISELESS, NOW)) == ["$.a missing high"]
    assert said(compare(pair(legacy, answer({"a": "x"}), second), Rules(), NOISELESS, NOW)) == ["$.a type high"]
    assert compare(pair(legacy, answer({}), null), Rules(), NOISELESS, NOW).why is IncomparableReason.RACE
    assert compare(pair(legacy, second, null), Rules(), NOISELESS, NOW).why is IncomparableReason.RACE


def test_what_a_write_overlapped_is_judged_only_where_it_agrees() -> None:
    """Answers about two states may differ in anything; equal ones agree, and a rule that excuses says so as well."""
    legacy, new, other = answer({"a": 1}), answer({"a": None}, status=404), answer({"a": 2})
    ignored = Rules(rules=(rule(Treatment.IGNORE, "$.a"),))
    raced, mixed, equal = (replace(pair(legacy, each), raced=True) for each in (new, other, legacy))

    told = compare(raced, Rules(), NOISELESS, NOW)
    assert (told.outcome, told.why, told.differences) == (Outcome.INCOMPARABLE, IncomparableReason.RACE, ())
    assert excused(told) == ["noise status status", "noise $.a type"]
    assert compare(mixed, ignored, NOISELESS, NOW).outcome is Outcome.IGNORED
    assert compare(equal, Rules(), NOISELESS, NOW).outcome is Outcome.MATCH


def test_a_known_noise_is_no_race() -> None:
    """What is noisy anyway is excused as noise, and the rest is judged."""
    both = pair(answer({"a": 1}), answer({"a": 3}), answer({"a": 2}))

    assert compare(both, Rules(), RecordedNoise({"$.a": KeyState.NOISY}), NOW).outcome is Outcome.IGNORED


class Waits:
    """A sorter for which `$.a` waits."""

    def sort(self, find: Find, _: Aliases) -> Sorted:
        return Sorted(FindVerdict.WAITS, find.place.text) if find.place.text == "$.a" else COUNTED


def test_what_waits_makes_it_undecided() -> None:
    """Unless something counts, or it cannot be compared, or a write overlapped: then it is what it was before."""
    legacy, new, other = answer({"a": 1, "b": 1}), answer({"a": 2, "b": 1}), answer({"a": 2, "b": 2})
    waits = compare(pair(legacy, new), Rules(), Waits(), NOW)
    counts = compare(pair(legacy, other), Rules(), Waits(), NOW)
    raced = compare(replace(pair(legacy, new), raced=True), Rules(), Waits(), NOW)

    assert (waits.outcome, waits.waiting) == (
        Outcome.UNDECIDED,
        (("$.a", differ("$.a", DifferenceKind.NUM, "1", "2")),),
    )
    assert (counts.outcome, said(counts), [key for key, _ in counts.waiting]) == (
        Outcome.MISMATCH,
        ["$.b num medium"],
        ["$.a"],
    )
    assert (raced.outcome, excused(raced)) == (Outcome.INCOMPARABLE, ["noise $.a num"])


def test_what_waits_where_the_rest_cannot_be_compared_says_nothing() -> None:
    """Half an answer stays incomparable."""
    half = answer({"a": 1}, in_fields("X-Id: a1"), size=10**9)

    class Field(Waits):
        def sort(self, find: Find, _: Aliases) -> Sorted:
            return Sorted(FindVerdict.WAITS, find.place.text)

    told = compare(pair(half, answer({"a": 1}, in_fields("X-Id: a2"))), Rules(), Field(), NOW)
    assert (told.outcome, told.why, told.waiting) == (Outcome.INCOMPARABLE, IncomparableReason.TRUNCATED, ())


def test_a_race_beside_what_waits_leaves_it_undecided() -> None:
    """Where legacy's second answer differs new is not judged; what waits is decided with its key."""
    legacy, new, second = answer({"a": 1, "b": 1}), answer({"a": 2, "b": 2}), answer({"a": 1, "b": 3})
    told = compare(pair(legacy, new, second), Rules(), Waits(), NOW)

    assert (told.outcome, excused(told)) == (Outcome.UNDECIDED, ["noise $.b num"])


@given(JSONS)
def test_anything_matches_itself(tree: object) -> None:
    """Written compactly or not, in any order of keys, from any encoder of JSON."""
    texts = (
        json.dumps(tree),
        json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    )

    assert compared(answer(texts[0]), answer(texts[1])).outcome is Outcome.MATCH


@given(
    BODIES,
    BODIES,
    FIELDS,
    FIELDS,
    st.sampled_from(TYPES),
    st.sampled_from(CODINGS),
    st.sampled_from([200, 204, 304, 404]),
)
@example(b"", b"", (), ((b"Content-Length", b"\xb2"),), "application/json", "", 200)  # a digit to str, none to int
def test_no_bytes_make_it_raise(
    legacy: bytes, new: bytes, one: object, other: object, kind: str, coding: str, status: int
) -> None:
    """Whatever two systems send, there is an outcome, and the same answers match or cannot be compared."""
    usual = (b"Content-Type", kind.encode()), (b"Content-Encoding", coding.encode())
    sides = [
        answer(body, (*usual, *fields), code)  # type: ignore[misc]
        for body, fields, code in ((legacy, one, 200), (new, other, status))
    ]
    both = pair(sides[0], sides[1], request=asking(b"/\xff?a=%ff"))

    memories = Memories()
    for sorter in (RecordedNoise({"$": KeyState.NOISY}), None, PairSorter(both, memories.of(both), {})):
        assert compare(both, Rules(), sorter, NOW).outcome in Outcome
    assert compare(pair(sides[0], sides[0]), Rules(), NOISELESS, NOW).outcome is Outcome.MATCH
