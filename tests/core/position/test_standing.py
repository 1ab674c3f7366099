from __future__ import annotations

from proxy.core.position.standing import Presence, is_skewed

_OLD = Presence(instance="a", revision="r1", version=6)
_NEW = Presence(instance="b", revision="r1", version=7)


def test_replicas_of_different_revisions_are_skewed() -> None:
    """One revision is none too many, two are."""
    assert not is_skewed(())
    assert not is_skewed((_OLD, _NEW))
    assert is_skewed((_OLD, Presence(instance="c", revision="r2", version=6)))
