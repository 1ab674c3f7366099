"""Banyan's journal of writes, and its comparison of the rows of both stores."""

from __future__ import annotations

from examples.stage.children import StoryError
from examples.stage.operator import Operator
from examples.stage.stores import Store


async def until_journal_is_empty(operator: Operator, state: Store) -> None:
    """Whatever was written has reached both stores; `state` has Banyan's database."""
    connection = await state.connect(operator.children, "banyan")

    async def empty() -> bool:
        return not await connection.fetchval("SELECT count(*) FROM banyan.journal")

    try:
        await operator.until(empty, "the journal of writes to be empty")
    finally:
        await connection.close()


async def reconciled(operator: Operator, check: str) -> tuple[int, int]:
    """`banyan reconcile`: how many rows differ, and how many new has."""
    said = await operator.command("reconcile", check, shows=4)
    runs = (await operator.look("/api/reconcile") or {}).get("runs", [])
    if said.code not in {0, 1} or not runs:
        raise StoryError(f"banyan reconcile left with {said.code}: {said.text}")
    return int(runs[0]["differences"]), int(runs[0]["new_rows"])
