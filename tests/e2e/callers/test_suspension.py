"""A subject with a good token is suspended, by order and by file, at two replicas of the whole program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from tests.e2e.program import Program, system
from tests.e2e.replicas import TOKEN, postgres, replicas
from tests.edge.auth.issuer import AUDIENCE, ISSUER, Issuer
from tests.waiting import until

pytestmark = pytest.mark.timing
WITHIN = 1.0


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Issuer, list[Program]]]:
    """Each with two workers, which know the issuer's keys by a file, and one list of suspended subjects."""
    issuer = Issuer()
    (tmp_path / "suspended.txt").write_text("# nobody\n")
    routes = f"""\
  - {{ name: rest, match: /**, stage: legacy, auth: members }}
auth:
  members:
    issuer: {ISSUER}
    audience: {AUDIENCE}
    algorithms: [RS256]
    keys: {{ file: "{issuer.written(tmp_path)}" }}
suspend: {tmp_path}/suspended.txt
"""
    environment = {"BANYAN_ADMIN_TOKEN": TOKEN}
    async with (
        postgres() as database,
        system("legacy") as port,
        replicas(
            tmp_path, database.address, routes, legacy=port, new=port, count=2, environments=[environment] * 2
        ) as found,
    ):
        yield issuer, found


async def refused(programs: list[Program], token: bytes) -> list[int]:
    """What each of the connections that a client would make is answered: several, so that every worker is met."""
    headers = {"Authorization": f"Bearer {token.decode()}"}

    async def ask(url: str) -> int:
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session, session.get(url, headers=headers) as answer:
            return answer.status

    return await asyncio.gather(*(ask(each.url) for each in programs for _ in range(8)))


async def took_until(programs: list[Program], token: bytes, status: int) -> float:
    """Seconds until all answers are this one."""
    began = monotonic()

    async def all_are() -> bool:
        return set(await refused(programs, token)) == {status}

    await until(all_are)
    return monotonic() - began


async def order(banyan: Program, subject: str, *, on: bool) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{banyan.admin_url}/api/suspended", json={"subject": subject, "on": on}) as answer,
    ):
        found: dict[str, object] = await answer.json()
        return found


async def test_a_subject_is_suspended_at_every_replica_within_a_second(
    pair: tuple[Issuer, list[Program]], tmp_path: Path
) -> None:
    """By an order to one of them, and by a line in the file; lifted, it calls again; others never notice."""
    issuer, programs = pair
    ada, ben = issuer.token(), issuer.token(sub="ben")
    assert set(await refused(programs, ada)) == {200}

    assert (await order(programs[0], "ada", on=True))["suspended"]
    assert await took_until(programs, ada, 403) < WITHIN
    assert set(await refused(programs, ben)) == {200}
    await order(programs[1], "ada", on=False)
    assert await took_until(programs, ada, 200) < WITHIN

    (tmp_path / "suspended.txt").write_text("# left\nada\n")
    assert await took_until(programs, ada, 403) < WITHIN
    assert set(await refused(programs, ben)) == {200}
