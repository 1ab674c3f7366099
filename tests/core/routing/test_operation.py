"""What of an upstream a request asks for, as breakers tell it apart."""

from __future__ import annotations

import pytest

from proxy.core.routing.operation import MOST, Operations, group_of
from proxy.core.routing.path import PathPattern, parse_pattern


def operations(text: str) -> Operations:
    """Those of a route `r` that takes this path."""
    pattern = parse_pattern(text)
    assert isinstance(pattern, PathPattern)
    return Operations("r", pattern)


def test_a_route_without_a_rest_is_one() -> None:
    """Whatever its parameters are."""
    found = operations("/users/{id}/orders")

    assert {found.of(b"GET", b"/users/1/orders"), found.of(b"POST", b"/users/2/orders", failed=True)} == {b"r"}


@pytest.mark.parametrize(
    ("pattern", "path", "name"),
    [
        ("/**", b"/", b"r GET /"),
        ("/**", b"/orders", b"r GET /orders"),
        ("/**", b"/orders/open/all", b"r GET /orders/open"),
        ("/**", b"/orders/1234", b"r GET /orders/*"),
        ("/**", b"/orders/3f2504e0-4f89-41d3-9a0c-0305e82c3301", b"r GET /orders/*"),
        ("/**", b"/orders/a-slug-that-is-longer-than-an-endpoint", b"r GET /orders/*"),
        ("/**", b"/v1/oauth2", b"r GET /v1/oauth2"),
        ("/api/v1/**", b"/api/v1/orders/open/all", b"r GET /orders/open"),
        ("/t/{tenant}/**", b"/t/acme/orders", b"r GET /orders"),
    ],
)
def test_behind_a_rest_it_is_method_and_two_segments(pattern: str, path: bytes, name: bytes) -> None:
    """Of what the rest takes; ids are all the same."""
    assert operations(pattern).of(b"GET", path) == name


def test_methods_are_apart() -> None:
    """Who reads is well where who writes is not."""
    found = operations("/**")

    assert found.of(b"GET", b"/a") != found.of(b"POST", b"/a")


def word(number: int) -> bytes:
    """No id."""
    return b"%c-%c" % (97 + number % 26, 97 + number // 26)


def test_there_is_no_end_of_paths_but_of_operations() -> None:
    """What fails beyond the bound is told apart by its first segment, and in the end not at all."""
    found = operations("/**")
    two = {found.of(b"GET", b"/shop/" + word(each), failed=True) for each in range(MOST)}
    more = {found.of(b"GET", b"/shop/more-" + word(each), failed=True) for each in range(MOST)}
    many = {found.of(b"GET", b"/" + word(each), failed=True) for each in range(400)}

    assert (len(two), more) == (MOST, {b"r GET /shop"})
    assert found.of(b"GET", b"/shop/" + word(3)) == b"r GET /shop/" + word(3)
    assert found.of(b"GET", b"/shop/unknown") == b"r GET /shop"
    assert len(many) == MOST


def test_who_asks_for_what_is_not_there_spoils_no_names() -> None:
    """Names are learned from failures alone."""
    found = operations("/**")
    for each in range(400):
        found.of(b"GET", b"/scan/" + word(each))

    assert found.of(b"GET", b"/orders/open", failed=True) == b"r GET /orders/open"


def test_slugs_below_one_path_have_it_in_common() -> None:
    """The first segment; a route without a rest is its own."""
    assert group_of(b"r GET /shop/red-shoes") == group_of(b"r GET /shop/blue-shoes") == b"r GET /shop"
    assert group_of(b"r") == b"r"
