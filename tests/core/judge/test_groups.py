from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.judge.groups import agree
from proxy.core.judge.policy import GuardPolicy, OnFailure
from proxy.core.judge.ramp import Measures
from proxy.core.judge.verdict import Action, Case, Ruling, Verdict, judge
from proxy.core.position.ladder import COMPLETE, SHADOW, Place
from proxy.core.position.position import Cause
from proxy.core.stage import Stage
from tests.core.judge.cases import ALARM, ONE, QUARTER, case

OWN_HOLD_ENDS = "the hold ends by itself when new answers well again, and with `banyan resume orders`"


def agreed(**cases: Case) -> dict[str, Ruling]:
    return agree(
        {name: judge(each) for name, each in cases.items()},
        {name: each.guard for name, each in cases.items()},
    )


def test_one_rollback_takes_the_group_back() -> None:
    """A member with the best evidence goes back, too, and says whom it follows, and nothing of why it would climb."""
    found = agreed(show=case(processes=(ALARM,)), list=case())

    assert [each.action for each in found.values()] == [Action.ROLLBACK, Action.ROLLBACK]
    assert found["list"].to == SHADOW
    assert found["list"].cause is Cause.GUARD
    assert found["list"].judgement.verdict is Verdict.ROLLBACK
    assert found["list"].judgement.reasons == ("show of its group is rolled back",)


def test_a_member_that_may_not_go_back_stays_and_waits() -> None:
    """Past its door, on freeze, on dry run, at shadow or rolled back already: it does not move, in no direction."""
    frozen = GuardPolicy(on_failure=((Stage.CANARY, OnFailure.FREEZE),))
    members: dict[str, Case] = {
        "done": case(COMPLETE),
        "frozen": case(guard=frozen),
        "dry": case(guard=GuardPolicy(dry_run=True)),
        "shadow": case(SHADOW),
        "back": case(SHADOW, latched=True),
    }

    found = agreed(show=case(processes=(ALARM,)), **members)

    assert found.pop("show").action is Action.ROLLBACK
    assert {each.action for each in found.values()} == {Action.STAY}
    assert all(each.judgement.reasons[0] == "show of its group is rolled back" for each in found.values())


def test_a_member_that_was_stepped_back_goes_all_the_way_with_the_others() -> None:
    """Its latch is no reason to leave a tenant torn apart; and its own alarm takes the others along."""
    stepped = case(ONE, latched=True)

    led = agreed(show=case(processes=(ALARM,)), back=stepped)
    leads = agreed(show=case(), back=replace(stepped, processes=(ALARM,)))

    assert [(each.action, each.to) for each in (led["back"], leads["show"], leads["back"])] == [
        (Action.ROLLBACK, SHADOW)
    ] * 3


def test_a_door_of_its_own_keeps_a_member_where_it_is() -> None:
    """A frozen alarm of the member itself stays a freeze beside the other's rollback."""
    done = case(Place(Stage.LIVE), processes=(ALARM,), guard=GuardPolicy(door=Stage.LIVE))

    found = agreed(show=case(processes=(ALARM,)), done=done)

    assert found["done"].action is Action.FREEZE


@pytest.mark.parametrize("held", [False, True])
def test_no_member_goes_back_to_a_legacy_that_is_down(*, held: bool) -> None:
    """A group moves together: all that would go are held, whosever legacy it is; of held ones the ill one is told."""
    members = {"ill": case(processes=(ALARM,), held=held), "well": case(legacy_is_down=True, held=held)}
    found = agreed(**members, done=case(COMPLETE))
    why = "legacy of well is known to be down: its group is held, and goes back once that legacy answers"

    assert [each.action for each in found.values()] == [
        Action.PAGE if held else Action.FREEZE,
        Action.STAY if held else Action.FREEZE,
        Action.STAY,
    ]
    assert {each.to for each in found.values()} == {None}
    assert [each.judgement.reasons.index(why) for each in found.values()] == [1, 0, 0]
    assert {each.judgement.verdict for each in found.values()} == {Verdict.HOLD}
    assert held or {found[name].cause for name in members} == {Cause.LEGACY}
    assert held or {found[name].judgement.reasons[-1] for name in members} == {OWN_HOLD_ENDS}


def test_a_member_with_an_alarm_and_a_legacy_that_is_down_keeps_the_others() -> None:
    """Its own hold is not turned into a rollback by another's alarm; where the member stays anyway it keeps nobody."""
    failing = case(processes=(ALARM,), legacy_is_down=True)
    stays = agreed(show=case(processes=(ALARM,)), done=case(COMPLETE, legacy_is_down=True))

    assert {each.action for each in agreed(show=case(processes=(ALARM,)), list=failing).values()} == {Action.FREEZE}
    assert stays["show"].action is Action.ROLLBACK


def test_the_judges_holds_of_a_group_end_together() -> None:
    """One that has recovered waits for those that have not; a hold of a person is none of them."""
    waits = replace(case(held=True).position, cause=Cause.LEGACY)
    well, ill = replace(case(recovered="new is well"), position=waits), replace(case(), position=waits)

    apart = agreed(show=well, list=ill)

    assert (apart["show"].action, apart["show"].judgement.verdict) == (Action.STAY, Verdict.HOLD)
    assert apart["show"].judgement.reasons[0] == "it stays on hold with list of its group"
    assert {each.action for each in agreed(show=well, list=well).values()} == {Action.RELEASE}
    assert agreed(show=well, list=case(held=True))["show"].action is Action.RELEASE


def test_a_member_waits_for_those_behind() -> None:
    """Nobody goes above a member that stays below; who is behind may catch up."""
    waiting = replace(case(ONE), measures=Measures())

    together = agreed(show=case(), list=case())
    apart = agreed(show=case(), list=waiting)
    behind = agreed(show=waiting, list=case(SHADOW))

    assert [each.to for each in together.values()] == [QUARTER, QUARTER]
    assert apart["show"].action is Action.STAY
    assert apart["show"].judgement.verdict is Verdict.HOLD
    assert apart["show"].judgement.reasons[0] == "it waits for list (0 of 1000 comparisons at this step) of its group"
    assert apart["list"] == judge(waiting)
    assert behind["list"].to == ONE


def test_the_group_of_one_is_unmoved() -> None:
    """A route without others is judged alone."""
    assert agreed(show=case()) == {"show": judge(case())}
