from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.outcome import Side
from proxy.core.routing.decide import decide
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized

COHORTS = 80


def in_header(number: int) -> bytes:
    return get(b"/orders/7", b"X-Tenant-Id: tenant-%d" % number)


def in_cookie(number: int) -> bytes:
    return get(b"/orders/7", b"Cookie: theme=dark; session=s%d; x=y" % number)


def in_query(number: int) -> bytes:
    return get(b"/orders/7?page=1&tenant=t%%2F%d" % number)


def in_path(number: int) -> bytes:
    return get(b"/orders/%d" % number)


async def _canary(play: Play, serve: Serve, **route: object) -> Proxy:
    """A canary route before two upstreams that say who they are."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    block: Block = {"name": "orders.show", "match": "/orders/{id}", "stage": "canary", "split": "40%", **route}
    return await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[block])


def decided(proxy: Proxy, request: bytes, client_ip: bytes = b"127.0.0.1") -> bytes:
    """What `core.decide` says of the same bytes."""
    snapshot = proxy.listener.live.snapshot
    head = RequestReader(snapshot.fields).read(request)
    assert isinstance(head, RequestHead)
    side = decide(snapshot.routes[0], head, client_ip).serve
    return b"new" if side is Side.NEW else b"legacy"


@pytest.mark.parametrize(
    ("cohort", "make"),
    [
        ("header:X-Tenant-Id", in_header),
        ("cookie:session", in_cookie),
        ("query:tenant", in_query),
        ("path:id", in_path),
    ],
)
async def test_live_traffic_is_split_as_decided(
    play: Play, serve: Serve, cohort: str, make: Callable[[int], bytes]
) -> None:
    """Each cohort is served by the side that `core.decide` names, every time; both sides get their share."""
    proxy = await _canary(play, serve, cohort=cohort)
    client = await proxy.client()
    served = [(await client.ask(make(number))).body for number in range(COHORTS)]
    again = [(await client.ask(make(number))).body for number in range(COHORTS)]

    assert served == again == [decided(proxy, make(number)) for number in range(COHORTS)]
    assert 0.2 * COHORTS < served.count(b"new") < 0.6 * COHORTS


async def test_the_clients_address_is_a_cohort(play: Play, serve: Serve) -> None:
    """Without any other source the peer's address decides, and a client cannot say another (R7)."""
    proxy = await _canary(play, serve)
    served = []
    for number in range(1, 30):
        client = await proxy.client(source=f"127.0.0.{number}")
        request = get(b"/orders/7", b"X-Forwarded-For: 10.0.0.%d" % (number * 3))
        served.append((await client.ask(request)).body)

        assert served[-1] == decided(proxy, request, b"127.0.0.%d" % number)

    assert {*served} == {b"legacy", b"new"}


async def test_behind_a_trusted_proxy_the_address_is_the_clients(play: Play, serve: Serve) -> None:
    """The right-most address that is no trusted proxy's is the client's, whatever stands before it."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    block: Block = {"name": "orders.show", "match": "/orders/{id}", "stage": "canary", "split": "40%"}
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "new": upstream(new)},
        routes=[block],
        trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"],
    )
    client = await proxy.client()
    served = []
    for number in range(1, 40):
        address = b"203.0.113.%d" % number
        request = get(b"/orders/7", b"X-Forwarded-For: 198.51.100.1, " + address + b", 10.1.1.1")
        served.append((await client.ask(request)).body)

        assert served[-1] == decided(proxy, request, address)

    assert {*served} == {b"legacy", b"new"}


async def test_the_first_source_that_is_present_wins(play: Play, serve: Serve) -> None:
    """A list of sources is asked in order; a request without any of them goes by its address."""
    proxy = await _canary(play, serve, cohort=["header:X-Tenant-Id", "cookie:session"])
    client = await proxy.client()
    for number in range(30):
        both = get(b"/orders/7", b"Cookie: session=s%d" % number, b"X-Tenant-Id: fixed")
        for request in (both, in_cookie(number), get(b"/orders/7")):
            assert (await client.ask(request)).body == decided(proxy, request)

    assert len({(await client.ask(get(b"/orders/%d" % number))).body for number in range(20)}) == 1


@pytest.mark.parametrize(("split", "sides"), [("0%", {b"legacy"}), ("100%", {b"new"})])
async def test_the_ends_of_a_split_are_whole(play: Play, serve: Serve, split: str, sides: set[bytes]) -> None:
    """0 % sends nobody to new, 100 % everybody."""
    proxy = await _canary(play, serve, cohort="path:id", split=split)
    client = await proxy.client()

    assert {(await client.ask(in_path(number))).body for number in range(COHORTS)} == sides


async def test_a_larger_split_only_adds_cohorts(play: Play, serve: Serve) -> None:
    """Whoever was on new stays there when the split is raised."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    block: Block = {"name": "o", "match": "/orders/{id}", "stage": "canary", "cohort": "path:id"}
    proxy = await serve(upstreams=upstreams, routes=[{**block, "split": "10%"}])
    client = await proxy.client()
    before: set[int] = set()
    for split in ("10%", "30%", "75%"):
        proxy.install(upstreams, [{**block, "split": split}])
        on_new = {number for number in range(COHORTS) if (await client.ask(in_path(number))).body == b"new"}

        assert on_new > before

        before = on_new
