from __future__ import annotations

import pytest

from proxy.core.stage import Stage, progress


def test_stages_are_those_of_the_contract_in_order() -> None:
    """A migration knows six stages, from legacy to retired."""
    assert [str(stage) for stage in Stage] == ["legacy", "shadow", "canary", "live", "complete", "retired"]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.LEGACY, 0.0),
        (Stage.SHADOW, 0.0),
        (Stage.CANARY, 0.25),
        (Stage.LIVE, 1.0),
        (Stage.COMPLETE, 1.0),
        (Stage.RETIRED, 1.0),
    ],
    ids=str,
)
def test_progress_counts_what_has_left_legacy(stage: Stage, expected: float) -> None:
    """Only a canary's split counts in part; before it nothing has moved, after it everything."""
    assert progress(stage, 0.25) == expected
