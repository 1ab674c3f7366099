"""Judges and operators on the same routes at once, for twenty seconds; `./run holds race` is the long one."""

from __future__ import annotations

import pytest

from holds.moving.race import NAMES, measure

pytestmark = pytest.mark.timing


async def test_no_order_is_overtaken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight operators, two judges, sixteen routes: each move keeps the rules, and each answer is what was recorded."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "set by the suite")
    finding = await measure(seconds=20.0, operators=8, rate=40.0, seed=3)
    with capsys.disabled():
        for check in finding.checks:
            print(f"\n{check.sentence}: {check.seen}")

    assert [each.sentence for each in finding.checks[:3] if not each.holds] == [], finding.notes
    made = {row[0]: row[1] for row in finding.tables[1].rows}
    assert int(made["routes.yaml"]) == len(NAMES)
    assert {"rollback", "resume", "promote", "hold"} <= made.keys()
