"""Subjects who may not call, however good their tokens are."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.standing import InstanceView
from proxy.api.view import ActorText, ReasonText, View


class SuspensionView(View, frozen=True, kw_only=True):
    """One subject that was suspended by order."""

    subject: str
    """As tokens name it."""
    since: str
    """When it was ordered (RFC 3339)."""
    by: str = ""
    """Who ordered it."""
    reason: str = ""
    """Why."""


class SuspensionsView(View, frozen=True, kw_only=True):
    """Who is suspended."""

    suspensions: Sequence[SuspensionView]
    """By order, by subject."""
    listed: int = 0
    """How many the file of `suspend` lists."""


class SuspendBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an order."""

    subject: str
    """As tokens name it."""
    on: bool = True
    """False: it is suspended no longer."""
    reason: ReasonText = ""
    """Why; recorded with the order."""
    by: ActorText = ""
    """Who; else the address that asks."""


class SuspendedView(View, frozen=True, kw_only=True):
    """What became of an order."""

    subject: str
    """As it was said."""
    suspended: bool
    """Whether it may not call now."""
    changed: bool = True
    """False: it stood like that already."""
    listed: bool = False
    """The file of `suspend` lists it, and no order ends that."""
    done: bool = False
    """Whether every live replica obeys."""
    instances: Sequence[InstanceView] = ()
    """Live replicas, this one first."""
