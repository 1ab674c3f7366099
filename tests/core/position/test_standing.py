from __future__ import annotations

from proxy.core.position.standing import Presence, is_skewed, laggards

_OLD = Presence(instance="a", revision="r1", version=6)
_NEW = Presence(instance="b", revision="r1", version=7)


def test_a_rollback_is_done_when_nobody_lags() -> None:
    """Every live instance must obey the version; later versions include it, and without instances nobody lags."""
    assert laggards((_OLD, _NEW), 7) == ("a",)
    assert laggards((_OLD, _NEW), 6) == ()
    assert laggards((), 1) == ()


def test_replicas_of_different_revisions_are_skewed() -> None:
    """One revision is none too many, two are."""
    assert not is_skewed(())
    assert not is_skewed((_OLD, _NEW))
    assert is_skewed((_OLD, Presence(instance="c", revision="r2", version=6)))
