from __future__ import annotations

from proxy.control.suspension.suspended_subjects import Suspensions
from proxy.core.auth.suspension import Suspension
from proxy.link.messages import Suspended


def suspension(subject: str) -> Suspension:
    return Suspension(subject=subject, by="ann", since=1.0)


def test_workers_hear_both_lists_as_one() -> None:
    """Whoever is in one of them, once, and only when that changes."""
    told: list[Suspended] = []
    suspensions = Suspensions(told.append)
    suspensions.order([])
    suspensions.list(frozenset({"b", "a"}))
    suspensions.order([suspension("c"), suspension("a")])
    suspensions.list(frozenset({"b"}))
    suspensions.order([])

    assert told == [Suspended(["a", "b"]), Suspended(["a", "b", "c"]), Suspended(["b"])]
