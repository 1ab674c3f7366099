from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from proxy.core.evidence import fold as module
from proxy.core.evidence import key_groups
from proxy.core.evidence.fold import REPEATED, ComparedPair, Fold, Part
from proxy.core.evidence.records import OTHER, SAMPLED, Increments, cluster_id
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, IncomparableReason, Outcome
from proxy.core.parity.excuse import NOISE, UNDECIDED
from proxy.core.parity.pair import CapturedAnswer, Pair
from proxy.core.parity.redact import Redactor
from proxy.core.parity.rules.difference import Difference, DifferenceKind, differ
from tests.core.parity.pairs import answer, pair

TOTAL = differ("$.total", DifferenceKind.NUM, "1", "2")
AT = differ("$.at", DifferenceKind.TIME, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
GONE = differ("$.id", DifferenceKind.MISSING, "7", "")
REDACTOR = Redactor(key=b"k" * 32)


def one(at: float = 60.0, *, route: str = "a", **more: object) -> Pair:
    return replace(pair(answer({"total": 1}), answer({"total": 2})), route=route, at=at, **more)  # type: ignore[arg-type]


def mismatch(*differences: Difference) -> Comparison:
    return Comparison(outcome=Outcome.MISMATCH, differences=differences)


MATCH = Comparison(outcome=Outcome.MATCH)


def found(given: Pair, comparison: Comparison = MATCH, draw: float = 0.5, **more: object) -> ComparedPair:
    values = {"pair": given, "comparison": comparison, "shape": "s", "draw": draw}
    return ComparedPair(**values | more)  # type: ignore[arg-type]


def taken(fold: Fold) -> tuple[Part, ...]:
    numbers = count(1)
    return fold.take(lambda _: REDACTOR, lambda: f"id{next(numbers)}", 99.0)


def only(fold: Fold) -> Increments:
    (part,) = taken(fold)
    return part.increments


def test_comparisons_add_up_by_minute_shape_and_gravest_difference() -> None:
    """Two alike make one tally; what differs in several places is counted once, under the gravest."""
    fold = Fold()
    for at in (60.0, 61.0, 120.0):
        fold.add(found(one(at)))
    fold.add(found(one(62.0), mismatch(TOTAL, GONE)))
    fold.add(found(one(63.0), repeated=True))
    fold.add(found(one(64.0), Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.TIMED_OUT)))
    told = only(fold)

    assert [(tally.minute, tally.outcome, tally.kind, tally.why, tally.count) for tally in told.tallies] == [
        (1, "match", None, "", 2),
        (2, "match", None, "", 1),
        (1, "mismatch", "missing", "", 1),
        (1, "match", None, REPEATED, 1),
        (1, "incomparable", None, "timed_out", 1),
    ]
    assert [(occurrence.path, occurrence.count, occurrence.accepted) for occurrence in told.occurrences] == [
        ("$.total", 1, ""),
        ("$.id", 1, ""),
    ]
    assert [(shape.legacy, shape.compared, shape.first_seen, shape.last_seen) for shape in told.shapes] == [
        (6, 5, 60.0, 120.0)
    ]
    assert (told.id, told.at) == ("id1", 99.0)
    assert taken(fold) == ()


def test_routes_and_versions_are_kept_apart() -> None:
    """A deploy of either side and another route have parts of their own."""
    fold = Fold()
    for made in (one(), one(route="b"), one(new_version="9"), one()):
        fold.add(found(made))

    parts = taken(fold)
    assert [(part.route, part.new_version, part.increments.tallies[0].count) for part in parts] == [
        ("a", one().new_version, 2),
        ("b", one().new_version, 1),
        ("a", "9", 1),
    ]


def test_steps_and_who_answered_are_kept_apart() -> None:
    """Within one part, as they are of one epoch; another address or an order begins another part."""
    fold = Fold()
    for more in (
        {},
        {"step": 7},
        {"step": 7, "authoritative": Side.NEW},
        {"step": 7},
        {"begun": 1},
        {"addresses": "x"},
    ):
        fold.add(found(one(**more)))
    parts = taken(fold)

    assert [(tally.step, tally.side, tally.count) for tally in parts[0].increments.tallies] == [
        (0, "legacy", 1),
        (7, "legacy", 2),
        (7, "new", 1),
    ]
    assert [(part.addresses, part.begun) for part in parts] == [("", 0), ("", 1), ("x", 0)]


def test_what_was_shed_is_incomparable() -> None:
    """A pair that nobody compared counts on its route."""
    fold = Fold()
    fold.shed(one(61.0))
    fold.shed(one(62.0))

    (tally,) = only(fold).tallies
    assert (tally.shape, tally.outcome, tally.why, tally.count) == (OTHER, "incomparable", "shed", 2)


