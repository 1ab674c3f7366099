"""What makes a proxy unfit for the comparison."""

from __future__ import annotations

import dataclasses

import pytest

from bench.audit import Answer, Audit, faults, forwarding, share_new, sticky

GOOD = Audit(
    share_new=0.5,
    sticky=True,
    forwarded=True,
    upstream_per_request=1.0,
    unknown_is_404=True,
    lines_per_request=1.0,
    log_bytes=250,
    metrics=True,
)


def _answer(tenant: str, side: str, status: int = 200) -> Answer:
    return Answer(tenant=tenant, status=status, side=side, seen="127.0.0.1 http")


def test_a_tenant_seen_on_two_sides_is_not_sticky() -> None:
    """Every tenant must keep its side; different tenants may differ."""
    assert sticky([_answer("a", "new"), _answer("b", "legacy"), _answer("a", "new")])
    assert not sticky([_answer("a", "new"), _answer("a", "legacy")])


def test_the_share_of_new() -> None:
    """Answers of new over all answers."""
    assert share_new([_answer("a", "new"), _answer("b", "legacy"), _answer("c", "legacy"), _answer("d", "new")]) == 0.5


def test_a_good_proxy_has_no_faults() -> None:
    """Nothing is said about a proxy that does the work."""
    assert list(faults([_answer("a", "new")], GOOD)) == []


@pytest.mark.parametrize(("field", "value", "said"), [
    ("share_new", 0.1, "10%"),
    ("forwarded", False, "X-Forwarded-For"),
    ("upstream_per_request", 1.5, "1.50 times"),
    ("unknown_is_404", False, "404"),
    ("lines_per_request", 0.5, "0.50 lines"),
    ("log_bytes", 9, "lines of 9 bytes"),
    ("metrics", False, "no metrics"),
])  # fmt: skip
def test_each_omission_is_a_fault(field: str, value: float, said: str) -> None:
    """Work that a proxy leaves out is named, since leaving it out would make the proxy look fast."""
    found = list(faults([_answer("a", "new")], dataclasses.replace(GOOD, **{field: value})))  # type: ignore[arg-type]
    assert len(found) == 1
    assert said in found[0]


def test_a_wrong_status_is_a_fault() -> None:
    """An answer other than 200 is named with its status."""
    assert list(faults([_answer("a", "new", 502)], GOOD)) == ["answered [502] instead of 200"]


@pytest.mark.parametrize(
    ("seen", "fine"), [("127.0.0.1 http", True), (" http", False), ("127.0.0.1 ", False), ("", False)]
)
def test_both_forwarding_headers_are_needed(seen: str, fine: bool) -> None:  # noqa: FBT001
    """An address without a scheme, or a scheme without an address, is not forwarded."""
    assert forwarding(seen) is fine
