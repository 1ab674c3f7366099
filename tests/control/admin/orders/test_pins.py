"""Which keys a pin takes, asked of a real admin port."""

from __future__ import annotations

from tests.control.admin.orders.test_moves import post
from tests.control.conftest import Open
from tests.control.stands import canary, table


async def test_a_pin_takes_a_cohort_as_the_journal_prints_it(open_port: Open) -> None:
    """With the kind of its source before the key, and behind that the key may begin as it likes."""
    port = await open_port(token="t", snapshot=table(canary("5%", "cohort: header:X-Tenant")))
    port.client.headers["Authorization"] = "Bearer t"
    await port.worker()
    said = [
        await post(port, "/api/routes/a/pin", {"cohort": each, "side": "new"})
        for each in ("header:t20", "header:path:7")
    ]
    told = port.workers[0].orders.routes[0].pins
    ended = await post(port, "/api/routes/a/pin", {"cohort": "header:t20", "side": None})

    assert [status for status, _ in said] == [200, 200]
    assert sorted(told) == [("path:7", "new"), ("t20", "new")]
    assert ended[0] == 200
    assert port.workers[0].orders.routes[0].pins == [("path:7", "new")]


async def test_a_pin_by_a_source_that_the_route_lacks_is_refused(open_port: Open) -> None:
    """With those that it has; the client's address is always one, and a key with a colon of its own is a key."""
    port = await open_port(token="t", snapshot=table(canary("5%", "cohort: header:X-Tenant")))
    port.client.headers["Authorization"] = "Bearer t"
    await port.worker()
    said = [
        await post(port, "/api/routes/a/pin", {"cohort": each, "side": "new"})
        for each in ("cookie:x", "client_ip:10.0.0.7", "urn:tenant:7")
    ]

    assert [status for status, _ in said] == [400, 200, 200]
    assert said[0][1]["detail"] == (
        "a has no cohorts by cookie: its sources are header:x-tenant, client_ip; "
        "a key that begins so itself is written header:cookie:x"
    )
    assert sorted(port.workers[0].orders.routes[0].pins) == [("10.0.0.7", "new"), ("urn:tenant:7", "new")]
    alone = "10.0.0.7 as an address stands in where a request has no header:x-tenant: those that have one go as before"
    assert [alone in body["notes"] for _, body in said[1:]] == [True, False]


async def test_a_pin_that_would_never_count_is_refused(open_port: Open) -> None:
    """Where cohorts are clients' addresses the key has to be one, in any of its spellings; a network is none."""
    port = await open_port(token="t", snapshot=table(canary("5%"), canary("5%", "cohort: header:X-Tenant", name="b")))
    port.client.headers["Authorization"] = "Bearer t"
    await port.worker()
    said = [
        await post(port, f"/api/routes/{route}/pin", {"cohort": each, "side": "new"})
        for route, each in (
            ("a", "t5"),
            ("a", "10.0.0.0/8"),
            ("b", "client_ip:t5"),
            ("a", "client_ip:10.0.0.7"),
            ("a", "2001:DB8::0:1"),
            ("b", "2001:DB8::0:1"),
        )
    ]

    never = "a pin to it would never count"
    addresses = "the cohorts of a are its clients' addresses"
    assert [status for status, _ in said] == [400, 400, 400, 200, 200, 200]
    assert said[0][1]["detail"] == f"'t5' is no client's address, such as 10.0.0.7: {addresses}; {never}"
    assert said[2][1]["detail"] == f"'t5' is no client's address, such as 10.0.0.7; {never}"
    assert [body["pin"]["cohort"] for _, body in said[3:]] == ["10.0.0.7", "2001:db8::1", "2001:DB8::0:1"]
