"""Whether a route may be retired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.brownout.deprecation import DeprecationPolicy
from proxy.core.brownout.retirement import (
    DAY,
    EndpointBrownout,
    ItemState,
    RetireCase,
    RetireItem,
    RetireNeed,
    checklist,
    days,
    is_met,
)
from proxy.core.discovery.usage import CallerUsage

NOW = 1_800_000_000.0
GOOD = RetireCase(
    now=NOW,
    period=30 * DAY,
    since=NOW - 90 * DAY,
    callers=(
        CallerUsage(route="a", caller="shop", calls=9, good=9, first=NOW - 80 * DAY, last=NOW - 40 * DAY, days=3),
    ),
    brownout=EndpointBrownout(begun=NOW - 41 * DAY, found={"shop": NOW - 41 * DAY}),
    deprecation=DeprecationPolicy(since=NOW - 60 * DAY, sunset=NOW - DAY),
)


def caller(name: str, ago: float) -> CallerUsage:
    return CallerUsage(route="a", caller=name, calls=1, good=1, first=NOW - ago, last=NOW - ago, days=1)


def need(case: RetireCase, item: RetireItem) -> RetireNeed:
    return next(each for each in checklist(case) if each.item is item)


def open_items(case: RetireCase) -> list[str]:
    return [each.item.value for each in checklist(case) if each.state is ItemState.OPEN]


def test_a_route_that_nobody_misses_may_be_retired() -> None:
    """Each item is met, and says on what."""
    assert is_met(checklist(GOOD))
    assert [each.sentence for each in checklist(GOOD)] == [
        "nobody has called within 30 days, or for 40 days",
        "usage is recorded for 90 days",
        "the brown-out has run for 41 days; it met shop",
        "answers say that it is deprecated, for 60 days",
        "its sunset was 1 day ago",
    ]


def test_of_many_whom_the_brownout_met_the_last_are_named() -> None:
    """A wide route may have many thousands, and the sentence stands in the record; the API lists all of them."""
    met = {f"c{number}": NOW - number for number in range(20_000)}
    case = replace(GOOD, brownout=EndpointBrownout(begun=NOW - 41 * DAY, found=met))

    sentence = need(case, RetireItem.BROWNED_OUT).sentence
    assert sentence == "the brown-out has run for 41 days; it met c0, c1, c2 and 19,997 more"


def test_somebody_who_called_within_the_period_is_named() -> None:
    """The last ones, with the time; to the second."""
    callers = tuple(caller(name, at * DAY) for at, name in enumerate(("a", "b", "c", "d"), start=1))
    found = need(replace(GOOD, callers=callers), RetireItem.UNUSED)
    assert (found.state, found.sentence) == (
        ItemState.OPEN,
        "called within 30 days: by a (1 day ago), b (2 days ago), c (3 days ago) and 1 more",
    )
    assert open_items(replace(GOOD, callers=(caller("a", 30 * DAY),))) == []
    assert open_items(replace(GOOD, callers=(caller("a", 30 * DAY - 1),))) == ["unused"]


def test_what_is_not_recorded_is_not_called_unused() -> None:
    """A record that begins within the period says nothing of the time before it."""
    case = replace(GOOD, since=NOW - 29.5 * DAY, callers=())
    assert open_items(case) == ["recorded"]
    assert (
        need(case, RetireItem.RECORDED).sentence == "usage is recorded for 29 days: of the time before it says nothing"
    )
    assert need(case, RetireItem.UNUSED).sentence.endswith("or at all since the record begins")


@pytest.mark.parametrize(
    ("brownout", "sentence"),
    [
        (None, "no brown-out of the endpoint stands in routes.yaml"),
        (EndpointBrownout(begun=None), "the brown-out has run for less than a second of 30 days"),
        (EndpointBrownout(begun=NOW - 29 * DAY), "the brown-out has run for 29 days of 30 days: who comes seldom"),
        (EndpointBrownout(begun=NOW - 40 * DAY, ended=NOW - 20 * DAY), "the brown-out has run for 20 days of 30 days"),
        (
            EndpointBrownout(begun=NOW - 40 * DAY, ended=NOW - DAY, why="calls fail behind it"),
            "the brown-out was ended after 39 days: calls fail behind it",
        ),
        (EndpointBrownout(begun=NOW - 40 * DAY, limited=True), "the brown-out is of some clients alone"),
    ],
)
def test_a_brown_out_that_did_not_meet_everybody_is_open(brownout: EndpointBrownout | None, sentence: str) -> None:
    """None, too short, of some alone, or ended by something."""
    case = replace(GOOD, brownout=brownout)
    assert open_items(case) == ["browned_out"]
    assert need(case, RetireItem.BROWNED_OUT).sentence.startswith(sentence)


def test_one_that_ended_at_its_time_is_as_good_as_one_that_runs() -> None:
    """If it was long enough; that it met nobody is what one hopes for."""
    case = replace(GOOD, brownout=EndpointBrownout(begun=NOW - 60 * DAY, ended=NOW - 29 * DAY))
    assert need(case, RetireItem.BROWNED_OUT).sentence == "the brown-out has run for 31 days; it met nobody"
    assert is_met(checklist(case))


@pytest.mark.parametrize(
    ("said", "items"),
    [
        (None, ["deprecated", "sunset"]),
        (DeprecationPolicy(since=NOW - DAY), ["sunset"]),
        (DeprecationPolicy(since=NOW + DAY, sunset=NOW + 2 * DAY), ["deprecated", "sunset"]),
        (DeprecationPolicy(since=NOW - DAY, sunset=NOW + 2 * DAY), ["sunset"]),
    ],
)
def test_clients_have_to_be_told_before(said: DeprecationPolicy | None, items: list[str]) -> None:
    """Since when, and until when; both over."""
    assert open_items(replace(GOOD, deprecation=said)) == items


def test_what_is_skipped_need_not_be_met() -> None:
    """But for what it is all about: that nobody calls, and that this is known."""
    bare = RetireCase(
        now=NOW, period=30 * DAY, since=NOW - DAY, callers=(caller("a", 60.0),), skipped=frozenset(RetireItem)
    )
    assert open_items(bare) == ["unused", "recorded"]
    skipped = replace(GOOD, brownout=None, deprecation=None, skipped=frozenset(RetireItem))
    assert is_met(checklist(skipped))
    assert [each.state.value for each in checklist(skipped)] == ["met", "met", "skipped", "skipped", "skipped"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.9, "less than a second"),
        (59.0, "59 seconds"),
        (60.0, "1 minute"),
        (7200.0, "2 hours"),
        (DAY, "1 day"),
        (30 * DAY + 5, "30 days"),
    ],
)
def test_lengths_are_said_roughly(seconds: float, said: str) -> None:
    """As people ask for them."""
    assert days(seconds) == said
