"""Banyan's journal of writes, and its comparison of the rows of both stores."""

from __future__ import annotations

from typing import Any

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
    before = await _last_run(operator, check)
    said = await operator.command("reconcile", check, shows=4)
    run = await _last_run(operator, check)
    if said.code not in {0, 1} or run is None or run == before or run["ended"] is None:
        raise StoryError(f"banyan reconcile left with {said.code}: {said.text}")
    return int(run["differences"]), int(run["new_rows"])


async def _last_run(operator: Operator, check: str) -> dict[str, Any] | None:
    """As Banyan has it on record; None where it never ran."""
    runs: list[dict[str, Any]] = (await operator.look("/api/reconcile") or {}).get("runs", [])
    return next((run for run in runs if run["check"] == check), None)
