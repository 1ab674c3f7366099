"""Whether the databases of both sides agree, as far as a step of a ramp needs it.

Rule 1: the newest run that is complete counts, if it asked what is asked now and is not too old; a difference in a
        newer one that is under way counts at once.
Rule 2: a difference fails the step and sends nobody back: the guard judges answers, and these are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.core.amounts import length
from proxy.core.reconcile.reconcile_check import NeededRun
from proxy.core.reconcile.reconcile_run import ReconcileRun, speaking


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """`agrees` None: there is no result that counts. `value` is what was found, `limit` what is needed.

    `hint`: what helps; the `sentence` has it as well.
    """

    agrees: bool | None
    value: str
    limit: str
    sentence: str
    hint: str = ""


def verdict_of(needed: NeededRun, runs: Sequence[ReconcileRun], now: float) -> RunVerdict:
    """How things stand with a check; `runs` are those of all checks, `now` unix seconds."""
    of_check = [run for run in runs if run.check == needed.check]
    run, hint = speaking(of_check, needed.mark), f"run `banyan reconcile {needed.check}`"
    if run is None:
        return _said(needed, "no result", f"the check {needed.check} {_why_none(of_check)}", hint)
    if run.counts.differences:
        keys = f"{run.counts.differences} keys differ"
        sentence = f"{keys} between the databases of {needed.check}"
        return _said(needed, keys, sentence, f"{hint} to see them", agrees=False)
    age = max(now - (run.ended or 0.0), 0.0)
    rows = f"{run.counts.legacy_rows} and {run.counts.new_rows} rows of {needed.check}"
    sentence = f"{rows} agreed {length(age)} ago"
    if age > needed.counts_for:
        return _said(needed, f"{length(age)} old", sentence, hint)
    return _said(needed, "0 keys differ", sentence, agrees=True)


def _why_none(runs: Sequence[ReconcileRun]) -> str:
    if any(run.ended is not None for run in runs):
        return "asked otherwise than routes.yaml does now"
    return "is not complete yet" if runs else "was not run"


def _said(needed: NeededRun, value: str, sentence: str, hint: str = "", *, agrees: bool | None = None) -> RunVerdict:
    limit = f"0 keys differ, at most {length(needed.counts_for)} old"
    whole = f"{sentence}: {hint}" if hint else sentence
    return RunVerdict(agrees=agrees, value=value, limit=limit, sentence=whole, hint=hint)
