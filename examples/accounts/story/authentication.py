"""Phase 1: the refresh token of each tenant moves to the account service, at first use."""

from __future__ import annotations

import asyncio

from examples.accounts.story.evidence import consents, moved
from examples.accounts.story.play import Play
from examples.accounts.story.token_times import TokenClient, time_tokens
from examples.accounts.systems.settings import CARD_ADDRESS, SERVICE_ADDRESS
from examples.stage.compared import compared

RUSH = 200


async def authentication(play: Play) -> None:
    """From the first copy to `stage: live`."""
    play.tell.chapter("Phase 1: authentication moves, tenant by tenant, at first use")
    await _tokens_are_told_of(play)
    await _one_token_used_at_once(play)
    await _the_endpoint_is_timed(play)
    await _values_are_compared(play)
    await _cohorts_move(play)


async def _tokens_are_told_of(play: Play) -> None:
    play.tell.why(
        "A refresh token is good once: whoever uses it first kills every copy. Both systems' token URL is Banyan, "
        "which uses it, once, and gives whoever shows an older one what it keeps. The account service may not bring "
        "tokens of its own accord, so Banyan is told of those that it will take over. Their hashes, not they, leave."
    )
    rows = await play.scene.ask("card", "SELECT refresh_token FROM aggregator_tokens")
    tokens = "\n".join([*(row[0] for row in rows), *play.scene.spare])
    await play.operator.command("grants", "import", "--system", "new", "-", given=tokens)


async def _one_token_used_at_once(play: Play) -> None:
    token = play.scene.spare.pop()
    clients = [TokenClient(play.scene.banyan, address) for address in (CARD_ADDRESS, SERVICE_ADDRESS)]
    async with play.load.stopped():
        before = (await play.scene.story("/_counts"))["refreshed"]
        try:
            said = await asyncio.gather(*(clients[at % 2].refresh(token) for at in range(RUSH)))
        finally:
            for client in clients:
                await client.close()
        play.report.upstream_calls = (await play.scene.story("/_counts"))["refreshed"] - before
    kinds = play.report.rush_tokens = len({each["refresh_token"] for each in said})
    play.tell(
        f"  rush   {RUSH} uses of one token at once, half of them by each system: {play.report.upstream_calls} call "
        f"of the aggregator, {kinds} token for all"
    )


async def _the_endpoint_is_timed(play: Play) -> None:
    timed = await time_tokens(play.scene.aggregator, play.scene.banyan, play.scene.spare)
    play.report.timed = timed
    play.tell(f"  time   a refresh at the aggregator itself: {timed.direct}")
    play.tell(f"         through Banyan, first use: {timed.first_use}; answered from what it keeps: {timed.stored}")


async def _values_are_compared(play: Play) -> None:
    play.tell.why(
        "GET /auth is the contract of both. At shadow the card product answers, the account service is asked as "
        "well and stores nothing. Its first release has a bug that no test had: it must be found before anybody moves."
    )
    await play.edit("auth", stage="shadow")
    found = await play.until_compared("auth", play.compared, differs="$.expires_in")
    play.report.found_values = found.worst
    play.report.moved_when_values_found = await moved(play.scene)
    await play.operator.command("mismatches", "auth")
    play.tell(
        f"  found  {found.mismatch} of {found.compared} answers differ at {found.worst}: milliseconds. "
        f"{play.report.moved_when_values_found} tenants have moved"
    )
    await play.scene.deploy(2)
    play.tell("  deploy release 2 of the account service; a new epoch begins, since it says its version")
    after = await play.until_compared("auth", play.compared)
    if after.mismatch:
        play.report.wrong.append(f"release 2 still differs: {after}")
    play.tell(f"  found  {after.mismatch} of {after.compared} answers of release 2 differ")


async def _cohorts_move(play: Play) -> None:
    play.tell.why(
        "Now tenants move: whoever is used first at new is taken over. Then everybody goes back, by one line, and "
        "forward again: the card product's copies are old by then, and as good as before."
    )
    await play.edit("auth", stage="canary", split="10%")
    await play.watch("")
    await play.edit("auth", stage="canary", split="50%")
    await play.watch(f"{await moved(play.scene)} tenants have moved")
    await play.goes_back("auth", to="legacy", forward="50%")
    await play.edit("auth", stage="live")
    await play.watch(f"{await moved(play.scene)} tenants have moved")
    found = await consents(play.scene)
    play.tell(f"  grants {found.lost} need a consent, {found.revoked} were revoked by the aggregator")
    late = await compared(play.operator, "auth")
    if late.mismatch:
        play.report.wrong.append(f"GET /auth differs at {late.worst} after phase 1: {late}")
