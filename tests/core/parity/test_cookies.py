from __future__ import annotations

import pytest

from proxy.core.parity.cookies import are_equivalent, read_cookie

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a=1; Path=/; Secure", "a=2; secure; path=/", True),
        ("a=1; Path=/A", "a=1; Path=/a", False),
        ("a=1; Domain=.shop.test", "a=1; domain=Shop.test", True),
        ("a=1; SameSite=Lax", "a=1; SameSite=Strict", False),
        ("a=1; Max-Age=0", "a=; Max-Age=-1", False),
        ("a=; Max-Age=0", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("a=1; Max-Age=60", "a=1; Expires=Wed, 21-Oct-2026 07:29:20 GMT", True),
        ("a=1; Max-Age=60", "a=1; Max-Age=600", False),
        ("a=1; Max-Age=60", "a=1", False),
        ("a=1; Max-Age=soon", "a=1", True),
        ("a=1; ;", "a=1", True),
        ("a", "a=", True),
    ],
)
def test_what_a_browser_would_do(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column
    """Attributes without case and order, lifetimes by length, values by form."""
    assert are_equivalent(read_cookie(one, DATE), read_cookie(other, DATE)) is same


def test_without_a_date_an_expiry_is_a_point_in_time() -> None:
    """Two equal dates last equally long."""
    first, second = (read_cookie(f"a=1; Expires=Wed, 21 Oct 2026 0{hour}:28:00 GMT", "") for hour in (7, 8))

    assert are_equivalent(first, first)
    assert not are_equivalent(first, second)


def test_a_cookie_is_shown_without_its_value() -> None:
    """What is shown tells everything but the secret."""
    assert str(read_cookie("sid=s3cr3t-value; Path=/; HttpOnly; Max-Age=60", "")) == "opaque; httponly; path=/; 60 s"
    assert str(read_cookie("sid=; Max-Age=0", "")) == "empty; deleted"
