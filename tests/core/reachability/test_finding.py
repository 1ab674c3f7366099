from __future__ import annotations

from proxy.core.reachability.finding import (
    End,
    ProbeRow,
    RowOutcome,
    TargetFindings,
    TargetKind,
    failed,
    fine,
    warned,
    worst,
)


def test_a_target_is_as_its_worst_row() -> None:
    """One row that fails outweighs every warning; no row at all is fine."""
    good = fine(ProbeRow.NAME, "10.0.0.1", 2.0)
    warning = warned(ProbeRow.TLS, "ends soon", End.THERE, "renew it")
    bad = failed(ProbeRow.CONNECT, "refused", End.THERE, "start it")

    found = [
        TargetFindings(kind=TargetKind.UPSTREAM, name="new", where="http://new", findings=rows).outcome
        for rows in ((good,), (good, warning), (warning, bad, good))
    ]

    assert found == [RowOutcome.FINE, RowOutcome.WARNING, RowOutcome.FAILED]
    assert worst([]) is RowOutcome.FINE


def test_what_is_not_fine_says_who_has_to_change_what() -> None:
    """Both the end and the cure are there, and of a good row neither."""
    rows = (warned(ProbeRow.TLS, "ends soon", End.THERE, "renew it"), failed(ProbeRow.NAME, "gone", End.HERE, "add it"))

    assert [(row.change, row.cure) for row in rows] == [(End.THERE, "renew it"), (End.HERE, "add it")]
    assert (fine(ProbeRow.NAME, "x").change, fine(ProbeRow.NAME, "x").cure) == (None, "")
