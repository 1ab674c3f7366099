"""What control asks of the stores: the shapes of it. `proxy.store` has them; the two are brought together in `app/`.

Every method but `subscribe` may raise `proxy.core.store_errors.StoreUnavailable`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from proxy.core.evidence.records import GuardState
from proxy.core.judge.ramp import Measures
from proxy.core.position.position import Move, Position, Transition
from proxy.core.position.standing import InstanceMessage, Lead, Pin, Presence, Standing


class Positions(Protocol):
    """What all replicas obey; see `proxy.store.positions` for what each method means."""

    async def standing(self) -> Standing: ...  # noqa: D102 - said there

    async def compare_and_set(  # noqa: D102
        self, position: Position, expected_version: int, transition: Transition, lead: Lead | None = None
    ) -> bool: ...

    async def compare_and_set_all(  # noqa: D102
        self, moves: Sequence[Move], lead: Lead | None = None, standing: int | None = None
    ) -> bool: ...

    async def transitions(self, route: str | None, limit: int) -> tuple[Transition, ...]: ...  # noqa: D102

    async def set_pin(self, pin: Pin, standing: int | None = None) -> bool: ...  # noqa: D102

    async def drop_pin(self, route: str, cohort: str, standing: int | None = None) -> bool: ...  # noqa: D102

    async def try_lead(self, name: str, holder: str, seconds: float) -> int | None: ...  # noqa: D102

    async def renew(self, lead: Lead, seconds: float) -> bool: ...  # noqa: D102

    async def resign(self, lead: Lead) -> None: ...  # noqa: D102

    async def announce(self, presence: Presence) -> None: ...  # noqa: D102

    async def leave(self, instance: str) -> None: ...  # noqa: D102

    async def presences(self, within: float) -> tuple[Presence, ...]: ...  # noqa: D102

    async def tell(self, instance: str, body: bytes) -> None: ...  # noqa: D102

    async def heard(self, after: int, instance: str) -> tuple[InstanceMessage, ...]: ...  # noqa: D102

    def subscribe(self, every: float) -> AsyncIterator[int]: ...  # noqa: D102


class Guards(Protocol):
    """Where the guards' numbers outlive this process."""

    async def guards(self) -> tuple[GuardState, ...]: ...  # noqa: D102

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool: ...  # noqa: D102


class Evidence(Protocol):
    """What is known of the comparisons of a route."""

    def measures(self, route: str, position: Position) -> Measures: ...  # noqa: D102

    def epoch_number(self, route: str) -> int: ...  # noqa: D102