def test_excuses_are_counted_and_the_last_one_speaks() -> None:
    """A rule's hits add up, noise is no rule, and a cluster says what excused its newest occurrence."""
    fold = Fold()
    for at, rule in ((60.0, "mask $.total"), (90.0, "mask $.total"), (70.0, NOISE)):
        fold.add(found(one(at), Comparison(outcome=Outcome.IGNORED, excused=((rule, TOTAL),))))
    told = only(fold)

    assert [(hit.rule, hit.hits, hit.last_hit) for hit in told.rule_hits] == [("mask $.total", 2, 90.0)]
    (seen,) = told.occurrences
    assert (seen.accepted, seen.count, seen.first_seen, seen.last_seen) == ("mask $.total", 3, 60.0, 90.0)


def test_what_is_undecided_is_counted_under_the_group_of_its_keys() -> None:
    """Once per comparison, under its gravest; its differences are clusters at once, with a sample that shows them."""
    fold = Fold()
    waiting = (("$.total", TOTAL), ("$.at", AT))
    for repeated in (False, True):
        fold.add(found(one(), Comparison(outcome=Outcome.UNDECIDED, waiting=waiting), repeated=repeated))
    fold.add(found(one(), Comparison(outcome=Outcome.MISMATCH, differences=(GONE,), waiting=waiting[:1])))
    told = only(fold)

    (group,) = told.groups
    assert (group.route, group.keys, group.last_seen) == ("a", ("$.at", "$.total"), 60.0)
    assert [(tally.outcome, tally.kind, tally.why) for tally in told.tallies] == [
        ("undecided", "num", group.id),
        ("undecided", "num", f"{group.id} {REPEATED}"),
        ("mismatch", "missing", ""),
    ]
    assert {
        occurrence.path: (occurrence.accepted, occurrence.count, occurrence.counted) for occurrence in told.occurrences
    } == {
        "$.total": (UNDECIDED, 3, 0),
        "$.at": (UNDECIDED, 2, 0),
        "$.id": ("", 1, 1),
    }
    shown = next(sample for sample in told.samples if sample.cluster == cluster_id("a", "$.at", DifferenceKind.TIME))
    assert [difference.path for difference in shown.exchange.differences] == ["$.total", "$.at"]


def test_what_is_undecided_and_finds_no_place_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its differences are then those of a mismatch, so that clusters and counts say the same."""
    monkeypatch.setattr(key_groups, "MOST_OF_PART", 1)
    fold = Fold()
    for key in ("$.at", "$.other"):
        fold.add(found(one(), Comparison(outcome=Outcome.UNDECIDED, waiting=((key, AT),))))
    told = only(fold)

    assert [(tally.outcome, tally.kind) for tally in told.tallies] == [("undecided", "time"), ("mismatch", "time")]
    assert [(occurrence.accepted, occurrence.count, occurrence.counted) for occurrence in told.occurrences] == [
        ("", 2, 1)
    ]
    assert len(told.groups) == 1


def test_marks_of_noise_add_up_by_key_and_measure() -> None:
    """What is counted of one key in one way is one count."""
    fold = Fold()
    for marks in ([("", "gap 1", 1, 0, 0, 0), ("$.a", "gap 1", 0, 1, 0, 0)], [("$.a", "gap 1", 0, 0, 2, 3)]):
        fold.mark(("a", "1", "2", "", 0), marks)
    fold.mark(("a", "1", "2", "", 0), [("$.a", "clock", 1, 900, 0, 0)])

    counts = {(each.path, each.measure): each for each in only(fold).noise}
    assert {name: (each.asked, each.raw_only, each.noise_only, each.both) for name, each in counts.items()} == {
        ("", "gap 1"): (1, 0, 0, 0),
        ("$.a", "gap 1"): (0, 1, 2, 3),
        ("$.a", "clock"): (1, 900, 0, 0),
    }


def test_samples_are_the_lowest_draws_and_the_newest() -> None:
    """Of many exchanges five stay by chance and the newest one; later takings add only what is drawn lower."""
    fold = Fold()
    for number in range(10):
        fold.add(found(one(60.0 + number, request_id=f"r{number}"), mismatch(TOTAL), draw=(9 - number) / 10))
    first = only(fold).samples
    fold.add(found(one(80.0, request_id="late"), mismatch(TOTAL), draw=0.95))
    second = only(fold).samples

    assert [each.exchange.draw for each in first] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert len(first) == SAMPLED
    assert {each.cluster for each in first} == {cluster_id("a", "$.total", "num")}
    assert [each.exchange.request_id for each in second] == ["late"]


def test_what_is_kept_is_redacted_once() -> None:
    """An exchange that shows two clusters is made once, and holds no secret."""
    fold = Fold()
    secret = replace(one().request, target=b"/a?password=geheim")
    card = differ("$.note", DifferenceKind.STRING, "4111111111111111", "x")
    fold.add(found(one(request=secret), mismatch(TOTAL, card)))
    samples = only(fold).samples

    assert len(samples) == 2
    assert samples[0].exchange is samples[1].exchange
    assert "geheim" not in repr(samples)
    assert "4111111111111111" not in repr(samples)


def test_one_safe_request_is_recorded_by_chance() -> None:
    """Of the requests that could be sent again the one with the lowest draw is kept; no other ever is."""
    fold = Fold()
    for draw in (0.5, 0.2, 0.7):
        fold.add(found(one(request_id=f"{draw}"), draw=draw))
    fold.add(found(one(request=replace(one().request, method=b"POST")), draw=0.0))
    fold.add(found(one(request=replace(one().request, body=b"x")), draw=0.0))
    fold.add(found(one(legacy=replace(one().legacy, failure="shed")), draw=0.0))
    fold.add(found(one(legacy=replace(one().legacy, size=10**6)), draw=0.0))

    assert [each.request_id for each in only(fold).recorded] == ["0.2"]


def test_many_clusters_at_once_have_their_samples_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taking holds so much; clusters that come again leave room for one that is new, however often they come."""
    monkeypatch.setattr(module, "MOST_HELD", 20_000)
    monkeypatch.setattr(module, "MOST_NEWEST", 5_000)
    fold = Fold()
    sampled = []
    for _ in range(40):
        for number in range(20):
            fold.add(found(one(route=f"r{number}"), mismatch(TOTAL), draw=number / 20))
        sampled.append(Counter(part.route for part in taken(fold) for _ in part.increments.samples))
    fold.add(found(one(route="rare"), mismatch(TOTAL)))

    assert all(sum(each.values()) < 25 for each in sampled)
    assert set().union(*sampled) == {f"r{number}" for number in range(20)}
    assert sum(sampled[-1].values()) < 10
    assert [len(part.increments.samples) for part in taken(fold)] == [1]
    assert fold.lost == 0


