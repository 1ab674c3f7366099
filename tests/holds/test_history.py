"""The reading of a history: every kind of violation is found where it was planted, and a good history has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holds.moving.history import SHADOW, Moved, Place, Routes, Stands, read, verb_of

TWENTY, FORTY, SIXTY, LIVE = ("canary", 0.2), ("canary", 0.4), ("canary", 0.6), ("live", 0.0)
ROUTES = Routes(file=SHADOW, steps=(0.2, 0.4, 0.6), groups={"b": "g", "c": "g"}, in_motion=2)
JUDGE, ANN = "judge at one", "ann"


def moved(route: str, version: int, start: Place, end: Place, by: str = JUDGE, why: str = "proved") -> Moved:
    return Moved(route=route, version=version, start=start, end=end, actor=by, reason=why)


def ordered(route: str, version: int, start: Place, end: Place, verb: str, number: int = 1) -> Moved:
    return moved(route, version, start, end, ANN, f"{verb} {number}")


GOOD = (
    moved("a", 1, SHADOW, SHADOW, "routes.yaml", "its ramp begins here"),
    moved("a", 2, SHADOW, TWENTY),
    moved("b", 1, SHADOW, TWENTY),
    moved("c", 1, SHADOW, TWENTY),
    ordered("a", 3, TWENTY, TWENTY, "hold"),
    ordered("a", 4, TWENTY, FORTY, "promote", 2),
    ordered("a", 5, FORTY, TWENTY, "rollback", 3),
    moved("a", 6, TWENTY, SHADOW, why="5xx of new"),
    ordered("a", 7, SHADOW, SHADOW, "resume", 4),
    moved("a", 8, SHADOW, TWENTY),
    moved("b", 2, TWENTY, SHADOW, why="5xx of new"),
    moved("c", 2, TWENTY, SHADOW, why="b of its group is rolled back"),
)


def broken(*moves: Moved) -> list[str]:
    return read(moves, ROUTES).broken


def test_a_good_history_breaks_nothing_and_says_where_everything_stands() -> None:
    """Holds, latches, resumes and steps of everybody, one after the other."""
    reading = read(GOOD, ROUTES)

    assert reading.broken == []
    assert reading.at("a") == Stands(place=TWENTY, version=8)
    assert reading.at("b") == Stands(place=SHADOW, version=2, latched=True)
    assert reading.stood["a", 5] == Stands(place=TWENTY, version=5, latched=True, held=True)
    assert reading.at("never moved") == Stands(place=SHADOW)


def test_a_judges_own_hold_ends_by_itself_and_a_persons_does_not() -> None:
    """It is over by the judge's word or by any move; an order to hold makes it a person's."""
    begun = moved("a", 1, SHADOW, TWENTY), own(2)
    ordered_too = ordered("a", 3, TWENTY, TWENTY, "hold")

    assert broken(*begun, own(3), moved("a", 4, TWENTY, FORTY)) == []
    assert broken(*begun, ordered("a", 3, TWENTY, FORTY, "promote"), moved("a", 4, FORTY, SIXTY)) == []
    assert "goes up while it is held" in broken(*begun, moved("a", 3, TWENTY, FORTY))[0]
    assert "a hold that is not its own" in broken(*begun, ordered_too, own(4))[0]
    assert "goes up while it is held" in broken(*begun, ordered_too, moved("a", 4, TWENTY, FORTY))[0]


def own(version: int) -> Moved:
    """A hold of the judge's own that begins, or ends."""
    return replace(moved("a", version, TWENTY, TWENTY, why="legacy"), cause="legacy")


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([moved("a", 2, SHADOW, TWENTY)], "version 2 follows 0"),
        ([moved("a", 1, SHADOW, TWENTY), moved("a", 1, TWENTY, FORTY)], "version 1 follows 1"),
        ([moved("a", 1, TWENTY, FORTY)], "it begins at canary 20%, and the one before it ended at shadow"),
        (
            [ordered("a", 1, SHADOW, SHADOW, "hold"), moved("a", 2, SHADOW, TWENTY)],
            "a judge goes up while it is held",
        ),
        (
            [
                moved("a", 1, SHADOW, TWENTY),
                ordered("a", 2, TWENTY, SHADOW, "rollback"),
                moved("a", 3, SHADOW, TWENTY),
            ],
            "a judge goes up while it is latched",
        ),
        (
            [
                moved("a", 1, SHADOW, TWENTY),
                moved("a", 2, TWENTY, SHADOW),
                ordered("a", 3, SHADOW, TWENTY, "promote"),
            ],
            "it is promoted while it is latched",
        ),
        (
            [
                moved("a", 1, SHADOW, TWENTY),
                moved("a", 2, TWENTY, FORTY),
                moved("a", 3, FORTY, SIXTY),
                moved("a", 4, SIXTY, LIVE),
                ordered("a", 5, LIVE, ("complete", 0.0), "promote"),
            ],
            "it is promoted beyond live",
        ),
        ([moved("a", 1, SHADOW, FORTY)], "it skips a step"),
        ([ordered("a", 1, SHADOW, FORTY, "promote")], "it skips a step"),
        ([moved("a", 1, SHADOW, ("canary", 0.24))], "it skips a step"),
        ([moved("a", 1, SHADOW, TWENTY), moved("a", 2, TWENTY, ("legacy", 0.0))], "a judge goes down, and not to"),
        ([moved("b", 1, SHADOW, TWENTY)], "a judge leaves c of its group behind, at shadow"),
        (
            [moved("b", 1, SHADOW, TWENTY), ordered("a", 1, SHADOW, SHADOW, "hold"), moved("c", 1, SHADOW, TWENTY)],
            "a judge leaves c of its group behind, at shadow",
        ),
        (
            [moved("b", 1, SHADOW, TWENTY), moved("c", 1, SHADOW, TWENTY), moved("b", 2, TWENTY, SHADOW)],
            "a judge takes it back, and leaves c of its group at canary 20%",
        ),
        (
            [moved("a", 1, SHADOW, TWENTY), moved("d", 1, SHADOW, TWENTY), moved("e", 1, SHADOW, TWENTY)],
            "a judge puts it in motion beside a, d",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_each_violation_is_found(moves: list[Moved], words: str) -> None:
    """One was planted, and at least that one is told, with the move that it is about."""
    found = broken(*moves)

    assert any(words in each for each in found), found


def test_what_people_may_do_is_no_violation() -> None:
    """They go beyond the bound on motion, tear groups apart, and go back by steps; a judge then goes on from there."""
    by_hand = [ordered(route, 1, SHADOW, TWENTY, "promote", number) for number, route in enumerate("abde")]
    on = [moved("a", 2, TWENTY, FORTY), ordered("a", 3, FORTY, TWENTY, "rollback", 9)]

    assert broken(*by_hand, *on) == []


def test_the_bound_counts_groups_once_and_arrived_routes_not_at_all() -> None:
    """Two members in motion are one; a route at live is in motion no more."""
    group = [moved("b", 1, SHADOW, TWENTY), moved("c", 1, SHADOW, TWENTY)]
    arrived = [ordered("a", 1, SHADOW, LIVE, "promote")]

    assert [each for each in broken(*group, *arrived, moved("d", 1, SHADOW, TWENTY)) if "in motion" in each] == []


@pytest.mark.parametrize(
    ("reason", "by", "verb"),
    [
        ("rollback 17", ANN, "rollback"),
        ("with b of its group: hold 3", ANN, "hold"),
        ("its ramp begins here", "routes.yaml", ""),
        ("newest comparison is 2 old 7", JUDGE, ""),
        ("", ANN, ""),
    ],
)
def test_an_order_is_known_by_its_name(reason: str, by: str, verb: str) -> None:
    """A member's move by that of the one that was named; a judge's by none."""
    assert verb_of(replace(GOOD[0], actor=by, reason=reason)) == verb
