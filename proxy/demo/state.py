"""Where the demo's Banyan keeps its state: in a PostgreSQL of its own when one can be had here, else in memory."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.store.embedded.binaries import NoPostgres, binaries_for
from proxy.store.embedded.privilege import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoState:
    """What `state:` says in routes.yaml, and why, as the story tells it."""

    mode: str
    sentence: str


def choose_state() -> DemoState:
    """Embedded, unless PostgreSQL is not installed or could not enter the demo's folder."""
    try:
        major, who = binaries_for(None).major, identity()
    except NoPostgres as error:
        return DemoState(mode="memory", sentence=f"State is kept in memory: {error}.")
    if who.user is not None:
        return DemoState(
            mode="memory",
            sentence="State is kept in memory: without user namespaces PostgreSQL would run as nobody, "
            "who may not enter this folder.",
        )
    return DemoState(mode="embedded", sentence=f"State is kept in a PostgreSQL {major} of its own, beside that file.")
