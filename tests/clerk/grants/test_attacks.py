"""Requests and answers that nobody well-behaved sends, before a real provider and a real database."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import urlencode
from uuid import uuid4

from proxy.clerk.grants.provider_call import ProviderCalls, ProviderRequest
from proxy.clerk.grants.spool import Spool
from proxy.core.grants.grant_policy import KeyPlace
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed
from proxy.names.resolver import Resolver
from proxy.store.grant_records import GrantRecord
from proxy.tasks import Tasks
from tests.clerk.grants.desks import LEGACY, NEW, POLICY, Desk, desk, refreshed, said, upstream
from tests.clerk.grants.provider import SIGNING, Provider, basic
from tests.waiting import until


async def test_a_token_under_another_name_does_not_pass(one: Desk, provider: Provider) -> None:
    """A refresh token without its grant type is no request of another kind: a lenient provider would use it."""
    [token] = provider.mint("renamed")
    before = provider.counts()["token"]
    for grant_type in ("", "Refresh_Token", "authorization_code"):
        form = urlencode({"grant_type": grant_type, "refresh_token": token}).encode()
        assert (await one.post(form, ("authorization", basic()))).status == 400

    assert provider.counts()["token"] == before


async def test_a_wish_of_any_length_costs_no_token(one: Desk, provider: Provider) -> None:
    """The provider ignores what it does not know, and what it answered is kept; another wish is another answer."""
    [token] = provider.mint("wishes")
    wish = secrets.token_urlsafe(4000)
    first = await one.ask(token, audience=wish)
    again, other = await one.ask(token, NEW, audience=wish), await one.ask(token, NEW, audience="b")

    assert refreshed(first) == refreshed(again) != refreshed(other)
    assert said(again)["access_token"] == said(first)["access_token"] != said(other)["access_token"]
    assert "wishes" in provider.alive()


async def test_an_assertion_is_good_for_one_call(one: Desk, provider: Provider) -> None:
    """Who has seen one gets nothing stored for it; a new one does."""
    [token] = provider.mint("assertions", client=SIGNING)
    used = assertion(provider)
    assert (await shown(one, token, used)).status == 200
    stolen, new = await shown(one, token, used), await shown(one, token, assertion(provider))

    assert (stolen.status, said(stolen)["error"]) == (401, "invalid_client")
    assert new.status == 200


async def shown(one: Desk, token: str, signed: str) -> GrantUsed:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_assertion_type": kind}
    return await one.post(urlencode({**form, "client_assertion": signed}).encode())


def assertion(provider: Provider) -> str:
    """RFC 7523, by HMAC with the client's secret."""
    issuer, now = f"http://127.0.0.1:{provider.port}", int(time.time())
    claims = {"iss": SIGNING, "sub": SIGNING, "aud": issuer, "jti": secrets.token_hex(8), "iat": now, "exp": now + 60}
    text = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return f"{text}.{_encoded(hmac.digest(f'{SIGNING}-secret'.encode(), text.encode(), 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_another_client_s_revocation_is_told(one: Desk, provider: Provider) -> None:
    """It revokes nothing, and somebody hears of it."""
    [token] = provider.mint("guarded")
    refreshed(await one.ask(token))
    form = urlencode({"token": token}).encode()
    reply = await one.post(form, ("authorization", basic("other", "other-secret")), path="/token/revocation")
    counts = one.desk.figures.take()

    assert (reply.status, said(reply)["error"]) == (403, "access_denied")
    assert counts is not None
    assert counts.alarms == [("aggregator", "other_client", 1)]
    assert "guarded" in provider.alive()


async def test_a_revocation_waits_for_what_is_in_flight(one: Desk, two: Desk, provider: Provider) -> None:
    """The token that comes of it is revoked with the others, and nobody gets it stored."""
    [token] = provider.mint("racing")
    current = refreshed(await one.ask(token))
    before = provider.counts()["token"]
    provider.break_(slow=500)
    asking = asyncio.ensure_future(one.ask(current))
    await asked(provider, before)
    form = urlencode({"token": token}).encode()
    reply = await two.post(form, ("authorization", basic()), path="/token/revocation")

    assert (reply.status, (await asking).status) == (200, 200)
    assert said(await one.ask(current))["error"] == "invalid_grant"
    assert "racing" not in provider.alive()


async def test_who_is_no_heir_revokes_nothing(database: str, one: Desk, provider: Provider, tmp_path: Path) -> None:
    """Its copy is refused, and ends nobody's grant; the heir's own ends it."""
    [token] = provider.mint("inherited")
    refreshed(await one.ask(token))
    released = desk(database, tmp_path / "released", provider.port, replace(POLICY, heir="new"))
    form = urlencode({"token": token}).encode()
    path = "/token/revocation"
    reply = await released.post(form, ("authorization", basic()), path=path)
    assert (reply.status, said(reply)["error"]) == (400, "invalid_grant")
    assert "inherited" in provider.alive()
    assert (await released.post(form, ("authorization", basic()), address=NEW, path=path)).status == 200
    assert "inherited" not in provider.alive()
    await released.close()


async def asked(provider: Provider, before: int) -> None:
    """One more call has reached it."""

    async def is_asked() -> bool:
        return (await asyncio.to_thread(provider.counts))["token"] > before

    await until(is_asked)


