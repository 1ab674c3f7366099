from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.via import MOST, entry_of, line_of, passed_of, was_shadowed, why_refused

OWN = entry_of(7, "orders")
OTHERS = tuple(entry_of(number, "orders") for number in range(100, 100 + MOST))


def sent(line: bytes) -> bytes:
    """What stands in the field."""
    return line.removeprefix(b"X-Banyan-Via: ").removesuffix(b"\r\n")


def test_an_entry_stands_for_instance_and_route() -> None:
    """The same two make the same 16 hex digits everywhere; another of either makes others."""
    assert OWN == b"1a7a1890dc11286e"
    assert len({OWN, entry_of(8, "orders"), entry_of(7, "order"), entry_of(0, "orders")}) == 4
    assert len(entry_of(2**64 - 1, "ü")) == 16


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.text(max_size=9), st.booleans()), max_size=MOST - 1))
def test_what_is_written_is_read(hops: list[tuple[int, str, bool]]) -> None:
    """Hop by hop, the field grows by one entry, which says whether the request was shadowed there."""
    passed: tuple[bytes, ...] = ()
    for number, (instance, route, shadowed) in enumerate(hops, 1):
        entry = entry_of(instance, route)
        passed = passed_of([sent(line_of(entry, passed, shadowed=shadowed))])
        assert len(passed) == number
        assert passed[-1] == (entry + b"s" if shadowed else entry)
    assert was_shadowed(passed) == any(shadowed for _, _, shadowed in hops)


@given(st.lists(st.binary(max_size=2000), max_size=4))
def test_what_is_no_entry_counts_for_nothing(values: list[bytes]) -> None:
    """Whatever somebody sends, what is read of it are entries, few of them, and they go on as they were read."""
    passed = passed_of(values)

    assert len(passed) <= MOST
    assert passed_of([b", ".join(passed)]) == passed


def test_entries_are_found_among_others() -> None:
    """Several fields are one list; blanks and foreign members do not matter, halves and longer ones are no entries."""
    fields = [b"1.1 other, " + OWN, OTHERS[0] + b"s ,x", OWN[:15], OWN + b"0", OWN + b"ss", b""]

    assert passed_of(fields) == (OWN, OTHERS[0] + b"s")


def test_the_same_route_of_the_same_instance_is_refused() -> None:
    """With the route named, shadowed there or not; another route of the instance is not."""
    for before in ((OWN,), (OTHERS[0], OWN + b"s", OTHERS[1])):
        assert "on route orders of this proxy before" in why_refused(OWN, before, "orders")
    assert why_refused(entry_of(7, "customers"), (OWN,), "customers") == ""


def test_the_tenth_hop_is_refused() -> None:
    """Nine before this one are too many, whoever's they are; eight are not."""
    assert why_refused(OWN, OTHERS[: MOST - 2], "orders") == ""
    assert "now on route orders" in why_refused(OWN, OTHERS[: MOST - 1], "orders")
