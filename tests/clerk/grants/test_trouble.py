"""What goes wrong around the fence: the provider, the database, other replicas, and people who begin anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest

from proxy.core.grants.grant_policy import Replaces
from proxy.link.grant_questions import GrantUsed
from proxy.store.postgres.grant_tables import GrantTables
from tests.clerk.grants.desks import NEW, POLICY, Desk, desk, refreshed, said
from tests.clerk.grants.provider import Provider, basic
from tests.clerk.grants.scenes import first_uses, outage, without_the_intent_s_commit
from tests.waiting import until

TIMES = 12


async def test_an_outage_loses_nothing(one: Desk, provider: Provider) -> None:
    """A provider that answers 500 is asked again as often as it takes: by the next ask of any system."""
    accounts = [f"outage{n}" for n in range(TIMES)]
    assert await outage(one, provider, accounts, 4 * TIMES) == TIMES
    assert set(accounts) <= provider.alive()


async def test_answers_that_are_cut_lose_nothing_within_the_grace(
    database: str, provider: Provider, tmp_path: Path
) -> None:
    """Every tenth answer is thrown away, and the provider takes the token again."""
    one = desk(database, tmp_path, provider.port, replace(POLICY, grace=30.0))
    tokens = provider.mint(*(f"cut{n}" for n in range(TIMES)))
    provider.break_(cut=TIMES // 2, grace=30)
    replies = await asyncio.gather(*(one.ask(token) for token in tokens))

    assert {reply.status for reply in replies} == {200}
    await one.close()


async def test_a_provider_that_cannot_be_reached_costs_no_token(one: Desk, provider: Provider, database: str) -> None:
    """The client is told to come back; nothing was sent, and the family is where it was."""
    [token] = provider.mint("unreachable")
    token = refreshed(await one.ask(token))
    away = desk(database, one.spool.write.__self__._directory / "away", 9)  # type: ignore[attr-defined]
    reply = await away.ask(token)

    assert (reply.status, said(reply)["error"]) == (503, "temporarily_unavailable")
    refreshed(await one.ask(token))
    await away.close()


async def test_a_limit_of_the_provider_is_kept(one: Desk, provider: Provider) -> None:
    """429 is relayed once; until its Retry-After is over Banyan says it by itself."""
    [token] = provider.mint("limited")
    token = refreshed(await one.ask(token))
    provider.break_(limit=1)
    first = await one.ask(token)
    provider.break_(limit=0)
    before = provider.counts()["token"]
    second = await one.ask(token)

    assert (first.status, second.status) == (429, 429)
    assert dict(second.fields)["retry-after"] == "60"
    assert provider.counts()["token"] == before


async def test_a_consent_in_the_middle_leads_old_tokens_to_the_new_grant(
    database: str, provider: Provider, tmp_path: Path
) -> None:
    """With `replaces`, whoever still has a token of the old grant gets the tokens of the new one."""
    one = desk(database, tmp_path, provider.port, replace(POLICY, replaces=Replaces.SUBJECT))
    old = refreshed(await consented(one, provider, "again"))
    new = refreshed(await consented(one, provider, "again"))
    other = refreshed(await consented(one, provider, "somebody"))
    reply = await one.ask(old, NEW)

    assert refreshed(reply) == new
    assert refreshed(await one.ask(other, NEW)) != new
    await one.close()


async def consented(one: Desk, provider: Provider, account: str) -> GrantUsed:
    [code] = provider.mint(account, kind="code")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
    return await one.post(urlencode(form).encode(), ("authorization", basic()))


async def test_a_grant_that_the_provider_has_ended_needs_consent(one: Desk, provider: Provider) -> None:
    """Its own word is relayed, told once, and said again without asking."""
    [token] = provider.mint("ended")
    current = refreshed(await one.ask(token))
    provider.spend(token)
    first, second = await one.ask(current), await one.ask(current, NEW)
    counts = one.desk.figures.take()

    assert [said(reply)["error"] for reply in (first, second)] == ["invalid_grant"] * 2
    assert counts is not None
    assert [(client, why) for _, _, client, why in counts.consents] == [("card", "refused")]


async def test_those_who_wait_for_another_replica_look_once_for_all(
    one: Desk, two: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are: the database is asked by one of them."""
    looks = []
    look = GrantTables.is_elsewhere

    async def counted(tables: GrantTables, family: UUID, epoch: int) -> bool:
        looks.append(epoch)
        return await look(tables, family, epoch)

    monkeypatch.setattr(GrantTables, "is_elsewhere", counted)
    [token] = provider.mint("lookers")
    token = refreshed(await one.ask(token))
    before = provider.counts()["token"]
    provider.break_(slow=400)
    leading = asyncio.ensure_future(one.ask(token))

    async def is_asked() -> bool:
        return (await asyncio.to_thread(provider.counts))["token"] > before

    await until(is_asked)
    replies = await asyncio.gather(*(two.ask(token, NEW) for _ in range(50)))

    assert {refreshed(reply) for reply in replies} == {refreshed(await leading)}
    assert len(looks) < 20


async def test_the_race_is_lost_without_the_intent_s_commit(one: Desk, two: Desk, provider: Provider) -> None:
    """So the test of two hundred first uses can fail: two replicas then use the token twice, and the grant ends."""
    provider.break_(slow=100)
    with without_the_intent_s_commit():
        await first_uses((one, two), provider, "race", 20)
    assert "race" not in provider.alive()
