from __future__ import annotations

import pytest

from proxy.cli.explain.typed_request import TypedRequest, fault_of, read_typed
from proxy.core.http.request import RequestHead, RequestRefusal
from proxy.core.routing.snapshot import Snapshot
from tests.config.given_files import snapshot


def table(top: str = "", route: str = "") -> Snapshot:
    """One route for everything, with these lines beside what is always there."""
    return snapshot(
        f"""\
version: 1
listen: 127.0.0.1:8080
{top}
upstreams: {{ legacy: {{ url: "http://legacy.internal:3000" }} }}
routes:
  - name: rest
    match: /**
    stage: legacy
    {route}
"""
    )


ANY = table()


def typed(target: str = "/orders/7", *fields: str, method: str = "GET", host: str = "") -> TypedRequest:
    return TypedRequest(method=method, target=target, fields=fields, host=host)


@pytest.mark.parametrize(
    ("request_", "host"),
    [
        (typed(), "localhost"),
        (typed(host="shop.example.com"), "shop.example.com"),
        (typed("/orders/7", "hOsT: shop.example.com:8443"), "shop.example.com"),
        (typed("https://shop.example.com/orders/7?x=/y"), "shop.example.com"),
        (typed("http://shop.example.com?x=1"), "shop.example.com"),
        (typed("/go?to=http://elsewhere.example.com/"), "localhost"),
    ],
    ids=["none", "option", "header", "url", "url without a path", "url within a query"],
)
def test_there_is_always_a_host(request_: TypedRequest, host: str) -> None:
    """The Host is the one that was typed, wherever; without one it is localhost."""
    head = read_typed(request_, ANY)

    assert isinstance(head, RequestHead)
    assert head.host == host


def test_headers_are_read_as_sent() -> None:
    """A header that routes ask about is there, without its blanks; bytes beyond ASCII stay as typed."""
    wanting = table("", "cohort: header:X-Tenant-Id")
    head = read_typed(typed("/", "X-Tenant-Id:  日本 ", "X-Tenant-Id: b"), wanting)

    assert isinstance(head, RequestHead)
    assert head.fields[b"x-tenant-id"] == ["日本".encode(), b"b"]


@pytest.mark.parametrize(
    "request_",
    [
        typed(method="G@T"),
        typed("orders"),
        typed("/", "Content-Length: many"),
        typed("/", "Transfer-Encoding: chunked", "Content-Length: 3"),
        typed("http://a.example.com/", host="b.example.com"),
        typed("/", "Na me: x"),
    ],
    ids=["method", "target", "length", "smuggling", "two hosts", "header name"],
)
def test_what_live_traffic_refuses_is_refused(request_: TypedRequest) -> None:
    """The parser and the checks of the data plane judge a typed request too."""
    refusal = read_typed(request_, ANY)

    assert isinstance(refusal, RequestRefusal)
    assert refusal.status == 400


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (typed(method="GE T"), "METHOD"),
        (typed("/a b"), "TARGET"),
        (typed("customers/3"), "TARGET begins with / or is a whole URL: did you mean /customers/3?"),
        (typed(host="a\r\nX: y"), "--host"),
        (typed("/", "no colon"), "'no colon'"),
        (typed("/", "a: b\r\nc: d"), "one line"),
    ],
    ids=["method", "target", "no slash", "host", "no colon", "two lines"],
)
def test_what_is_no_request_is_wrong_usage(request_: TypedRequest, named: str) -> None:
    """A slip on the command line is named, rather than read as another request than the one meant."""
    assert named in fault_of(request_)


def test_a_proper_request_has_no_fault() -> None:
    """Nothing is said against what can be read."""
    assert fault_of(typed("/orders/7", "X-Tenant-Id: a")) == ""
    assert [fault_of(typed("*", method="OPTIONS")), fault_of(typed("a:443", method="CONNECT"))] == ["", ""]


LONG = typed("/", "X-Long: " + "x" * 300)
UNDERSCORE = typed("/", "X_Tenant: a")
METHOD = typed(method="BREW2")
TWICE = typed("/", "Content-Length: 3", "Content-Length: 3", method="POST")


@pytest.mark.parametrize(
    ("request_", "refusing", "taking"),
    [
        (LONG, table("limits: { field: 256B }"), ANY),
        (UNDERSCORE, table("underscore_headers: reject"), ANY),
        (METHOD, ANY, table("leniency: [unknown_methods]")),
        (METHOD, ANY, table("", "leniency: [unknown_methods]")),
        (TWICE, ANY, table("leniency: [equal_content_lengths]")),
    ],
    ids=["limit", "underscore", "method", "method on this route", "lengths"],
)
def test_the_files_limits_and_leniency_hold(request_: TypedRequest, refusing: Snapshot, taking: Snapshot) -> None:
    """What routes.yaml bounds or forgives of live traffic is bounded and forgiven here."""
    assert isinstance(read_typed(request_, refusing), RequestRefusal)
    assert isinstance(read_typed(request_, taking), RequestHead)
