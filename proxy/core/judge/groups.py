"""Routes of one group: what the judge ruled on each becomes what is done to all.

Rule 1: one rollback takes every member back whose own door allows it: a tenant is never torn apart.
Rule 2: a member is promoted only as far as every other member stands or goes in the same breath; it says for whom it
        waits, and for what that one waits.
Rule 3: nothing goes back to a legacy that is known to be down (verdict.py, rule 6): while that of one member is which
        would have to go back, all that would are held where they are. Such holds end together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxy.core.judge import stage_machine
from proxy.core.judge.policy import GuardPolicy, OnFailure
from proxy.core.judge.stage_machine import Maker
from proxy.core.judge.verdict import Action, Judgement, Ruling, Verdict
from proxy.core.position.hold import held, hold_ends
from proxy.core.position.ladder import Place, is_above
from proxy.core.position.position import Cause

_ALARMED = (Action.ROLLBACK, Action.FREEZE, Action.PAGE)


def agree(rulings: Mapping[str, Ruling], guards: Mapping[str, GuardPolicy]) -> dict[str, Ruling]:
    """The rulings on all members of one group, by route, after they were made to agree."""
    first = next((name for name, each in rulings.items() if each.action is Action.ROLLBACK), None)
    if first is not None:
        found = {name: _follow(ruling, rulings[first], first, guards[name]) for name, ruling in rulings.items()}
        down = sorted(name for name, each in found.items() if each.action is Action.ROLLBACK and each.legacy_is_down)
        return {name: _held_for_legacy(each, rulings[name], down) for name, each in found.items()} if down else found
    still = sorted(name for name, each in rulings.items() if each.position.waits and each.action is not Action.RELEASE)
    rulings = {name: _held_with(each, still) for name, each in rulings.items()}
    ends = {name: ruling.to or ruling.position.place for name, ruling in rulings.items()}
    reasons = {name: ruling.judgement.reasons[:1] for name, ruling in rulings.items()}
    return {name: _wait(ruling, ends, reasons) for name, ruling in rulings.items()}


def _follow(ruling: Ruling, leader: Ruling, name: str, guard: GuardPolicy) -> Ruling:
    """A member's rollback after another's; where it cannot go back it stays, and is not promoted."""
    if ruling.action is Action.ROLLBACK:
        return ruling
    position = ruling.position
    to = stage_machine.rollback(position, Maker.JUDGE, door=guard.door)
    may = guard.action(position.stage) is OnFailure.ROLLBACK and not guard.dry_run
    if not may or not position.stage.facts.guarded or not isinstance(to, Place):
        return _held(ruling, f"{name} of its group is rolled back")
    why = f"{name} of its group is rolled back"  # what it waited for to climb says nothing of that
    judgement = replace(ruling.judgement, verdict=Verdict.ROLLBACK, reasons=(why,), needs=())
    return replace(ruling, judgement=judgement, action=Action.ROLLBACK, to=to, cause=leader.cause)


def _held_for_legacy(back: Ruling, own: Ruling, down: Sequence[str]) -> Ruling:
    """Rule 3, for a member that would go `back`; where it is held already an alarm of its `own` is told."""
    why = f"legacy of {', '.join(down)} is known to be down: its group is held, and goes back once that legacy answers"
    if back.action is not Action.ROLLBACK:
        return _held(own, why)
    reasons = (*own.judgement.reasons[:1], why) if own.action in _ALARMED else (why, *own.judgement.reasons)
    judgement = replace(own.judgement, verdict=Verdict.HOLD, reasons=reasons)
    if not own.position.held:
        ends = hold_ends(held(own.position, Cause.LEGACY))
        judgement = replace(judgement, reasons=(*reasons, ends))
        return replace(own, judgement=judgement, action=Action.FREEZE, to=None, cause=Cause.LEGACY)
    action = Action.PAGE if own.action in _ALARMED else Action.STAY
    return replace(own, judgement=judgement, action=action, to=None)


def _held_with(ruling: Ruling, still: Sequence[str]) -> Ruling:
    """The end of the judge's own hold waits for `still`, the other members that it holds."""
    if ruling.action is not Action.RELEASE or not still:
        return ruling
    why = f"it stays on hold with {', '.join(still)} of its group"
    return replace(ruling, judgement=_said(ruling.judgement, Verdict.HOLD, why), action=Action.STAY)


def _wait(ruling: Ruling, ends: Mapping[str, Place], reasons: Mapping[str, tuple[str, ...]]) -> Ruling:
    """A promotion that would leave a member of the group behind waits for it."""
    if ruling.action is not Action.PROMOTE or ruling.to is None:
        return ruling
    behind = sorted(name for name, end in ends.items() if is_above(ruling.to, end))
    named = ", ".join(f"{name} ({'; '.join(reasons[name])})" for name in behind)
    return _held(ruling, f"it waits for {named} of its group") if behind else ruling


def _held(ruling: Ruling, reason: str) -> Ruling:
    if ruling.action is Action.PROMOTE:
        return Ruling(position=ruling.position, judgement=_said(ruling.judgement, Verdict.HOLD, reason))
    return replace(ruling, judgement=_said(ruling.judgement, ruling.judgement.verdict, reason))


def _said(judgement: Judgement, verdict: Verdict, reason: str) -> Judgement:
    return replace(judgement, verdict=verdict, reasons=(reason, *judgement.reasons))
