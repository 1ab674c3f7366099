from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.evidence.minutes import OPEN, Minutes
from proxy.control.evidence.undecided import FEWEST, MOST, MOST_IN_ALL, Undecided, room, unproved, verdicts, waiting
from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import OTHER, EvidenceTally, KeyGroup
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.noise_groups import Waiting, marked
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.pair_counts import PairCounts

WAITS, NOISY, HELD, OPENED = KeyState.WAITS, KeyState.NOISY, KeyState.HELD, KeyState.OPEN


def group(name: str, *keys: str) -> KeyGroup:
    return KeyGroup(route="a", id=name, keys=keys, last_seen=0.0)


GROUPS = (group("one", "$.id"), group("two", "$.at", "$.id"))


def tally(minute: int, count: int = 1, why: str = "one", **more: object) -> EvidenceTally:
    values = {"route": "a", "epoch": 1, "minute": minute, "shape": "s", "outcome": Outcome.UNDECIDED}
    return EvidenceTally(**values | {"why": why, "count": count} | more)  # type: ignore[arg-type]


def match(minute: int, count: int = 1) -> EvidenceTally:
    return tally(minute, count, why="", outcome=Outcome.MATCH)


def judged(minutes: Minutes, **states: KeyState) -> Minutes:
    """By what is known of `$.id` and `$.at`."""
    minutes.judge_again(verdicts(GROUPS, {f"$.{name}": state for name, state in states.items()}))
    return minutes


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ({}, (0, 0, 7)),
        ({"id": NOISY}, (4, 0, 3)),
        ({"id": NOISY, "at": KeyState.CLOCK}, (7, 0, 0)),
        ({"id": HELD}, (0, 7, 0)),
        ({"at": OPENED}, (0, 3, 4)),
    ],
)
def test_what_was_undecided_comes_to_what_its_keys_are(
    states: dict[str, KeyState], counts: tuple[int, int, int]
) -> None:
    """Ended minutes and open ones alike: ignored, mismatch, or undecided still; and once more when more is known."""
    minutes = Minutes()
    minutes.follow([tally(1, 4), tally(1, 2, "two"), match(1, 50), tally(9, 1, "two")])
    before = judged(minutes).sums
    sums = judged(minutes, **states).sums

    assert (before.ignored, before.mismatch, before.undecided, before.compared) == (0, 0, 7, 50)
    assert (sums.ignored, sums.mismatch, sums.undecided) == counts
    assert (sums.match, sums.compared) == (50, 50 + counts[0] + counts[1])
    assert (sums.evidence, sums.evidence_against) == (50 + counts[0] + counts[1], counts[1])


def test_a_repeated_request_is_no_evidence_when_it_is_decided() -> None:
    """It is counted for people, as any other that was compared often enough that day."""
    minutes = Minutes()
    minutes.follow([tally(1, 3), tally(1, 2, marked("one", REPEATED)), tally(8, 1, marked("one", REPEATED))])
    sums = judged(minutes, id=OPENED).sums

    assert (sums.mismatch, sums.evidence, sums.evidence_against) == (6, 3, 3)
    assert minutes.unproved(0) == 3


def test_a_group_that_the_store_does_not_know_counts() -> None:
    """As a mismatch that nobody has proved."""
    minutes = Minutes()
    minutes.follow([tally(1, 3, "gone")])

    assert (judged(minutes).sums.mismatch, minutes.unproved(0)) == (3, 3)


def test_what_was_undecided_is_evidence_under_its_own_minute() -> None:
    """Where evidence begins anew, what was found before stays out, though it is decided afterwards."""
    minutes = Minutes(judged_from=5)
    minutes.follow([tally(4, 1), tally(5, 2), tally(9, 4), tally(12, 8)])
    early = judged(minutes, id=HELD).judged.evidence_against
    minutes.judge_from(13)
    none = minutes.judged.evidence_against
    minutes.follow([tally(12, 8), tally(13, 16), tally(40, 32)])

    assert (early, none) == (2 + 4 + 8, 0)
    assert minutes.judged.evidence_against == 16 + 32
    assert minutes.sums.mismatch == 1 + 2 + 4 + 8 + 16 + 32


def test_however_often_it_is_read_the_counts_are_the_same() -> None:
    """A replica that follows minute by minute and one that reads everything at once agree."""
    tallies = [
        tally(minute, 1 + minute % 3, name, shape=shape)
        for minute in range(200)
        for name in ("one", "two", "gone")
        for shape in ("s", "t")
    ]
    steadily, at_once = Minutes(judged_from=33), Minutes(judged_from=33)
    for minute in range(200):
        steadily.follow([each for each in tallies if steadily.ended <= each.minute <= minute])
    at_once.follow(tallies)

    for states in ({}, {"id": NOISY}, {"id": NOISY, "at": HELD}):
        judged(steadily, **states)
        judged(at_once, **states)
        assert steadily.sums == at_once.sums
        assert steadily.judged == at_once.judged
        assert steadily.shapes() == at_once.shapes()
        assert steadily.unproved(0) == at_once.unproved(0)


