"""So many requests at once, refilled evenly, by key."""

from __future__ import annotations

import pytest

from proxy.core.limits.rate import Meter, network_of


def test_as_many_as_said_pass_at_once_and_the_next_waits_for_one_share() -> None:
    """Five a second: five now, the sixth in a fifth of a second, and not before."""
    meter = Meter(5, 1.0)

    assert [meter.take(b"a", 100.0) for _ in range(5)] == [0.0] * 5
    assert meter.take(b"a", 100.0) == pytest.approx(0.2)
    assert meter.take(b"a", 100.1) == pytest.approx(0.1)
    assert meter.take(b"a", 100.2001) == 0.0
    assert meter.take(b"a", 100.2001) > 0.0


def test_a_refused_request_costs_nothing() -> None:
    """Whoever keeps asking waits no longer than whoever asks once."""
    meter = Meter(1, 60.0)
    meter.take(b"a", 0.0)

    assert [meter.take(b"a", 30.0) for _ in range(100)] == [30.0] * 100
    assert meter.take(b"a", 60.0) == 0.0


def test_keys_are_apart() -> None:
    """One client's requests are not another's."""
    meter = Meter(1, 1.0)

    assert (meter.take(b"a", 5.0), meter.take(b"b", 5.0)) == (0.0, 0.0)


def test_the_table_is_bounded_and_forgets_who_was_quiet_longest() -> None:
    """A hundred thousand clients leave as many keys as allowed; one that keeps coming is never forgotten."""
    meter = Meter(1, 1e9, most=100)
    meter.take(b"loud", 0.0)
    for number in range(100_000):
        meter.take(b"%d" % number, 1.0)
        assert meter.take(b"loud", 1.0) > 0.0

    assert len(meter) == 100


def test_who_asks_how_long_to_wait_takes_nothing() -> None:
    """It is told what the next request would be."""
    meter = Meter(1, 60.0)

    assert [meter.wait(b"a", 0.0) for _ in range(3)] == [0.0] * 3
    assert meter.take(b"a", 0.0) == 0.0
    assert meter.wait(b"a", 30.0) == meter.take(b"a", 30.0) == 30.0


def test_a_client_is_its_network() -> None:
    """Who has one address of IPv6 has all that begin with the same 64 bits; of IPv4 each is somebody's own."""
    mine, another = network_of(b"2001:db8:0:1::1"), network_of(b"2001:db8:0:2::1")
    assert mine == network_of(b"2001:db8:0:1:ffff:ffff:ffff:ffff") == network_of(b"2001:db8:0:1::1%eth0") != another
    assert [network_of(each) for each in (b"192.0.2.1", b"no:address", b"")] == [b"192.0.2.1", b"no:address", b""]
