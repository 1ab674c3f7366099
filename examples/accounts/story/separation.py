"""Phase 3: the card product's direct calls go; it stays, as a client of the account service."""

from __future__ import annotations

import json
import time

from examples.accounts.story.evidence import by_caller, calls, statements
from examples.accounts.story.load import tenant_name
from examples.accounts.story.play import Play
from examples.accounts.systems.etl import extract
from examples.stage.journal import until_journal_is_empty
from examples.stage.visitors import each_of

_BORN = (
    "SELECT count(*) AS rows, coalesce(sum(balance) * 100, 0)::bigint AS total "
    "FROM account JOIN connection USING (tenant) WHERE origin = 'here'"
)


async def separation(play: Play) -> None:
    """From the first call that goes by the account service to an ETL that reads the new store."""
    play.load.phase = "3"
    play.tell.chapter("Phase 3: the card product goes through the account service alone")
    await _calls_move(play)
    await _everybody_is_fetched(play)
    await _the_etl_is_switched(play)


async def _calls_move(play: Play) -> None:
    play.tell.why(
        "The card product calls the aggregator by Banyan's address, so that its calls move as any route does: legacy "
        "is the aggregator itself, new the account service. The aggregator's own log says who called."
    )
    since = time.time()
    await play.edit("link.accounts", stage="shadow")
    await play.until_compared("link.accounts", play.compared // 2)
    await play.edit("link.accounts", stage="canary", split="50%")
    await play.watch("")
    await play.goes_back("link.accounts", to="legacy", forward="50%")
    await play.edit("link.accounts", stage="live")
    play.tell(f"  log    of the aggregator so far: {by_caller(calls(play.scene.folder, since))}")
    await play.edit("link.accounts", "link.callback", "auth", stage="complete")


async def _everybody_is_fetched(play: Play) -> None:
    """The ordinary nightly run of the card product."""
    async with play.load.stopped():
        await play.scene.story("/_day")
        since = time.time()
        names = [tenant_name(number) for number in range(1, play.scene.tenants + 1)]
        await each_of(names, play.load.fetch)
        fetched, tokens = calls(play.scene.folder, since), calls(play.scene.folder, since, "/token")
    play.report.card_calls = fetched["card-product"] + tokens["card-product"]
    play.report.service_calls = fetched["account-service"]
    play.tell(f"  night  all {len(names)} tenants are fetched once")
    play.tell(f"  log    of the aggregator since: accounts by {by_caller(fetched)}; tokens by {by_caller(tokens)}")


async def _the_etl_is_switched(play: Play) -> None:
    play.report.differences = await play.reconcile()
    async with play.load.stopped():
        await until_journal_is_empty(play.operator, play.scene.service)
        old = await extract(play.scene.where, "old")
        before = {store: statements(play.scene, store) for store in ("card", "service")}
        new = await extract(play.scene.where, "new")
        read = {store: statements(play.scene, store) - count for store, count in before.items()}
        born = await play.scene.ask("service", _BORN)
    play.report.etl = (read["card"], read["service"])
    play.tell(f"  etl    from the old store {json.dumps(old)}")
    play.tell(f"         switched: {json.dumps(new)}, of which {born[0]['rows']} rows were born at new")
    play.tell(f"         its statements in PostgreSQL's logs since: old {read['card']}, new {read['service']}")
    if new["total"] - int(born[0]["total"]) != old["total"]:
        play.report.wrong.append(f"the ETL finds {old} in the old store and {new} in the new one")
