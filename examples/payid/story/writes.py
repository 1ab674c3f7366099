"""Phase 2: cards stay with the processor, each account gets one mail, and a login stays where it began."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from examples.payid.story.buyer import Browser
from examples.payid.story.play import Play
from examples.stage.visitors import each_of

_GRAPHQL = "query ($mail: String!) { account(mail: $mail) { id verified activities } }"


async def writes(play: Play) -> None:
    """Cards, registrations, logins, and what needs no move."""
    play.load.phase = "2"
    play.tell.chapter("Phase 2: cards, registrations and logins")
    await _cards(play)
    await _registrations(play)
    await _logins(play)
    await _back_office(play)


# -- cards ------------------------------------------------------------------------------------------------------------


async def _cards(play: Play) -> None:
    play.tell.why(
        "A card's number goes through Banyan, and through new, to the processor, and is kept there alone. At shadow "
        "new is asked as an experiment: it checks the card as it would, and asks the processor nothing."
    )
    await play.edit("cards.add", stage="shadow")
    kept = await _with_processor(play) - play.load.cards
    await each_of([str(at) for at in range(play.few)], lambda _: play.load.add_card(play.load.buyers[0]), at_once=2)
    await play.until_found("cards.add", ("status", "status"))
    play.report.found_cards = "status"
    found = await play.until_compared("cards.add", play.few)
    play.tell(f"  sample {await _sample(play)}")
    play.report.moved_when_cards_found = await play.answered_by_new("cards.add")
    play.tell(
        f"  found  {found.mismatch} of {found.compared} cards differ by their status: new takes no American Express"
    )
    async with play.load.stopped():
        play.report.twice_at_processor = await _with_processor(play) - play.load.cards - kept
    await play.scene.deploy(3, "app")
    play.tell("  deploy release 3 of the app's API: a CVC may have four digits")
    await each_of([str(at) for at in range(play.few)], lambda _: play.load.add_card(play.load.buyers[0]), at_once=2)
    found = await play.until_compared("cards.add", play.few)
    if found.mismatch:
        play.report.wrong.append(f"{found.mismatch} of {found.compared} cards differ at {found.worst}")
    await play.edit("cards.add", stage="canary", split="50%")
    await play.watch()
    await play.edit("cards.add", stage="live")


async def _sample(play: Play) -> str:
    """What Banyan has kept of a request whose answers differ: the newest one's body."""
    clusters = (await play.operator.look("/api/routes/cards.add/mismatches") or {}).get("clusters", [])
    name = next((each["id"] for each in clusters if each["kind"] == "status"), "none")
    page = await play.operator.look(f"/api/routes/cards.add/mismatches?cluster={name}") or {}
    return str(page["exchanges"][0]["request"]["body"]) if page.get("exchanges") else "none"


async def _with_processor(play: Play) -> int:
    counts = await play.scene.story("/counts", play.scene.where.processor)
    return int(counts["cards"])


# -- registrations ----------------------------------------------------------------------------------------------------


async def _registrations(play: Play) -> None:
    play.tell.why(
        "Who registers gets a mail, from the side that answered, when it has committed; the other side gets the "
        "account from that side itself, with the hash of its password. The mail server counts."
    )
    await _register(play, "before")
    await play.edit("accounts.add", "verify", stage="shadow")
    await _register(play, "shadow")
    found = await play.until_compared("accounts.add", play.few)
    if found.mismatch:
        play.report.wrong.append(f"{found.mismatch} of {found.compared} registrations differ at {found.worst}")
    await play.edit("accounts.add", "verify", stage="canary", split="50%")
    await _register(play, "retry", loses=True)
    await play.edit("accounts.add", "verify", stage="live")
    await _falls_back(play)
    await _goes_back(play)


