"""The JSON of epochs: into what a route's evidence is divided, and why each of them began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from proxy.core.evidence.records import Epoch
from proxy.log import stamp


class EpochView(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that the evidence is about; empty where a side does not say its own. Times in RFC 3339.

    `counts`: it is the present one. `seen`: when it was last met. `why` it began.
    """

    number: int
    legacy_version: str
    new_version: str
    began: str
    seen: str = ""
    counts: bool = True
    why: str = ""


def epoch_view(epoch: Epoch, before: Epoch | None = None, *, counts: bool = True) -> EpochView:
    """One; `before` is the one that began before it."""
    return EpochView(
        number=epoch.number,
        legacy_version=epoch.legacy_version,
        new_version=epoch.new_version,
        began=_at(epoch.began),
        seen=_at(epoch.seen),
        counts=counts,
        why=_why(epoch, before),
    )


def epoch_views(epochs: Sequence[Epoch]) -> list[EpochView]:
    """All of a route's, the present one first."""
    known = {each.number: each for each in epochs}
    return [epoch_view(each, known.get(each.number - 1), counts=each is epochs[0]) for each in epochs]


def _why(epoch: Epoch, before: Epoch | None) -> str:
    if epoch.why:
        return epoch.why
    if before is None:
        return "first compared"
    if epoch.addresses != before.addresses:
        return "an upstream was edited"
    sides = [
        f"{side} {one or 'without a version'} → {other or 'without a version'}"
        for side, one, other in (
            ("legacy", before.legacy_version, epoch.legacy_version),
            ("new", before.new_version, epoch.new_version),
        )
        if one != other
    ]
    return ", ".join(sides)


def _at(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))
