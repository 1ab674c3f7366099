from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.secret import Secret
from proxy.reconcile.session import PINNED, session
from proxy.reconcile.trouble import ReconcileTrouble
from tests.reconcile.conftest import TwoDatabases

SIDES = (Side.LEGACY, Side.NEW)


@pytest.mark.parametrize("side", SIDES)
async def test_a_session_can_only_read(databases: TwoDatabases, side: Side) -> None:
    """The server refuses what would write, also where a statement asks to be let."""
    await databases.both("CREATE TABLE account (id int)")
    async with session(databases.database(side)) as made:
        for statement in ("INSERT INTO account VALUES (1)", "SELECT set_config('transaction_read_only', 'off', false)"):
            with pytest.raises(ReconcileTrouble, match=r"read-only|read-write"):
                await made.fetch(statement + " RETURNING id" * statement.startswith("INSERT"))


@pytest.mark.parametrize("side", SIDES)
async def test_a_session_is_pinned_whatever_the_role_has_set(databases: TwoDatabases, side: Side) -> None:
    """A role's own settings do not come through."""
    for setting in ("TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", "extra_float_digits = -5"):
        await databases.both(f"ALTER ROLE postgres SET {setting}")
    async with session(databases.database(side)) as made:
        (row,) = await made.fetch(
            "SELECT '2026-03-01 12:00Z'::timestamptz::text AS said, (1 / 3::float8)::text AS third"
        )
    await databases.both("ALTER ROLE postgres RESET ALL")

    assert (row["said"], row["third"]) == ("2026-03-01 12:00:00+00", "0.3333333333333333")


async def test_a_setting_that_was_not_taken_is_found_out(databases: TwoDatabases) -> None:
    """As behind a pooler that passes none on: nothing is compared there."""
    async with session(databases.database(Side.NEW)) as made:
        await made.check_settings()
        await made._connection.execute("SET TimeZone = 'Asia/Tokyo'")
        with pytest.raises(ReconcileTrouble, match="did not take the setting TimeZone = UTC: it says Asia/Tokyo"):
            await made.check_settings()

    assert PINNED["TimeZone"] == "UTC"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:hunter2@127.0.0.1:1/x", "the database accounts cannot be read"),
        ("postgresql://u:hunter2@h:port/x", "the database accounts cannot be read: its address cannot be understood"),
    ],
)
async def test_a_database_that_is_not_there_is_told(databases: TwoDatabases, url: str, sentence: str) -> None:
    """Without any part of its address."""
    with pytest.raises(ReconcileTrouble, match=sentence) as trouble:
        async with session(replace(databases.database(Side.NEW), url=Secret(url))):
            pass

    assert "hunter2" not in trouble.value.message


async def test_servers_tell_which_database_they_are(databases: TwoDatabases) -> None:
    """Two of one server differ, one by two addresses does not; a role that may do nothing is told as well."""
    await databases.legacy("DROP ROLE IF EXISTS anybody; CREATE ROLE anybody LOGIN")
    url = databases.urls[Side.LEGACY]
    found = []
    for each in (url, url.replace("postgres@", "anybody@"), url.replace("/postgres?", "/template1?")):
        async with session(replace(databases.database(Side.LEGACY), url=Secret(each))) as made:
            found.append(await made.identity())

    assert found[0] == found[1] is not None
    assert found[2] != found[0]
