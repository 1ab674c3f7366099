"""Shadows of upstreams with `auth`: each is sent with what its side wants."""

from __future__ import annotations

import time

import pytest

from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import AwsEnvironment, BearerFile, IssuedToken, source_key
from proxy.link.token_messages import UpstreamTokens, token_message
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.scripted import Scripted
from tests.edge.signature_check import signer_of
from tests.edge.steps.test_upstream_auth_step import (
    BANYAN,
    BEARER,
    FILE,
    FOREVER,
    SECRETS,
    SIGV4,
    authorizations,
    ok,
    request,
    signed_by_caller,
)

SHADOWED: Block = {"name": "all", "match": "/**", "stage": "shadow", "effects": "safe", "shadow": {"second": "100%"}}


async def shadowed(play: Play, serve: Serve, legacy: Block, new: Block) -> tuple[Proxy, Scripted, Scripted]:
    """Both sides are asked, legacy twice."""
    sides = await play(ok), await play(ok)
    upstreams = {"legacy": upstream(sides[0], auth=legacy), "new": upstream(sides[1], auth=new)}
    proxy = await serve(upstreams=upstreams, routes=[SHADOWED])
    proxy.listener.shadows.recorder = Pairs()
    return proxy, *sides


def tell_both(proxy: Proxy, *, ends: float = FOREVER) -> None:
    aws = IssuedToken(token=Secret(SECRETS[BANYAN]), issued=0, ends=FOREVER, access_key=BANYAN)
    bearer = IssuedToken(token=Secret("banyans"), issued=0, ends=ends)
    sources = ((AwsEnvironment(), aws), (BearerFile(path=FILE), bearer))
    told = [token_message(source_key(source), token, (1, 0, 0)) for source, token in sources]
    proxy.listener.hear_tokens(UpstreamTokens(told))


@pytest.mark.parametrize("body", [b"", b"abc"])
async def test_shadows_are_sent_as_banyan(play: Play, serve: Serve, body: bytes) -> None:
    """Each with what its side wants, whatever the caller sent; the second question to legacy, too."""
    proxy, legacy, new = await shadowed(play, serve, SIGV4, BEARER)
    tell_both(proxy)
    method = b"POST" if body else b"GET"
    await proxy.ask(request(b"Authorization: Bearer callers", method=method, body=body))
    await proxy.until(lambda: len(legacy.requests) == 2 and len(new.requests) == 1)
    assert [signer_of(each, SECRETS) for each in legacy.requests] == [BANYAN, BANYAN]
    assert authorizations(new.requests[0]) == [b"Bearer banyans"]


@pytest.mark.parametrize("body", [b"", b"abc"])
async def test_a_shadow_is_signed(play: Play, serve: Serve, body: bytes) -> None:
    """Its body, too, also where the side that answers wants a token."""
    proxy, legacy, new = await shadowed(play, serve, BEARER, SIGV4)
    tell_both(proxy)
    method = b"POST" if body else b"GET"
    await proxy.ask(request(*signed_by_caller(), method=method, body=body))
    await proxy.until(lambda: len(legacy.requests) == 2 and len(new.requests) == 1)
    assert signer_of(new.requests[0], SECRETS) == BANYAN
    assert [authorizations(each) for each in legacy.requests] == [[b"Bearer banyans"]] * 2


async def test_no_shadow_is_sent_with_a_token_that_has_ended(play: Play, serve: Serve) -> None:
    """It is shed, and its request goes on."""
    proxy, legacy, new = await shadowed(play, serve, SIGV4, BEARER)
    tell_both(proxy, ends=time.time())
    assert (await proxy.ask(request())).status == 200
    tell_both(proxy)
    assert (await proxy.ask(request(target=b"/b"))).status == 200
    await proxy.until(lambda: new.requests)
    assert [each.target for each in new.requests] == [b"/b"]
    assert len(legacy.requests) >= 2
