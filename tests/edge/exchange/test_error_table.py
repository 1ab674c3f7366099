"""The table of failures in docs/operations.md is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proxy.core.outcome import Blame, Failure, Phase, Repeat
from proxy.edge.exchange.rescue import status_of

TEXT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+) \| `(\w+):(\w+)` \| (\d{3}) \| (.+) \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("what", "phase", "blame", "status", "after"), ROWS)
def test_a_row_of_the_table_is_what_the_code_answers(
    what: str, phase: str, blame: str, status: str, after: str
) -> None:
    """The status of a failure of this phase and blame is the row's, as late as the row says."""
    timed_out = status in ("504", "408")
    failure = Failure(phase=Phase(phase), blame=Blame(blame), timed_out=timed_out, loops=status == "508")

    assert status_of(failure) == int(status), what
    assert after.startswith("`connect`") == (phase == "connect")


def test_every_status_that_a_failure_can_have_stands_in_the_table() -> None:
    """Whatever phase and blame, early or late: there is a row with that phase, blame and status."""
    rows = {(phase, blame, int(status)) for _, phase, blame, status, _ in ROWS}
    possible = {
        (phase.value, blame.value, status_of(Failure(phase=phase, blame=blame, timed_out=late)))
        for phase, blame in (
            (Phase.CONNECT, Blame.UPSTREAM),
            (Phase.HEAD, Blame.UPSTREAM),
            (Phase.SEND, Blame.CLIENT),
            (Phase.CONNECT, Blame.PROXY),
            (Phase.HEAD, Blame.PROXY),
        )
        for late in (False, True)
    }
    own = Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, loops=True)
    possible.add((own.phase.value, own.blame.value, status_of(own)))
    misdirected = Failure(phase=Phase.CONNECT, blame=Blame.CLIENT)
    possible.add((misdirected.phase.value, misdirected.blame.value, status_of(misdirected)))

    assert rows == possible
    assert len(ROWS) == 12


def test_every_outcome_of_a_repeat_stands_in_the_document() -> None:
    """The labels of the metric are listed."""
    assert [each.value for each in Repeat if f"`{each.value}`" not in TEXT] == []
