from __future__ import annotations

from dataclasses import replace

from proxy.core.judge.policy import GuardPolicy, Ramp
from proxy.core.judge.promotion import PromotionDecision, decide_promotion
from proxy.core.judge.ramp import Measures
from proxy.core.position.ladder import Place
from tests.core.judge.cases import FIVE, GOOD, NOW, ONE, RAMP, standing

DOOR = GuardPolicy().door


def decided(
    ramp: Ramp | None = RAMP, measures: Measures = GOOD, *, place: Place = ONE, held: bool = False, forbidden: str = ""
) -> PromotionDecision:
    sentences = [forbidden] if forbidden else []
    return decide_promotion(ramp, standing(place, held=held), measures, NOW, door=DOOR, forbidden=sentences)


def test_it_goes_one_rung_with_all_that_is_met() -> None:
    """Where every check is met the next step of the ramp is taken, and each check is a reason."""
    found = decided()

    assert found.to == FIVE
    assert found.reasons


def test_it_stays_and_says_all_that_it_waits_for() -> None:
    """No ramp, a hold, missing evidence, and what others forbid each keep it, in a sentence of their own."""
    waiting = decided(measures=replace(GOOD, compared=0), forbidden="window night is on")

    assert [decided(None).to, decided(held=True).to, waiting.to] == [None, None, None]
    assert decided(None).reasons == ("no ramp is declared: it goes as far as routes.yaml says",)
    assert len(waiting.reasons) > 1
    assert waiting.reasons[-1] == "window night is on"


def test_a_dry_run_says_where_it_would_go() -> None:
    """Nothing is done, and the sentence names the place."""
    found = decided(replace(RAMP, dry_run=True))

    assert found.to is None
    assert found.reasons[0] == f"dry run: without it this would be a promotion to {FIVE}"