async def test_what_a_silent_system_may_hold_is_kept(one: Desk, provider: Provider) -> None:
    """It has shown none yet: its copy may be the oldest. Once all have shown a newer one, older ones go."""
    [token] = provider.mint("silent")
    tokens = [token]
    for _ in range(3):
        tokens.append(refreshed(await one.ask(tokens[-1])))
    systems = POLICY.holders(time.time())
    await one.tables.prune("aggregator", 0.0, systems)
    refreshed(await one.ask(token, NEW))
    newest = refreshed(await one.ask(tokens[-1], NEW))
    refreshed(await one.ask(newest, LEGACY))
    await one.tables.prune("aggregator", 0.0, systems)

    assert (await one.ask(token, NEW)).status == 503


async def test_what_nobody_has_shown_for_long_is_forgotten(one: Desk, provider: Provider) -> None:
    """Though a system has shown none yet, and might come with it: else every refresh would leave a row for ever."""
    [token] = provider.mint("ageing")
    tokens = [token]
    for _ in range(2):
        tokens.append(refreshed(await one.ask(tokens[-1])))
    async with one.connections.connection() as connection:
        await connection.execute("UPDATE banyan.grant_seen SET last_at = last_at - interval '401 days' WHERE gen <> 1")
    await one.tables.prune("aggregator", 0.0, POLICY.holders(time.time()))
    async with one.connections.connection() as connection:
        kept = await connection.fetch("SELECT gen FROM banyan.grant_seen ORDER BY gen")

    assert [row["gen"] for row in kept] == [1, 2]


async def test_a_consent_to_bound_tokens_is_refused_at_once(one: Desk, provider: Provider) -> None:
    """Two systems cannot hold them: the client hears it now, and not when its first refresh has used one up."""
    [code] = provider.mint("bound", kind="code")
    provider.break_(bind=1)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
    reply = await one.post(urlencode(form).encode(), ("authorization", basic()))

    assert (reply.status, said(reply)["error"]) == (400, "invalid_request")
    assert "binds its tokens to a key" in said(reply)["error_description"]
    assert await one.tables.families("aggregator", "", 10) == []


async def test_data_keys_change_while_tokens_are_used(one: Desk, two: Desk, provider: Provider) -> None:
    """The new key opens everywhere before it seals anywhere; then each replica may change when it likes."""
    [token] = provider.mint("keys")
    first, second = POLICY.data_keys[0], KeyPlace(text=Secret("33" * 32))
    steps = [[first, second], [second, first], [second]]
    for keys in steps:
        for replica in (one, two):
            policy = replace(POLICY, data_keys=tuple(keys))
            replica.desk.follow({policy.name: policy}, {policy.upstream: upstream(provider.port)})
            for asking in (one, two):
                token = refreshed(await asking.ask(token))

    assert "keys" in provider.alive()


async def test_a_code_that_was_sent_is_kept(database: str, provider: Provider, tmp_path: Path) -> None:
    """Whoever asked is gone, and the clerk ends: the code is used up, so its tokens are in the database first."""
    one = desk(database, tmp_path / "ending", provider.port)
    [code] = provider.mint("leaving", kind="code")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
    before = provider.counts()["token"]
    provider.break_(slow=300)
    asking = asyncio.ensure_future(one.post(urlencode(form).encode(), ("authorization", basic())))
    await asked(provider, before)
    asking.cancel()
    await one.desk.end()

    assert [row.state for row in await one.tables.families("aggregator", "", 10)] == ["active"]
    await one.close_connections()


async def test_a_record_that_is_refused_costs_no_other(two: Desk, tmp_path: Path) -> None:
    """A clerk's successor goes on behind it."""
    dead = Spool(tmp_path / "two")
    refused, good = born(secrets.token_urlsafe(9000)), born("")
    await dead.write(refused)
    await dead.write(good)
    os.close(dead._file)  # as the kernel does for a process that is killed
    await two.recover()

    assert await two.tables.generations([refused.family, good.family]) == {good.family: 0}
    assert list(two.spool.abandoned()) == []


def born(slot: str) -> GrantRecord:
    """A new grant with an answer in this slot."""
    return GrantRecord(
        family=uuid4(),
        provider="aggregator",
        client_id="card",
        generation=0,
        token=b"sealed",
        token_hash=secrets.token_bytes(32),
        before=None,
        slot=slot,
        answer=b"sealed",
        begun=0.0,
        ends=1.0,
        access_hash=secrets.token_bytes(32),
        credential=None,
        is_new=True,
    )


async def test_fields_of_an_answer_are_relayed_as_bytes() -> None:
    """In whatever coding; what would end a line is left out, and so are cookies."""
    answer = (
        b"HTTP/1.1 200 OK\r\nX-Owner: M\xc3\xbcller\xff \xe2\x80\xa6\r\nX-Bad: a\x01b\r\nSet-Cookie: a=b\r\n"
        b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    tasks = Tasks()
    resolver = Resolver(tasks)
    calls = ProviderCalls(upstream(cast("int", server.sockets[0].getsockname()[1])), resolver, 30.0)
    found = await calls.send(ProviderRequest(target="/", fields=(), body=Secret(b"")))
    server.close()
    await resolver.close()

    assert found.status == 200
    assert found.fields == (("x-owner", b"M\xc3\xbcller\xff \xe2\x80\xa6".decode("latin-1")),)
