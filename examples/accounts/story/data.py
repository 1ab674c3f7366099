"""Phase 2: data of tenants who use the second product, or have moved, is written to both stores."""

from __future__ import annotations

import json

from examples.accounts.story.evidence import consents
from examples.accounts.story.load import tenant_name
from examples.accounts.story.play import Play
from examples.accounts.systems.etl import extract
from examples.stage.visitors import each_of

BORN = 5
_OVERDRAWN = "SELECT DISTINCT tenant_id FROM bank_accounts WHERE write_key <> '' AND balance_minor < 0 ORDER BY 1"


async def data(play: Play) -> None:
    """From the first write to both to `stage: live`."""
    play.load.phase = "2"
    play.tell.chapter("Phase 2: data is written to both stores, and no service stops")
    await _both_stores_are_written(play)
    await _effects_are_reconciled(play)
    await _reads_and_writes_move(play)
    await _stores_agree(play)


async def _both_stores_are_written(play: Play) -> None:
    play.tell.why(
        "The card product's fetches pass its account API, so Banyan can journal them: first the side that answers, "
        "then the other. Tenants who only have the card product and have not moved stay where they are. The ETL reads "
        "the old store, unseen, and goes on. Customers of the second product alone are born at new."
    )
    await play.edit("accounts", stage="shadow")
    await play.scene.story("/_day")
    play.load.by = "service"
    for number in range(BORN):
        code = (await play.scene.story(f"/_consent?tenant=born-{number}"))["code"]
        await play.load.ask("POST", f"{play.scene.banyan}/service/link?tenant=born-{number}&code={code}", expects=201)
        play.load.born.append(f"born-{number}")
    await play.watch(f"{BORN} tenants were born at new")


async def _effects_are_reconciled(play: Play) -> None:
    play.tell.why(
        "Release 2 answers every write as it should, and stores overdrawn balances without their sign. No answer to a "
        "write shows that. The rows do."
    )
    await _until_overdrawn_is_written(play)
    play.report.found_effects = await play.reconcile()
    status = await play.operator.look("/api/routes/accounts") or {}
    by_new = play.report.answered_by_new_when_found = status.get("traffic", {}).get("new", 0)
    play.tell(f"  found  rows that differ: {play.report.found_effects}; reads that new has answered: {by_new}")
    await play.scene.deploy(3)
    overdrawn = [row[0] for row in await play.scene.ask("card", _OVERDRAWN)]
    play.tell(
        f"  deploy release 3; {len(overdrawn)} tenants with overdrawn accounts are fetched again: both are written"
    )
    await each_of(overdrawn, play.load.card)
    await play.until_compared("accounts", play.compared // 2)


async def _until_overdrawn_is_written(play: Play) -> None:
    async def written() -> bool:
        return bool(await play.scene.ask("card", _OVERDRAWN))

    with play.load.awaited("accounts"):
        await play.operator.until(written, "an overdrawn account to be written to both stores")


async def _reads_and_writes_move(play: Play) -> None:
    play.tell.why(
        "Reads and writes of a tenant move as one, and not before both stores have what was written: Banyan waits for "
        "that."
    )
    await play.edit("accounts", stage="canary", split="50%")
    await play.watch("")
    await _a_customer_links_again(play)
    await play.goes_back("accounts", to="shadow", forward="50%")
    await play.edit("accounts", stage="live")
    await play.watch("")


async def _a_customer_links_again(play: Play) -> None:
    """At the old product; the aggregator ends the consent before, of which new holds a token."""
    tenant = tenant_name(1)
    await play.load.token(tenant)
    code = (await play.scene.story(f"/_consent?tenant={tenant}"))["code"]
    await play.load.ask("GET", f"{play.scene.banyan}/link/callback?tenant={tenant}&code={code}")
    play.tell(f"  link   {tenant} links again, at the old product; the aggregator ends the consent before")
    await play.scene.ask("service", "UPDATE connection SET access_until = 'epoch' WHERE tenant = $1", tenant)
    await play.load.token(tenant)
    found = await consents(play.scene)
    if found.card + found.service + found.lost:
        play.report.relinked = f"{tenant} linked again, and its grant at new was lost: {found}"
    play.tell("         the account service shows its older token, and Banyan gives it the new consent's")


async def _stores_agree(play: Play) -> None:
    play.report.differences = await play.reconcile()
    old = await extract(play.scene.where, "old")
    play.tell(f"  etl    the old store, as ever: {json.dumps(old)}")
