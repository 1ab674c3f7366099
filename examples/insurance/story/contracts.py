"""Phase 3: contracts move, with writes of both stores; keys, partners and addresses change meanwhile."""

from __future__ import annotations

import asyncio
import time

from examples.insurance.story.moved_service import moved_service
from examples.insurance.story.play import Play
from examples.insurance.story.report import WITHIN
from examples.stage.visitors import each_of

_SELLERS = """\
  # Contracts are sold by some partners alone, and their tokens are looked at more closely.
  sellers:
    issuer: "http://127.0.0.1:${INSURANCE_PROVIDER}"
    audience: https://api.insurance.example
    algorithms: [RS256]
    typ: at+jwt
    subject: client_id
    scopes: contracts
    leeway: 5s
    keys: { url: "http://127.0.0.1:${INSURANCE_PROVIDER}/jwks" }
suspend:"""
_APART = 0.2
"""Seconds between two files of one edit: Banyan takes it when all of them have been still for half a second."""
_MOST_SUSPENDED = 3


async def contracts(play: Play) -> None:
    """From the first write to both to `stage: live`."""
    play.load.phase = "3"
    play.tell.chapter("Phase 3: contracts move, and both stores have every write")
    await _two_files_are_edited(play)
    await _both_stores_are_written(play)
    await _effects_are_reconciled(play)
    await _they_move(play)
    await _the_provider_changes_its_key(play)
    await _a_partner_is_suspended(play)
    await play.edit("contracts", stage="live")
    await play.watch()
    await moved_service(play)
    await _stores_agree(play)


async def _two_files_are_edited(play: Play) -> None:
    play.tell.why(
        "Who sells contracts gets a policy of its own: callers.yaml says it, partners.yaml asks it. Neither edit is "
        "good without the other, since a policy must be asked and must exist. Banyan takes both as one."
    )
    folder, operator = play.scene.base.folder, play.operator
    before = (await operator.look("/api/routes") or {}).get("revision", "")
    log = folder / "banyan.log"
    counted = _reloads(log.read_text(encoding="utf-8"))
    said = await asyncio.to_thread(operator.routes.set, "contracts", auth="{ by: sellers }")
    await asyncio.sleep(_APART)
    callers = folder / "callers.yaml"
    callers.write_text(callers.read_text(encoding="utf-8").replace("suspend:", _SELLERS), encoding="utf-8")
    await operator.serves(before)
    now = _reloads(log.read_text(encoding="utf-8"))
    taken, refused = play.report.reloads_of_two_files = now[0] - counted[0], now[1] - counted[1]
    play.tell(f"  edit   {operator.routes.path.name}, contracts: {said[0]}")
    play.tell(f"  edit   callers.yaml, {_APART:g} s later: sellers added")
    play.tell(f"  taken  {taken} time, refused {refused} times")


def _reloads(log: str) -> tuple[int, int]:
    return log.count('"event":"config_reloaded"'), log.count('"event":"config_refused"')


async def _both_stores_are_written(play: Play) -> None:
    play.tell.why(
        "Banyan journals each write: first the side that answers, then the other, which is told for whom by X-Partner. "
        "What partners have sold before is sent once more by them. The app's contracts are legacy's alone."
    )
    await play.edit("contracts", stage="shadow")
    before = list(play.load.revisions)
    await each_of(before, play.load.again, at_once=4)
    play.tell(f"  again  {len(before)} contracts of before are sent once more")
    await play.watch("both stores are written")


async def _effects_are_reconciled(play: Play) -> None:
    play.tell.why(
        "The contract service answers each write as it should, and keeps a billing day that not every month has. No "
        "answer shows that, also not that to a read. The rows do."
    )
    play.report.found_effects = await play.reconcile()
    status = await play.operator.look("/api/routes/contracts") or {}
    by_new = play.report.answered_by_new_when_found = status.get("traffic", {}).get("new", 0)
    play.tell(f"  found  rows that differ: {play.report.found_effects}; requests that new has answered: {by_new}")
    await play.scene.deploy("contract", 2)
    late = await play.scene.ask("contract", "SELECT number FROM contract WHERE billing_day > 28")
    await each_of([row["number"] for row in late], play.load.again, at_once=4)
    play.tell(f"  deploy release 2 of the contract service; {len(late)} contracts are sent once more, to both stores")


async def _they_move(play: Play) -> None:
    play.tell.why("Reads and writes of a partner move as one, and not before both stores have what was written.")
    await play.edit("contracts", stage="canary", split="50%")
    await play.watch()
    await play.goes_back("contracts", to="shadow", forward="50%")


async def _the_provider_changes_its_key(play: Play) -> None:
    """Under load: it is away for a moment, and comes back with a key that signs at once."""
    await play.scene.restart_provider()
    newest = play.scene.keys[0]["kid"]

    async def used() -> bool:
        return all(partner.signed_by[newest] for name, partner in play.load.partners.items())

    with play.load.awaited():
        await play.operator.until(used, "all partners to have a token of the new key")
    await play.watch()
    play.report.keys_used = len({kid for partner in play.load.partners.values() for kid in partner.signed_by})
    play.tell(f"  keys   the provider is back with another key; good tokens that got 401: {play.load.wrong_401}")


async def _a_partner_is_suspended(play: Play) -> None:
    """By a line of a file; its token is as good as before. A busy machine may be late, so the first in time counts."""
    for name in sorted(play.load.partners)[:_MOST_SUSPENDED]:
        play.report.suspended_after = await _suspended(play, name)
        if play.report.suspended_after <= WITHIN:
            break
    await play.watch()


async def _suspended(play: Play, name: str) -> float:
    file = play.scene.base.folder / "suspended.txt"
    play.load.barred.add(name)
    async with play.load.stopped():
        pass  # whoever is on the way for this partner has come back
    began = time.monotonic()
    file.write_text(f"{name}\n", encoding="ascii")
    await _until_status(play, name, 403)
    took = time.monotonic() - began
    file.write_text("", encoding="ascii")
    await _until_status(play, name, 200)
    play.load.barred.discard(name)
    play.tell(f"  out    {name} was suspended: 403 after {took:.2f} s, with a good token; and let in again")
    return took


async def _until_status(play: Play, name: str, status: int) -> None:
    async def is_so() -> bool:
        fields = await play.load.partners[name].bearer()
        async with play.scene.client.get(f"{play.scene.banyan}{_LOOK}", headers=fields) as answer:
            return answer.status == status

    await play.operator.until(is_so, f"{name} to get {status}")


_LOOK = "/plans/proposals?product=phone&age=25&months=12&sum=500000"


async def _stores_agree(play: Play) -> None:
    play.report.differences = await play.reconcile()
    before = play.load.signed
    await play.watch()
    answer = await play.load.app.send(play.load.app.signed("GET", "/app/accepted"))
    play.report.accepted = answer.said
    play.tell(f"  legacy serves the app as ever: {play.load.signed - before} of its signed requests meanwhile")
