"""Reconciliations: how far runs have come, and what they found."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import View


class ReconcileRunBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run has come to, as the command that makes it says."""

    id: str
    """Of the run; what was said of it before is replaced, unless it had ended."""
    mark: str
    """Stands for what the check asks (12 hex digits)."""
    started: float
    """When it began (unix seconds)."""
    ended: float | None = None
    """When it was complete (unix seconds); null: not yet."""
    position: Sequence[str] = ()
    """The key up to which all is settled; empty: none yet."""
    legacy_rows: int = 0
    """Rows of legacy that were read."""
    new_rows: int = 0
    """Rows of new that were read."""
    differences: int = 0
    """Keys that differ."""
    unsettled: int = 0
    """Keys that were written between two looks, so that nobody knows."""
    actor: str = ""
    """Who runs it; else the address that asks."""


class ReconcileRunView(View, frozen=True, kw_only=True):
    """A run of a check."""

    id: str
    """Its id."""
    check: str
    """The check's name, as in `reconcile` of routes.yaml."""
    mark: str
    """Stands for what the check asked (12 hex digits): a result counts while it asks the same."""
    started: float
    """When it began (unix seconds)."""
    ended: float | None
    """When it was complete (unix seconds); null: it is not."""
    position: Sequence[str] = ()
    """The key up to which all is settled; `--resume` goes on there."""
    legacy_rows: int = 0
    """Rows of legacy that were read."""
    new_rows: int = 0
    """Rows of new that were read."""
    differences: int = 0
    """Keys that differ."""
    unsettled: int = 0
    """Keys that were written between two looks, so that nobody knows."""
    actor: str = ""
    """Who ran it."""


class ReconcileRunsView(View, frozen=True, kw_only=True):
    """What was reconciled."""

    runs: Sequence[ReconcileRunView] = ()
    """The newest 20 of each check, newest first."""
