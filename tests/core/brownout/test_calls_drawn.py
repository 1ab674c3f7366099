"""Which calls of a client go without."""

from __future__ import annotations

from itertools import pairwise

import pytest

from proxy.core.brownout.calls_drawn import SPARSE, is_drawn

SALT = 7


def drawn(share: float, calls: int, client: str = "shop", salt: int = SALT) -> list[int]:
    return [call for call in range(calls) if is_drawn(salt, client, call, share)]


@pytest.mark.parametrize("share", [0.01, 0.03, 0.25, 0.3333, 0.5, 0.97])
def test_a_client_goes_without_at_its_share_and_no_more(share: float) -> None:
    """Of ten thousand calls as many as the share says: give or take one up to a quarter, then as draws do."""
    assert len(drawn(share, 10_000)) == pytest.approx(share * 10_000, abs=1 if share <= SPARSE else 150)


def test_who_calls_once_is_met() -> None:
    """The first call of each client goes without, whatever the share: nobody who comes once a month is missed."""
    assert all(is_drawn(SALT, client, 0, 0.0001) for client in ("a", "b", "c"))


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.1, 0.25])
def test_who_tries_again_gets_the_answer(share: float) -> None:
    """Up to a quarter, never two calls in a row go without."""
    found = drawn(share, 20_000)
    assert min((after - before for before, after in pairwise(found)), default=2) >= 2


def test_no_rhythm_of_calls_is_kept_out() -> None:
    """A client that asks ten things in turn goes without each of them in time."""
    assert {call % 10 for call in drawn(0.1, 10_000)} == set(range(10))


def test_clients_and_routes_are_drawn_apart() -> None:
    """And the same one alike, everywhere."""
    assert drawn(0.1, 500) == drawn(0.1, 500)
    assert drawn(0.1, 500) != drawn(0.1, 500, client="billing")
    assert drawn(0.1, 500) != drawn(0.1, 500, salt=8)


def test_all_and_none() -> None:
    """At the ends of the range."""
    assert drawn(1.0, 50) == list(range(50))
    assert drawn(0.0, 50) == []
