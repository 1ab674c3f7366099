"""The decision to promote a route where nothing is wrong: one rung, once all that its ramp needs is met.

Rule 1: without a ramp nobody but an operator or the file promotes.
Rule 2: a check that is open or failed, a window that is on, another route or an order: each makes it wait, and is said.
Rule 3: with `dry_run` the reasons say what would have been done, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.core.judge import stage_machine
from proxy.core.judge.need import Check, CheckState
from proxy.core.judge.policy import Ramp
from proxy.core.judge.ramp import Measures, checks
from proxy.core.judge.stage_machine import Maker, MoveRefusal
from proxy.core.position.ladder import Place
from proxy.core.position.position import Position
from proxy.core.stage import Stage


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """`to`: where it goes; None: it stays. `reasons`: what is met, or all it waits for; `needs`: as each stands."""

    reasons: tuple[str, ...]
    needs: tuple[Check, ...] = ()
    to: Place | None = None


def decide_promotion(
    ramp: Ramp | None, position: Position, measures: Measures, now: float, *, door: Stage, forbidden: Sequence[str]
) -> PromotionDecision:
    """`now` in unix seconds; `forbidden`: sentences of what windows, other routes and orders forbid."""
    if ramp is None:
        return PromotionDecision(("no ramp is declared: it goes as far as routes.yaml says",))
    to = stage_machine.promotion(position, ramp.steps, Maker.JUDGE, door=door)
    if isinstance(to, MoveRefusal):
        return PromotionDecision((to.sentence,))
    found = checks(ramp, position, to, measures, now)
    waits = [check.sentence for check in found if check.state is not CheckState.MET]
    waits += forbidden
    if waits:
        return PromotionDecision(tuple(waits), found)
    met = tuple(check.sentence for check in found)
    if ramp.dry_run:
        return PromotionDecision((f"dry run: without it this would be a promotion to {to}", *met), found)
    return PromotionDecision(met, found, to)
