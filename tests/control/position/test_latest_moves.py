"""Who moved a route last."""

from __future__ import annotations

from proxy.control.position.latest_moves import latest_move, move_sentence
from proxy.core.position.position import Cause, Transition
from proxy.core.position.record import BEGUN
from proxy.core.stage import Stage


def made(split: float, *, numbers: tuple[tuple[str, float], ...] = (), actor: str = "ann") -> Transition:
    return Transition(
        route="a",
        version=2,
        from_stage=Stage.CANARY,
        from_split=0.05,
        to_stage=Stage.CANARY,
        to_split=split,
        cause=Cause.OPERATOR,
        actor=actor,
        at=1.0,
        numbers=numbers,
        reason="",
    )


def test_an_epoch_moves_nothing() -> None:
    """Whoever looked before it has seen the place that stands: the move before it is the latest."""
    assert latest_move([made(0.05, numbers=((BEGUN, 1.0),)), made(0.5)]) == made(0.5)
    assert latest_move([made(0.05, numbers=((BEGUN, 1.0),))]) is None


def test_a_move_is_said_in_one_line() -> None:
    """What it was, by whom, from where to where; of a hold where; nothing that a terminal would act on."""
    assert move_sentence(made(0.5)) == "promote by ann, canary 5% → canary 50%"
    assert move_sentence(made(0.05, actor="a\nb")) == "hold by a\\nb, at canary 5%"