def test_memory_is_bounded_and_losses_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many parts, tallies, shapes, paths, exchanges and recordings find no place; what was counted is told."""
    for name, most in {
        "PARTS": 2,
        "TALLIES": 3,
        "KEYS": 2,
        "NOISE": 2,
        "RECORDED": 1,
        "HELD": 1,
        "CLUSTERS": 1,
    }.items():
        monkeypatch.setattr(module, f"MOST_{name}", most)
    fold = Fold()
    for shape in ("s", "t", "u", "v"):
        fold.add(found(one(), shape=shape))
    assert fold.lost == 0
    fold.mark(("a", "1", "2", "", 0), [(f"$.{name}", "gap 1", 0, 1, 0, 0) for name in "rst"])
    for kind in (DifferenceKind.NUM, DifferenceKind.TYPE, DifferenceKind.STRING, DifferenceKind.TIME):
        fold.add(found(one(route="b"), mismatch(differ(f"$.{kind}", kind, "1", "2"))))
    fold.add(found(one(route="c")))
    fold.shed(one(route="d"))
    fold.mark(("d", "", "", "", 0), [("$.r", "gap 1", 0, 1, 0, 0)])
    lost = fold.lost
    first, second = (part.increments for part in taken(fold))

    assert lost == 4 + 1 + 3  # tallies without a place, marks, parts
    assert [each.shape for each in first.shapes] == ["s", "t", OTHER]
    assert [each.path for each in first.noise] == ["$.r", "$.s"]
    assert [occurrence.path for occurrence in second.occurrences] == ["$.num", "$.type", OTHER, OTHER]
    assert len(second.samples) == 1
    assert (len(first.recorded), len(second.recorded)) == (1, 0)


def test_a_forgotten_cluster_is_sampled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of how many clusters the lowest draws are remembered is bounded; the oldest is forgotten."""
    monkeypatch.setattr(module, "MOST_CLUSTERS", 1)
    fold = Fold()
    for difference in (TOTAL, GONE, TOTAL):
        fold.add(found(one(), mismatch(difference), draw=0.9))

    assert len(only(fold).samples) == 3


def test_an_answer_that_failed_was_not_answered() -> None:
    """Legacy's failures are no answers of this shape: its 500, alone or not, leaves nothing to be covered."""
    fold = Fold()
    error = answer({"error": 1}, status=500)
    fold.add(
        found(
            one(legacy=error, new=error), Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.BOTH_FAILED)
        )
    )
    fold.add(found(one(legacy=error), Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.LEGACY_FAILED)))
    failed = CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=0.0, failure="timed_out")
    fold.add(found(one(legacy=failed), Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.TIMED_OUT)))

    assert [(shape.legacy, shape.compared) for shape in only(fold).shapes] == [(0, 0)]