def test_what_was_undecided_at_a_step_is_evidence_of_that_step() -> None:
    """It counts where it was asked, with the side that answered, and bounds look at it whenever it was found."""
    minutes = Minutes()
    asked = [tally(1, 3, step=7), tally(2, 4, step=7, side=Side.NEW), tally(2, 9, step=8)]
    minutes.follow([*asked, replace(match(3, 1000), step=7), replace(match(9, 10), step=7)])
    waits, known = judged(minutes).step(7), judged(minutes, id=OPENED).step(7)

    assert (waits.now.all, waits.now.answered) == ((1010, 0), (0, 0))
    assert (known.now.all, known.now.answered) == ((1017, 7), (4, 4))
    assert (waits.now.pairs, known.now.pairs) == (PairCounts(1017), PairCounts(1017))
    assert known.lately().mismatched == known.answered_lately().mismatched + 3 == 7
    assert (minutes.unproved(7), minutes.unproved(8)) == (7, 9)
    assert minutes.step(8).now.all == (9, 9)


def test_a_shape_is_covered_once_its_comparisons_are_decided() -> None:
    """It has been seen from the first one on."""
    minutes = Minutes()
    minutes.follow([tally(1, 30), tally(9, 5), match(9, 2)])
    waits, unseen = judged(minutes).shapes(), minutes.unseen()

    assert waits == {"s": 2}
    assert judged(minutes, id=NOISY).shapes() == {"s": 37}
    assert minutes.unseen() == unseen


def test_the_last_hour_is_that_before_the_newest_minute() -> None:
    """What is older is decided as well as ever, and nobody waits for it any more."""
    minutes = Minutes()
    minutes.follow([tally(100, 5), match(100, 5), tally(150, 3), match(150, 10), tally(209, 2), match(209, 7)])
    groups, compared = minutes.last_hour()
    minutes.judge_from(210)
    after = minutes.last_hour()
    minutes.follow([tally(209, 2), tally(213, 1, "two")])

    assert (groups, compared) == ({"one": 5}, 22)
    assert after == ({}, 0)
    assert minutes.last_hour() == ({"two": 1}, 1)
    assert judged(minutes, id=HELD).sums.mismatch == 5 + 3 + 2 + 1


def test_beyond_its_room_the_hour_is_forgotten_first_and_then_the_oldest_count() -> None:
    """No comparison is lost: what has lost its group is a mismatch, however often one looks."""
    minutes = Minutes()
    many = tuple(group(f"g{number}", f"$.{number}") for number in range(8))
    for newest in range(40):
        minutes.follow([tally(each, 1, f"g{each % 8}") for each in range(minutes.ended, newest + 1)], most=4)
    minutes.judge_again(verdicts(many, {}))
    sums = minutes.sums

    assert sums.undecided + sums.mismatch == 40
    assert sums.undecided == 4 + OPEN
    assert minutes.unproved(0) == sums.mismatch


def test_sums_without_a_group_take_no_place() -> None:
    """They are joined, and who has a place keeps it."""
    kept = Undecided()
    kept.add([tally(minute, 1, f"g{minute}") for minute in range(6)], 0)
    for _ in range(3):
        kept.settle(5, 0, 2)

    assert [(each.why, each.shape, each.count) for each in kept.sums] == [
        ("g4", "s", 1),
        ("g5", "s", 1),
        ("", OTHER, 4),
    ]


@pytest.mark.parametrize(("routes", "each"), [(0, MOST), (20, MOST), (100, MOST_IN_ALL // 100), (9_999, FEWEST)])
def test_many_routes_share_the_room(routes: int, each: int) -> None:
    """One route has room for a thousand sums, and each of many for fifty."""
    assert room(routes) == each


def test_who_waits_is_named_with_its_keys() -> None:
    """Keys that are known are left out, and so are answers that are decided; what nobody proved waits as well."""
    groups = (*GROUPS, group("three", "$.total"), group("rare", "$.rare"))
    states = {"$.at": NOISY, "$.total": HELD, "$.rare": OPENED}
    counts = {"one": 2, "two": 5, "three": 40, "rare": 1, "gone": 9}

    assert waiting(counts, 100, groups, states) == Waiting(answers=8, of=100, keys=("$.id", "$.rare"))
    assert waiting({}, 0, (), {}) == Waiting()


def test_what_a_held_key_counts_is_proved() -> None:
    """And what an open one counts is not."""
    tallies = [tally(1, 2, "one"), tally(1, 3, "two"), replace(tally(1, 9, "one"), why=marked("one", REPEATED))]

    assert unproved(tallies, verdicts(GROUPS, {"$.id": OPENED, "$.at": HELD})) == 2
