"""Names in the bodies of requests, as a worker finds them."""

from __future__ import annotations

from pathlib import Path

from proxy.edge.account.body_fields import MOST_BODIES
from proxy.link.messages import BodyFields
from tests.edge.auth.guarded import guarded
from tests.edge.auth.issuer import bearer
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Proxy
from tests.edge.raw_client import post
from tests.edge.scripted import always, sized, then_close

CHUNKED = b'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n0\r\n\r\n'


def taken(proxy: Proxy) -> list[BodyFields]:
    return proxy.listener.finished.bodies.take()


async def test_names_are_told_and_no_value(play: Play, serve: Serve) -> None:
    """Of JSON whose length is known; of anything else nothing is."""
    proxy = await serve(await play(always(sized(b"x"))), route={"match": "/**"})
    await proxy.ask(post(b'{"name": "ann", "note": null}', target=b"/customers/7"))
    for message in (post(b"name=ann", target=b"/customers/7"), CHUNKED, post(b"", target=b"/customers/7")):
        await proxy.ask(message)
    found = taken(proxy)

    assert found == [BodyFields("rest", "POST", "/customers/7", "", [("$.name", "string"), ("$.note", "null")])]
    assert "ann" not in repr(found)
    assert taken(proxy) == []


async def test_a_caller_is_named(play: Play, serve: Serve, tmp_path: Path) -> None:
    """The one that was verified."""
    orders = await guarded(play, serve, tmp_path)
    await orders.proxy.ask(post(b'{"a": 1}', bearer(orders.issuer.token(client_id="app")), target=b"/orders/7"))

    assert [(each.caller, each.fields) for each in taken(orders.proxy)] == [("app", [("$.a", "integer")])]


async def test_few_bodies_are_looked_at(play: Play, serve: Serve) -> None:
    """Between two reports; one that got no answer is none of them."""
    proxy = await serve(await play(always(sized(b"x"))), route={"match": "/**"})
    for _ in range(MOST_BODIES + 3):
        await proxy.ask(post(b'{"a": 1}', target=b"/a"))
    assert len(taken(proxy)) == MOST_BODIES

    broken = await serve(await play(then_close()), route={"match": "/**"})
    await broken.ask(post(b'{"a": 1}', target=b"/a"))
    assert taken(broken) == []
