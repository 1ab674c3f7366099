"""What of an upstream a request asks for, as breakers tell it apart."""

from __future__ import annotations

import pytest

from proxy.core.operation import MOST, Operations
from proxy.core.path import PathPattern, parse_pattern


def operations(text: str) -> Operations:
    """Those of a route `r` that takes this path."""
    pattern = parse_pattern(text)
    assert isinstance(pattern, PathPattern)
    return Operations("r", pattern)


def test_a_route_without_a_rest_is_one() -> None:
    """Whatever its parameters are."""
    found = operations("/users/{id}/orders")

    assert {found.of(b"GET", b"/users/1/orders"), found.of(b"POST", b"/users/2/orders")} == {b"r"}


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


def test_there_is_no_end_of_paths_but_of_operations() -> None:
    """Beyond the bound fewer segments count, and in the end the method alone."""
    found = operations("/**")
    two = {found.of(b"GET", b"/shop/%c-%c" % (65 + each % 26, 65 + each // 26)) for each in range(MOST)}
    one = {found.of(b"GET", b"/shop/%c-%c" % (65 + each % 26, 97 + each // 26)) for each in range(MOST)}
    none = {found.of(b"GET", b"/%c-%c" % (65 + each % 26, 97 + each // 26)) for each in range(400)}

    assert len(two) == MOST
    assert one == {b"r GET /shop"}
    assert found.of(b"GET", b"/anything/else") == b"r GET /"
    assert len(none) <= MOST + 1
