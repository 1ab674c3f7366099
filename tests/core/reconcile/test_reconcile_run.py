from __future__ import annotations

from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts, speaking, unfinished


def run(id_: str, started: float, ended: float | None = None, differences: int = 0, mark: str = "m") -> ReconcileRun:
    counts = RunCounts(legacy_rows=9, new_rows=9, differences=differences)
    return ReconcileRun(id=id_, check="accounts", mark=mark, started=started, ended=ended, counts=counts)


def test_the_newest_complete_run_speaks_until_a_newer_one_has_found_something() -> None:
    """One under way says nothing while it has found nothing; one that asked otherwise never speaks."""
    old, new, clean, bad = run("a", 1, 2), run("b", 3, 4), run("c", 5), run("d", 6, differences=1)

    assert speaking([old, new, clean], "m") is new
    assert speaking([old, bad, new, clean], "m") is bad
    assert speaking([clean], "m") is None
    assert speaking([old, new], "other") is None


def test_only_the_newest_run_can_be_gone_on_with() -> None:
    """If it has not ended, and asked what is asked now."""
    assert unfinished([run("a", 1), run("b", 2)], "m") == run("b", 2)
    assert unfinished([run("a", 1), run("b", 2, 3)], "m") is None
    assert unfinished([run("a", 1)], "other") is None
    assert unfinished([], "m") is None


def test_counts_add_up() -> None:
    """Each with its own."""
    one = RunCounts(legacy_rows=1, new_rows=2, differences=3, unsettled=4)

    assert one + one == RunCounts(legacy_rows=2, new_rows=4, differences=6, unsettled=8)
