"""What a key that an operator types comes to."""

from __future__ import annotations

import pytest

from proxy.control.position.pin_keys import key_of, no_source, stands_in
from proxy.core.routing.route import Route
from tests.control.stands import canary, table


def route(cohort: str) -> Route:
    return table(canary(more=f"cohort: {cohort}" if cohort else "")).routes[0]


@pytest.mark.parametrize(
    ("cohort", "typed", "key"),
    [
        ("", "10.0.0.7", "10.0.0.7"),
        ("", "client_ip:2001:DB8::1", "2001:db8::1"),
        ("", "2001:0db8:0::1", "2001:db8::1"),
        ("header:X-T", "header:2001:DB8::1", "2001:DB8::1"),
        ("header:X-T", "client_ip:2001:DB8::1", "2001:db8::1"),
        ("header:X-T", "header:", "header:"),
        ("header:X-T", "urn:x", "urn:x"),
    ],
)
def test_a_key_is_what_requests_have(cohort: str, typed: str, key: str) -> None:
    """Without its source, and an address as those of clients are written; a header's value stays as it was typed."""
    assert (key_of(route(cohort), typed), no_source(route(cohort), typed)) == (key, "")


@pytest.mark.parametrize("typed", ["t5", "10.0.0", "10.0.0.0/8", "client_ip:", "header:10.0.0.7"])
def test_what_is_no_address_never_counts(typed: str) -> None:
    """On a route whose cohorts are its clients' addresses it is refused."""
    assert no_source(route(""), typed)


def test_an_address_on_a_route_of_other_cohorts_is_told_for_which_requests_it_stands() -> None:
    """Where none of the route's own sources is present; on a route of addresses there is nothing to be said."""
    said = stands_in(route("header:X-T"), "10.0.0.7")

    assert (
        said == "10.0.0.7 as an address stands in where a request has no header:x-t: those that have one go as before"
    )
    assert (stands_in(route(""), "10.0.0.7"), stands_in(route("header:X-T"), "t5")) == ("", "")