async def _register(play: Play, during: str, *, loses: bool = False) -> None:
    """So many, beside those who come by themselves."""
    play.load.during = during
    await each_of([str(at) for at in range(play.few)], lambda _: play.load.register(loses=loses), at_once=3)
    registered, mails = play.load.registered[during], await _mails(play)
    lost = f", {play.load.again} sent twice, {play.load.replayed} got the first answer" if loses else ""
    play.tell(f"  mails  {during}: {registered} accounts{lost}; wrong numbers of mails: {mails}")


async def _mails(play: Play) -> int:
    """How many accounts have got another number of mails than one."""
    counts = await play.scene.story("/counts", play.scene.where.mailbox)
    return sum(counts.get(mail, 0) != 1 for mail in play.load.mails)


async def _falls_back(play: Play) -> None:
    async with play.load.stopped():  # one that is on its way has an outcome that nobody knows, and nobody repeats it
        await play.scene.kill("app")
    play.tell("  kill   the app's API: what cannot reach it falls back to legacy")
    await _register(play, "fallback")
    await play.watch("cards and accounts fall back as well")
    await play.scene.revive("app")


async def _goes_back(play: Play) -> None:
    await play.order("rollback", "accounts.add", "a drill")
    await play.until_it_runs("accounts.add", "shadow")
    await _register(play, "rollback")
    play.load.during = "afterwards"
    await play.watch("back, and nobody notices")
    play.went_back.append(play.load.phase)
    await play.order("resume", "accounts.add", "the drill is over")
    await play.until_it_runs("accounts.add", "live")
    play.report.mails = (len(play.load.mails), await _mails(play))


# -- logins -----------------------------------------------------------------------------------------------------------


async def _logins(play: Play) -> None:
    play.tell.why(
        "A login is four requests with redirects, a cookie and a session that one side alone knows. Some are open "
        "while their route moves, and each ends where it began."
    )
    by_legacy = await _begun(play)
    await play.edit("login", stage="live")
    by_new = await _begun(play)
    ended = [await _ended(play, by_legacy)]
    await play.edit("login", stage="canary", split="0%")
    ended.append(await _ended(play, by_new))
    play.report.flows = tuple(ended)
    play.tell(f"  flows  begun at legacy and ended while new answers: signed by {_told(ended[0])}")
    play.tell(f"  flows  begun at new and ended while legacy answers: signed by {_told(ended[1])}")
    await play.edit("login", stage="live")
    await play.watch()


async def _begun(play: Play) -> list[Browser]:
    """Open flows, at the form."""
    found = [play.load.browser("app") for _ in range(play.flows)]
    for browser in found:
        await browser.begin()
        await asyncio.sleep(0.05)
    return found


async def _ended(play: Play, begun: list[Browser]) -> dict[str, int]:
    """How many were signed by which side."""
    ended = [await play.load.flow(browser, buyer) for browser, buyer in zip(begun, play.load.buyers, strict=False)]
    return dict(Counter(ended))


def _told(signers: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(signers.items()))


# -- the back office --------------------------------------------------------------------------------------------------


async def _back_office(play: Play) -> None:
    """It asks new, since nobody else ever had it; of the last one whose address is verified by now."""
    for mail in reversed(play.load.mails):
        play.report.office = await _known(play, mail)
        if play.report.office.get("verified"):
            break
    page = await play.operator.look("/api/routes/office") or {}
    activities = ", ".join(play.report.office.get("activities", []))
    play.tell(f"  office POST /graphql, {page['runs']['stage']}: of {mail} it knows: {activities or 'nothing'}")


async def _known(play: Play, mail: str) -> dict[str, Any]:
    """Of an account, as the back office asks for it."""
    sent = {"query": _GRAPHQL, "variables": {"mail": mail}}
    url, fields = f"{play.scene.banyan}/graphql", {"Host": "office.payid.example"}
    async with play.scene.client.post(url, json=sent, headers=fields) as answer:
        said = await answer.json()
    return (said.get("data") or {}).get("account") or {}
