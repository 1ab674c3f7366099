from __future__ import annotations

import pytest

from proxy.clerk.introspection import introspection_cache
from proxy.clerk.introspection.introspection_cache import IntrospectionCache
from proxy.core.auth.introspected import Introspected


def active(claims: bytes = b"{}", until: float = 100.0) -> Introspected:
    return Introspected(active=True, claims=claims, until=until)


INACTIVE = Introspected(active=False, claims=b"", until=100.0)


def test_an_answer_is_known_until_its_end() -> None:
    """And then forgotten."""
    cache = IntrospectionCache()
    cache.put(("p", b"1"), active())
    assert cache.get(("p", b"1"), 99.0) == active()
    assert cache.get(("p", b"1"), 100.0) is None
    assert len(cache) == 0


def test_a_token_has_one_answer() -> None:
    """The last one, whichever it is."""
    cache = IntrospectionCache()
    for found in (active(), INACTIVE, active(b"[]")):
        cache.put(("p", b"1"), found)
        assert (cache.get(("p", b"1"), 1.0), len(cache)) == (found, 1)


def test_it_is_bounded_by_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that nobody has asked for the longest goes first; a flood of bad tokens takes no good one's place."""
    monkeypatch.setattr(introspection_cache, "MOST", 3)
    monkeypatch.setattr(introspection_cache, "MOST_BYTES", 10)
    cache = IntrospectionCache()
    for token in (b"1", b"2", b"3"):
        cache.put(("p", token), active())
    cache.get(("p", b"1"), 1.0)
    cache.put(("p", b"4"), active())
    assert [cache.get(("p", token), 1.0) is not None for token in (b"1", b"2", b"3", b"4")] == [True, False, True, True]

    for number in range(9):
        cache.put(("p", b"bad%d" % number), INACTIVE)
    assert len(cache) == 6
    cache.put(("p", b"5"), active(b"x" * 9))
    assert cache.get(("p", b"1"), 1.0) is None
    assert cache.get(("p", b"5"), 1.0) is not None


def test_a_policy_is_forgotten() -> None:
    """Good and bad, and no other's."""
    cache = IntrospectionCache()
    cache.put(("p", b"1"), active())
    cache.put(("p", b"2"), INACTIVE)
    cache.put(("q", b"1"), active())
    cache.forget("p")
    assert (len(cache), cache.get(("q", b"1"), 1.0)) == (1, active())
