"""A real OpenID provider that changes its keys, is away, and comes back, before the whole program."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import aiohttp

from proxy.core.auth.key_set_state import WANTED_EVERY
from tests.e2e.callers.id_provider import IdProvider, policy, signing_key
from tests.e2e.program import Program, program, started, system
from tests.waiting import until

ROUTES = "  - { name: rest, match: /**, stage: legacy, auth: partners }\n"
CLIENTS = 8


class Partner:
    """Calls as fast as it is answered, with the newest token that the provider has given it."""

    def __init__(self, provider: IdProvider, banyan: Program, session: aiohttp.ClientSession) -> None:
        self._provider = provider
        self._banyan = banyan
        self._session = session
        self.token = ""
        self.answers: Counter[int] = Counter()
        self.renewed = 0

    async def run(self) -> None:
        while True:
            try:
                self.token = await self._provider.token(self._session)
                self.renewed += 1
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
            if self.token:
                self.answers[await status_of(self._banyan, self._session, self.token)] += 1


async def status_of(banyan: Program, session: aiohttp.ClientSession, token: str) -> int:
    async with session.get(f"{banyan.url}/orders", headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status


async def test_a_provider_that_is_restarted_with_new_keys_costs_nobody_a_401(
    provider: IdProvider, tmp_path: Path
) -> None:
    """Under load, two times: each new key signs at once, and the one before it is still shown."""
    one, two, three = map(signing_key, ("one", "two", "three"))
    provider.start(one)
    text = ROUTES + policy(provider)
    async with (
        system("legacy") as port,
        program(tmp_path, text, legacy=port, new=port, workers=2) as banyan,
        aiohttp.ClientSession() as session,
    ):
        partners = [Partner(provider, banyan, session) for _ in range(CLIENTS)]
        running = [asyncio.ensure_future(each.run()) for each in partners]
        await all_renewed(partners)
        for keys in ((two, one), (three, two)):
            provider.stop()
            provider.start(*keys)
            await all_renewed(partners)
            await asyncio.sleep(WANTED_EVERY)  # a wanted key is fetched once in that time
        for task in running:
            task.cancel()
        answers = sum((each.answers for each in partners), Counter())
        assert set(answers) <= {200, 503}  # a machine so busy that a key came too late: come again, and never 401
        assert answers[200] > 10 * CLIENTS
        assert await banyan.metric("banyan_key_set_keys") == 2


async def all_renewed(partners: list[Partner]) -> None:
    """Each has called with a token that it was given after this call."""
    before = [(each.renewed, each.answers.total()) for each in partners]
    await until(
        lambda: all(
            each.renewed > renewed + 1 and each.answers.total() > answered + 1
            for each, (renewed, answered) in zip(partners, before, strict=True)
        )
    )


async def test_started_while_the_provider_is_away(provider: IdProvider, tmp_path: Path) -> None:
    """Its callers get 503 and never 401; it recovers by itself when the provider is back."""
    key = signing_key("one")
    provider.start(key)
    async with system("legacy") as port, aiohttp.ClientSession() as session:
        token = await provider.token(session)
        provider.stop()
        async with program(tmp_path, ROUTES + policy(provider), legacy=port, new=port) as banyan:
            await banyan.until_logged("key_set_away")
            async with session.get(banyan.url, headers={"Authorization": f"Bearer {token}"}) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            provider.start()
            statuses: Counter[int] = Counter()

            async def passes() -> bool:
                statuses[await status_of(banyan, session, token)] += 1
                return bool(statuses[200])

            await until(passes)
            await banyan.until_logged("key_set_recovered")
            assert set(statuses) <= {200, 503}


async def test_known_keys_outlive_the_provider_and_a_restart(provider: IdProvider, tmp_path: Path) -> None:
    """Banyan is started again while the provider is away: the last good set holds."""
    provider.start(signing_key("one"))
    async with system("legacy") as port, aiohttp.ClientSession() as session:
        token = await provider.token(session)
        for _ in range(2):
            async with program(tmp_path, ROUTES + policy(provider), legacy=port, new=port) as banyan:
                await until(lambda banyan=banyan: passes(banyan, session, token))  # type: ignore[misc]
            provider.stop()


async def test_kept_keys_are_known_before_the_first_client(provider: IdProvider, tmp_path: Path) -> None:
    """Neither a restart nor SIGUSR2 costs a 503, with the provider away: workers read what was kept, and ask nobody."""
    provider.start(signing_key("one"))
    async with system("legacy") as port, aiohttp.ClientSession() as session:
        token = await provider.token(session)
        async with program(tmp_path, ROUTES + policy(provider), legacy=port, new=port) as first:
            await until(lambda: passes(first, session, token))
            await until(lambda: [*tmp_path.rglob("key-sets.json")])
        provider.stop()
        async with started(tmp_path, first.listen, first.admin, ready=False) as banyan:
            statuses = Counter([await status_of(banyan, session, token)])
            await banyan.until_ready()
            banyan.signal(signal.SIGUSR2)

            async def is_over() -> bool:
                statuses[await status_of(banyan, session, token)] += 1
                return bool(banyan.events("worker_ended"))

            await until(is_over)
            statuses[await status_of(banyan, session, token)] += 1
            os.kill(int(str(banyan.events("successor_started")[-1]["pid"])), signal.SIGTERM)
            await banyan.until_logged("worker_ended", 2)
            assert set(statuses) == {200}


async def passes(banyan: Program, session: aiohttp.ClientSession, token: str) -> bool:
    status = await status_of(banyan, session, token)
    assert status in {200, 503}
    return status == 200
