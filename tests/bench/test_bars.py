"""Verdicts."""

from __future__ import annotations

import pytest

from bench.bars import BARS, Bar, BarId, Measure, judge


def test_every_bar_stands_once() -> None:
    """Each name has one bar, and each bar a name."""
    assert sorted(bar.id for bar in BARS) == sorted(BarId)


@pytest.mark.parametrize(("at_least", "value", "met"), [
    (True, 0.65, True), (True, 0.64, False), (False, 0.65, True), (False, 0.66, False),
])  # fmt: skip
def test_a_bar_is_met_at_its_limit(at_least: bool, value: float, met: bool) -> None:  # noqa: FBT001
    """The limit itself is enough, in both directions."""
    bar = Bar(id=BarId.RATE_NGINX, sentence="", limit=0.65, at_least=at_least)
    assert bar.met(value) is met


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    """A bar without a measure has no verdict."""
    verdicts = judge([Measure(bar=BarId.RATE_NGINX, value=0.9)])
    assert [verdict.met for verdict in verdicts if verdict.bar.id is BarId.RATE_NGINX] == [True]
    assert {verdict.met for verdict in verdicts if verdict.bar.id is not BarId.RATE_NGINX} == {None}


def test_the_worse_of_two_measures_counts() -> None:
    """A bar that was measured twice is judged by its worse value, whichever direction is worse."""
    twice = [Measure(bar=bar, value=value) for bar in (BarId.RATE_NGINX, BarId.CPU_NGINX) for value in (0.7, 0.6)]
    found = {verdict.bar.id: verdict.value for verdict in judge(twice)}
    assert found[BarId.RATE_NGINX] == 0.6
    assert found[BarId.CPU_NGINX] == 0.7
