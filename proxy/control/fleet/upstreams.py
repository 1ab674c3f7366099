"""How the workers find the upstreams, as one state of each: the worst that any worker has."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.control.traffic.ledger import WorkerState
from proxy.link.messages import UpstreamState

BREAKER_WORDS = ("closed", "half_open", "open")
"""By the number that workers report."""


def worst(workers: Iterable[WorkerState]) -> dict[str, UpstreamState]:
    """By upstream name, in the order in which workers name them."""
    found: dict[str, UpstreamState] = {}
    for worker in workers:
        for state in worker.upstreams:
            before = found.get(state.upstream, state)
            found[state.upstream] = UpstreamState(
                state.upstream,
                max(before.breaker, state.breaker),
                max(before.addresses, state.addresses),
                max(before.ejected, state.ejected),
                before.alone if state is before else tuple(dict.fromkeys((*before.alone, *state.alone))),
            )
    return found
