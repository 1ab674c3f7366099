from __future__ import annotations

from proxy.core.judge.need import Check, CheckState
from proxy.core.judge.policy import NeedName


def test_a_need_is_a_clause_with_its_value_and_limit() -> None:
    """Its name in words, what was found, and what is needed."""
    check = Check(
        need=NeedName.MISMATCH_RATE,
        state=CheckState.OPEN,
        value="below 1.48 %",
        limit="below 1 %",
        sentence="mismatches are proved to be below 1.48 % only; 1 % is needed",
    )

    assert check.clause == "mismatch rate below 1.48 %, needs below 1 %"
