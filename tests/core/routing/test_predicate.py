from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.auth.auth_policy import ClaimIs
from proxy.core.routing.predicate import (
    ClaimHolds,
    HeaderAbsent,
    HeaderIs,
    HostIs,
    Predicate,
    QueryAbsent,
    QueryIs,
    query_values,
)
from tests.core.asking import asking

FIELD = HeaderIs(b"x-client", frozenset({b"app", b"web"}))
ANY_FIELD = HeaderIs(b"x-client", frozenset())
NO_FIELD = HeaderAbsent(b"x-client")
VERSION = QueryIs("version", frozenset({"2"}))
ANY_VERSION = QueryIs("version", frozenset())
NO_VERSION = QueryAbsent("version")


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "www.example.com", False),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("api.example.com", "", False),
    ],
)
def test_a_host_is_exact_or_below_a_wildcard(pattern: str, host: str, *, fits: bool) -> None:
    """`host: NAME` takes that name, `*.NAME` every name below it and not the name itself."""
    assert HostIs(pattern).matches(asking(host=host)) is fits


def test_exact_hosts_come_before_longer_wildcards_before_shorter_ones() -> None:
    """Exactness orders hosts: one name, then wildcards by their number of labels."""
    hosts = [HostIs(each) for each in ("*.com", "a.b", "*.example.com", "*.api.example.com")]

    ordered = sorted(hosts, key=lambda host: host.exactness, reverse=True)

    assert [each.pattern for each in ordered] == ["a.b", "*.api.example.com", "*.example.com", "*.com"]
    assert [each.exact for each in ordered] == [True, False, False, False]


@pytest.mark.parametrize(
    ("predicate", "fields", "fits"),
    [
        (FIELD, [(b"x-client", b"app")], True),
        (FIELD, [(b"x-client", b"old"), (b"x-client", b"web")], True),
        (FIELD, [(b"x-client", b"App")], False),
        (FIELD, [], False),
        (ANY_FIELD, [(b"x-client", b"")], True),
        (ANY_FIELD, [(b"x-other", b"app")], False),
        (NO_FIELD, [], True),
        (NO_FIELD, [(b"x-client", b"")], False),
    ],
)
def test_a_header_is_compared_whole(predicate: Predicate, fields: list[tuple[bytes, bytes]], *, fits: bool) -> None:
    """One of the sent values is one of the asked ones, byte for byte; or the field is there at all, or it is not."""
    assert predicate.matches(asking(fields=fields)) is fits


@pytest.mark.parametrize(
    ("predicate", "target", "fits"),
    [
        (VERSION, "/?version=2", True),
        (VERSION, "/?version=1&version=2", True),
        (VERSION, "/?version=20", False),
        (VERSION, "/?Version=2", False),
        (VERSION, "/", False),
        (ANY_VERSION, "/?version", True),
        (ANY_VERSION, "/?x=version", False),
        (NO_VERSION, "/?x=1", True),
        (NO_VERSION, "/?version=", False),
    ],
)
def test_a_query_parameter_is_compared_whole(predicate: Predicate, target: str, *, fits: bool) -> None:
    """Parameters are compared as headers are, after decoding."""
    assert predicate.matches(asking(target)) is fits


def test_query_values_are_read_as_a_form() -> None:
    """Plus is a blank, percent is decoded once as UTF-8, and what is not UTF-8 survives."""
    assert query_values(b"q=a+b&q=%C3%A9&%71=%2520&q=%FF&q", "q") == ["a b", "é", "%20", "\udcff", ""]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (HostIs("a.example.com"), HostIs("a.example.com"), True),
        (HostIs("a.example.com"), HostIs("b.example.com"), False),
        (HostIs("a.example.com"), HostIs("*.example.com"), True),
        (HostIs("*.a.example.com"), HostIs("*.example.com"), True),
        (HostIs("*.a.com"), HostIs("*.b.com"), False),
        (HostIs("a.example.com"), FIELD, True),
        (FIELD, HeaderIs(b"x-client", frozenset({b"app"})), True),
        (FIELD, HeaderIs(b"x-client", frozenset({b"old"})), False),
        (FIELD, HeaderIs(b"x-other", frozenset({b"old"})), True),
        (FIELD, ANY_FIELD, True),
        (FIELD, NO_FIELD, False),
        (FIELD, HeaderAbsent(b"x-other"), True),
        (FIELD, VERSION, True),
        (NO_FIELD, NO_FIELD, True),
        (NO_FIELD, VERSION, True),
        (VERSION, QueryIs("version", frozenset({"3"})), False),
        (VERSION, QueryIs("other", frozenset({"3"})), True),
        (VERSION, ANY_VERSION, True),
        (VERSION, NO_VERSION, False),
        (VERSION, QueryAbsent("other"), True),
        (NO_VERSION, NO_VERSION, True),
    ],
)
def test_overlap_goes_both_ways(one: Predicate, other: Predicate, *, overlap: bool) -> None:
    """Two predicates exclude each other only where no request could sensibly fit both, whichever is asked."""
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_predicates_name_the_fields_they_read() -> None:
    """Only header predicates want fields collected."""
    asked = [each.fields for each in (FIELD, NO_FIELD, HostIs("a"), VERSION, NO_VERSION)]

    assert asked == [{b"x-client"}, {b"x-client"}, set(), set(), set()]


HOSTS = st.sampled_from(["a", "b.a", "c.b.a", "*.a", "*.b.a", "x"])


@given(HOSTS, HOSTS, HOSTS.filter(lambda host: not host.startswith("*")))
def test_hosts_that_fit_one_request_overlap(one: str, other: str, host: str) -> None:
    """Where a request fits two host predicates, they say so."""
    head = asking(host=host)

    if HostIs(one).matches(head) and HostIs(other).matches(head):
        assert HostIs(one).overlaps(HostIs(other))


def test_a_claim_holds_where_a_verified_token_says_so() -> None:
    """Without one it does not; two values of one claim are taken as disjoint."""
    acme, any_tenant = ClaimHolds(ClaimIs("tenant", frozenset({"acme"}))), ClaimHolds(ClaimIs("tenant"))
    other, elsewhere = ClaimHolds(ClaimIs("tenant", frozenset({"b"}))), ClaimHolds(ClaimIs("role"))
    head = asking()
    assert not acme.matches(head)
    head.claims = {"tenant": ["acme"]}
    assert (acme.matches(head), any_tenant.matches(head), other.matches(head)) == (True, True, False)
    assert acme.fields == frozenset()
    assert [acme.overlaps(each) for each in (acme, any_tenant, other, elsewhere, FIELD)] == [
        True,
        True,
        False,
        True,
        True,
    ]
    assert any_tenant.overlaps(acme)
