from __future__ import annotations

import pytest

from proxy.core.outcome import Side
from proxy.core.routing.effects import Effects
from proxy.core.routing.shadow import (
    ShadowPolicy,
    is_shadowed,
    sample_at,
    sample_of,
    shadow_side,
)
from proxy.core.stage import Stage

PLAIN = ShadowPolicy()
DRY = ShadowPolicy(dry_run=True)


def side(
    policy: ShadowPolicy | None = PLAIN,
    stage: Stage = Stage.SHADOW,
    declared: Effects | None = None,
    serve: Side | None = Side.LEGACY,
    method: bytes = b"GET",
    *,
    has_key: bool = False,
) -> Side | None:
    return shadow_side(policy, stage, declared, serve, method, has_key=has_key)


@pytest.mark.parametrize("stage", Stage)
def test_three_stages_are_shadowed(stage: Stage) -> None:
    """While both sides are there to be compared, and at no other stage."""
    assert is_shadowed(PLAIN, stage) is (stage in {Stage.SHADOW, Stage.CANARY, Stage.LIVE})
    assert not is_shadowed(None, stage)
    assert not is_shadowed(ShadowPolicy(sample=0.0), stage)


def test_the_share_goes_by_the_stage_unless_it_is_said() -> None:
    """All requests at stage shadow, a tenth where new serves; a share that is said holds everywhere."""
    stages = (Stage.SHADOW, Stage.CANARY, Stage.LIVE)

    assert [sample_at(PLAIN, stage) for stage in stages] == [1.0, 0.1, 0.1]
    assert [sample_at(ShadowPolicy(sample=0.3), stage) for stage in stages] == [0.3] * 3
    assert [sample_at(PLAIN, stage, 0.7) for stage in stages] == [1.0, 0.7, 0.1]
    assert [sample_at(ShadowPolicy(sample=0.3), stage, 0.7) for stage in stages] == [0.3] * 3


def test_the_side_that_does_not_serve_is_asked() -> None:
    """New beside legacy, legacy beside new, nobody beside Banyan itself, and nobody where nothing is said."""
    assert side(serve=Side.LEGACY) is Side.NEW
    assert side(serve=Side.NEW, stage=Stage.LIVE) is Side.LEGACY
    assert side(serve=None) is None
    assert side(None) is None
    assert side(stage=Stage.COMPLETE, serve=Side.NEW) is None


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"PURGE"])
def test_what_is_not_safe_is_never_sent_twice(method: bytes) -> None:
    """SH04: by its method, whatever key it has, unless the operator wrote a dry run; then to new alone."""
    assert side(method=method) is None
    assert side(method=method, has_key=True) is None
    assert side(DRY, method=method) is Side.NEW
    assert side(DRY, Stage.LIVE, serve=Side.NEW, method=method) is None


@pytest.mark.parametrize(
    ("declared", "expected"),
    [(Effects.SAFE, Side.NEW), (Effects.IDEMPOTENT, None), (Effects.KEYED, None), (Effects.UNSAFE, None)],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_declared_effects_outrank_the_method(declared: Effects, expected: Side | None, method: bytes) -> None:
    """A search by POST that is declared safe is shadowed; a GET that is declared to do something is not."""
    assert side(declared=declared, method=method) is expected


@pytest.mark.parametrize(
    ("split", "share"), [(0.0, 0.1), (0.005, 1.0), (0.01, 1.0), (0.05, 0.2), (0.25, 0.1), (1.0, 0.1)]
)
def test_at_a_small_split_more_of_new_s_answers_are_compared(split: float, share: float) -> None:
    """As long as legacy is asked for no more than a hundredth of the route's requests by that."""
    assert sample_of(PLAIN, Stage.CANARY, split, Side.NEW) == pytest.approx(share)
    assert sample_of(PLAIN, Stage.CANARY, split, Side.LEGACY) == 0.1
    assert sample_of(ShadowPolicy(sample=0.3), Stage.CANARY, split, Side.NEW) == 0.3
    assert sample_of(PLAIN, Stage.LIVE, split, Side.NEW) == 0.1
