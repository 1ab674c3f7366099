"""What clients do after a call that went without, against what they do after whole answers."""

from __future__ import annotations

from random import Random

from proxy.core.brownout.aftermath import NONE, Aftermath, NextCalls

AT = 1_800_000_000.0


def after(share: float, calls: int, *, bad_behind: float, bad_else: float, seed: int = 1) -> tuple[Aftermath, int]:
    """Call by call until the alarm; with the calls behind lean answers until then."""
    dice, known, lean = Random(seed), Aftermath(), 0
    for _ in range(calls):
        is_behind = dice.random() < share
        bad = dice.random() < (bad_behind if is_behind else bad_else)
        told = NextCalls(1, int(bad), 0)
        lean += is_behind
        known = known.plus(told if is_behind else NONE, NONE if is_behind else told, at=AT, repeats=True)
        if known.alarm:
            break
    return known, lean


def test_a_client_that_breaks_is_noticed_within_a_few_calls() -> None:
    """Each call behind a lean answer fails, and hardly any other: a handful is enough."""
    known, lean = after(0.01, 20_000, bad_behind=1.0, bad_else=0.001)
    assert known.alarm.startswith(f"calls fail behind it: {lean} of {lean} next calls, and ")
    assert lean <= 5


def test_who_fails_as_often_without_it_is_no_alarm() -> None:
    """In twenty thousand calls of which a tenth fails, whatever came before."""
    known, _ = after(0.05, 20_000, bad_behind=0.1, bad_else=0.1)
    assert (known.alarm, known.errors.alarmed_at) == ("", None)
    assert known.without.calls + known.whole.calls == 20_000


def test_who_asks_again_at_once_needs_the_field() -> None:
    """Unless it does so behind whole answers as well: whoever polls the same URL says nothing."""
    shy, poller = Aftermath(), Aftermath()
    for _ in range(20):
        shy = shy.plus(NextCalls(1, 0, 1), NextCalls(99, 0, 1), at=AT, repeats=True)
        poller = poller.plus(NextCalls(1, 0, 1), NextCalls(99, 0, 99), at=AT, repeats=True)
    assert shy.alarm.startswith("clients ask again at once behind it: ")
    assert poller.alarm == ""


def test_of_an_endpoint_that_says_come_again_a_repeat_is_no_alarm() -> None:
    """It was asked for."""
    known = Aftermath()
    for _ in range(50):
        known = known.plus(NextCalls(1, 0, 1), NextCalls(99, 0, 0), at=AT, repeats=False)
    assert (known.alarm, known.without.repeats) == ("", 50)


def test_without_anything_to_compare_there_is_no_alarm() -> None:
    """Where all calls go without, or none has yet."""
    assert Aftermath().plus(NextCalls(500, 500, 500), NONE, at=AT, repeats=True).alarm == ""
    assert Aftermath().plus(NONE, NextCalls(500, 500, 500), at=AT, repeats=True).alarm == ""
