"""`kill -9` of the clerk at each point of a refresh, twelve times each; `python -m holds` does two hundred."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clerk.grants.crashes import LOSES_NOTHING, NEEDS_GRACE, NOT_SENT, Deaths, deaths, lost
from tests.clerk.grants.desks import NEW, desk, with_policy
from tests.clerk.grants.provider import Provider

RUNS = 12


@pytest.fixture(scope="module")
def killing() -> Iterator[Deaths]:
    with deaths() as found:
        yield found


@pytest.mark.parametrize("point", LOSES_NOTHING)
async def test_no_grant_is_lost(point: str, killing: Deaths, database: str, provider: Provider, tmp_path: Path) -> None:
    """Before anything is sent, and once the answer is on the disk, a death costs nothing."""
    assert await lost(killing, point, database, provider, tmp_path, RUNS) == []


@pytest.mark.parametrize("point", NEEDS_GRACE)
async def test_between_send_and_spool_only_a_grace_helps(
    point: str, killing: Deaths, database: str, provider: Provider, tmp_path: Path
) -> None:
    """All are lost where the provider takes a used token as theft, and none where it takes it again for 30 s."""
    assert len(await lost(killing, point, database, provider, tmp_path, 2)) == 2
    provider.break_(grace=30)
    assert await lost(killing, point, database, provider, tmp_path, RUNS, mutant="graced") == []


async def test_without_the_spool_grants_are_lost(
    killing: Deaths, database: str, provider: Provider, tmp_path: Path
) -> None:
    """So the runs above can fail."""
    gone = await lost(killing, "after_spool", database, provider, tmp_path, 2, mutant="no_spool")
    assert len(gone) == 2


async def test_a_clerk_that_was_stopped_for_a_moment_goes_on(
    killing: Deaths, database: str, provider: Provider, tmp_path: Path
) -> None:
    """Whoever asks elsewhere waits for it, and gets what it brings."""
    [token] = provider.mint("stopped")
    other = desk(database, tmp_path / "other", provider.port)
    before = provider.counts()["used"]
    pid = killing.stop(database=database, folder=str(tmp_path), port=provider.port, token=token)
    assert pid is not None
    asking = asyncio.ensure_future(other.ask(token, NEW))
    assert await asyncio.to_thread(killing.go_on, pid) == 0

    assert (await asking).status == 200
    assert provider.counts()["used"] == before + 1
    await other.close()


async def test_a_clerk_that_was_stopped_for_too_long_sends_nothing(
    killing: Deaths, database: str, provider: Provider, tmp_path: Path
) -> None:
    """Another one has used the token by then; the grant lives, and the client is told to come back."""
    accounts = [f"slept{number}" for number in range(RUNS)]
    other, before = desk(database, tmp_path / "other", provider.port, with_policy(lease=0.3)), provider.counts()
    stopped = 0
    for token in provider.mint(*accounts):
        order = {"database": database, "folder": str(tmp_path), "port": provider.port, "token": token}
        pid = killing.stop(**order, lease=2.0)
        if pid is None:  # on a busy machine that is over before it is stopped: it has sent nothing either
            continue
        stopped += 1
        assert (await other.ask(token, NEW)).status == 200
        assert await asyncio.to_thread(killing.go_on, pid) == NOT_SENT
    await other.close()

    assert stopped > 0
    assert set(accounts) <= provider.alive()
    assert provider.counts()["revoked"] == before["revoked"]
