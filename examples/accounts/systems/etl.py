"""The nightly ETL: `python -m examples.accounts.systems.etl old|new` reads a store and prints what it found.

It is an unseen reader: no request of it passes anything but the database, whose log of statements is the only witness.
"""

from __future__ import annotations

import asyncio
import json
import sys

import asyncpg

from examples.accounts.systems.settings import Settings, settings

OLD = "SELECT count(*) AS rows, coalesce(sum(balance_minor), 0)::bigint AS total FROM bank_accounts"
NEW = "SELECT count(*) AS rows, coalesce(sum(balance) * 100, 0)::bigint AS total FROM account"


async def extract(where: Settings, store: str) -> dict[str, int]:
    """Rows, and the sum of their balances in minor units."""
    address = where.card_store if store == "old" else where.service_store
    connection = await asyncpg.connect(address, user="etl")
    try:
        found = await connection.fetchrow(OLD if store == "old" else NEW)
    finally:
        await connection.close()
    return {"rows": found["rows"], "total": found["total"]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(extract(settings(), sys.argv[1]))))  # noqa: T201 -- its output
