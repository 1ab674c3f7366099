"""Whether the databases of both sides agree, as far as a step needs it.

Rule 1: the newest run that is complete counts, if it asked what is asked now and is not too old; a difference in a
        newer one that is under way counts at once.
Rule 2: a difference fails the step and sends nobody back: the guard judges answers, and these are rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from proxy.core.amounts import length
from proxy.core.judge.need import Check, CheckState
from proxy.core.judge.policy import NeedName
from proxy.core.reconcile.reconcile_check import NeededRun
from proxy.core.reconcile.reconcile_run import ReconcileRun, speaking


def reconciled(needed: Iterable[NeededRun], runs: Sequence[ReconcileRun], now: float) -> Iterator[Check]:
    """One need for each check; `runs` are those of all checks, `now` unix seconds."""
    for each in needed:
        of_check = [run for run in runs if run.check == each.check]
        yield _stands(each, speaking(of_check, each.mark), of_check, now)


def _stands(needed: NeededRun, run: ReconcileRun | None, runs: Sequence[ReconcileRun], now: float) -> Check:
    hint = f"run `banyan reconcile {needed.check}`"
    if run is None:
        other = any(each.ended is not None for each in runs)
        why = "asked otherwise than routes.yaml does now" if other else "is not complete yet" if runs else "was not run"
        return _check(needed, CheckState.OPEN, "no result", f"the check {needed.check} {why}", hint)
    if run.counts.differences:
        keys = f"{run.counts.differences} keys differ"
        hint = f"{hint} to see them"
        return _check(needed, CheckState.FAILED, keys, f"{keys} between the databases of {needed.check}", hint)
    age = max(now - (run.ended or 0.0), 0.0)
    rows = f"{run.counts.legacy_rows} and {run.counts.new_rows} rows of {needed.check}"
    sentence = f"{rows} agreed {length(age)} ago"
    if age > needed.counts_for:
        return _check(needed, CheckState.OPEN, f"{length(age)} old", sentence, hint)
    return _check(needed, CheckState.MET, "0 keys differ", sentence, "")


def _check(needed: NeededRun, state: CheckState, value: str, sentence: str, hint: str) -> Check:
    limit = f"0 keys differ, at most {length(needed.counts_for)} old"
    said = f"{sentence}: {hint}" if hint else sentence
    return Check(need=NeedName.RECONCILED, state=state, value=value, limit=limit, sentence=said, hint=hint)
