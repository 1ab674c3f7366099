"""What operators order and what replicas say of themselves: the values beside positions that stores take and give.

Rule 1: everything that a replica obeys has one version, which grows with each change: whoever has acknowledged a
version has obeyed every change up to it.
Rule 2: a lease names who may judge; its epoch grows with each holder, and a write under an old epoch is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.core.auth.suspension import Suspension
from proxy.core.outcome import Side
from proxy.core.position.position import Position

NEWCOMERS = "(newcomers)"
"""Stands for a cohort in a pin to legacy: every one that new has not served lately. The route drains."""
_ENDED = "(brownout "
"""How the cohort of a pin begins that stands for the end of a brown-out; its id follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A cohort that is answered by one side whatever the split says; an empty `cohort` means the whole route.

    One whose cohort is made by `ended_as` stands for the end of a brown-out.
    Pins to `new` are the list of those allowed, pins to `legacy` of those denied. `until` in unix seconds, or for ever.
    """

    route: str
    cohort: str
    side: Side
    by: str
    since: float
    until: float | None = None
    reason: str = ""


def ended_as(policy_id: str) -> str:
    """The cohort of the pin that stands for its end."""
    return f"{_ENDED}{policy_id})"


def ended_by(cohort: str) -> str:
    """The id of the brown-out whose end a pin of this cohort stands for; empty: it is a pin of a cohort."""
    return cohort.removeprefix(_ENDED).removesuffix(")") if cohort.startswith(_ENDED) else ""


def is_of_cohort(pin: Pin) -> bool:
    """Whether it pins a cohort: it is neither a drain nor the end of a brown-out."""
    return pin.cohort != NEWCOMERS and not ended_by(pin.cohort)


def brownouts_ended(pins: Iterable[Pin]) -> list[str]:
    """Ids of brown-outs that are over by order."""
    return [ended for pin in pins if (ended := ended_by(pin.cohort))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything a replica obeys, read at one moment."""

    version: int = 0
    positions: tuple[Position, ...] = ()
    pins: tuple[Pin, ...] = ()
    suspensions: tuple[Suspension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The right to judge under one name.

    `holder` is one process and no other, ever; `epoch` grows with each new holder.
    """

    name: str
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One live replica: the revision of its routes.yaml, the version of the standing that it obeys, when it said so.

    `seconds_ago` is by the store's clock: replicas need not agree on the time.
    """

    instance: str
    revision: str
    version: int
    seconds_ago: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMessage:
    """What one replica told the others: bytes that only they understand. `id` grows, though not without gaps."""

    id: int
    instance: str
    body: bytes


def is_skewed(presences: Iterable[Presence]) -> bool:
    """Whether the instances run different revisions of routes.yaml."""
    return len({presence.revision for presence in presences}) > 1
