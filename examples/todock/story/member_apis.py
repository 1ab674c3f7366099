"""Phase 1: login and what members look at leave the delivery server; then it dies."""

from __future__ import annotations

from examples.todock.story.dead_server import dies
from examples.todock.story.play import Play

_PROVED = "mismatches are proved"
_READS = ("points", "invoice", "card")
_DIRECT, _DETOUR = "${TODOCK_INVOICE_DIRECT}", "${TODOCK_INVOICE_DETOUR}"


async def member_apis(play: Play) -> None:
    """From a look at what can be reached to an outage that takes orders alone."""
    play.tell.chapter("Phase 1: login and the members' APIs leave the delivery server")
    await play.needs_legacy("before")
    await _one_cannot_be_reached(play)
    await _values_are_compared(play)
    await _they_move(play)
    await play.needs_legacy("1")
    play.count_moves("1")
    await _the_server_dies(play)


async def _one_cannot_be_reached(play: Play) -> None:
    play.tell.why(
        "Each API is asked first whether this host reaches it. The invoice API's address is behind a wall that drops "
        "what comes from here; there is another way to it."
    )
    play.report.unreachable = await _probed(play)
    await play.operator.replace("upstreams.invoice", "url", _DIRECT, _DETOUR)
    play.report.unreachable_after = await _probed(play, "invoice")


async def _probed(play: Play, *names: str) -> list[str]:
    """The names of those that are not reached, each told with what is to be done; without names all are asked."""
    said = await play.operator.json("probe", *names)
    play.operator.orders += 1
    failed = []
    for target in said["targets"]:
        worst = next((each for each in target["findings"] if each["outcome"] == "failed"), None)
        if worst is not None:
            failed.append(str(target["name"]))
            found = f"{worst['row']} FAILED, {worst['said']}; {worst['change']}: {worst['cure']}"
            play.tell(f"  probe  {target['name']}: {found}")
    play.tell(f"  probe  {len(said['targets']) - len(failed)} of {len(said['targets'])} targets are reached")
    return failed


async def _values_are_compared(play: Play) -> None:
    play.tell.why(
        "At shadow the delivery server answers, and each API is asked as well, with the member's own token. The first "
        "release of the history API puts whoever has bought for exactly the amount of a stage one stage too low. Its "
        "route has a ramp, which would promote it by itself: it must not."
    )
    await play.edit(*_READS, "history", stage="shadow")
    found = await play.until_compared("history", play.compared, differs="$.stage")
    page = await play.until_held("history", _PROVED)
    play.report.found_values = found.worst
    play.report.moved_when_values_found = int(page["traffic"].get("new", 0))
    play.report.held_with_the_bug = page["runs"]["stage"] == "shadow" and page["verdict"] == "hold"
    await play.operator.command("mismatches", "history")
    play.tell(f"  found  {found.mismatch} of {found.compared} answers differ at {found.worst}; new has answered nobody")
    play.tell(f"  ramp   {page['runs']['stage']}: {page['obstacle']}")
    for name in _READS:
        await _agrees(play, name)


async def _agrees(play: Play, route: str) -> None:
    """Both sides answer alike, for the same member."""
    found = await play.until_compared(route, play.compared // 3)
    if found.mismatch:
        play.report.wrong.append(f"{found.mismatch} of {found.compared} answers of {route} differ at {found.worst}")


async def _they_move(play: Play) -> None:
    await play.scene.deploy("history", 2)
    play.tell("  deploy release 2 of the history API; it says its version: a new epoch begins, and the ramp goes on")
    await play.until_it_runs("history", "canary")
    play.tell("  ramp   canary 25%: members that new answers are drawn by the verified claim sub")
    await play.edit("login", *_READS, stage="canary", split="50%")
    await play.watch()
    await play.goes_back("login", *_READS, to="legacy", forward="50%")
    await play.edit("history", stage="live", ramp="")
    await play.edit("login", *_READS, stage="live")
    play.report.echoes = int(await play.operator.metric("banyan_principal_echoes_total", 'echo="said"'))
    play.tell(f"  saw    {play.report.echoes} answers said for which member they were, and were compared by that")


async def _the_server_dies(play: Play) -> None:
    play.tell.why(
        "Orders are the delivery server's still, and nothing else is. It is killed. Each request goes through Banyan, "
        "and once more where clients asked before: to the delivery server itself, which served all of them."
    )
    found = play.report.outage = await dies(play, play.dead, frozenset({"orders"}))
    alive = ", ".join(sorted(found.alive_kinds))
    play.tell(f"  alive  through Banyan {found.share:.0%} of {found.through.total()} requests: {alive}")
    play.tell(f"  alive  without Banyan's routes {found.direct_share:.0%} of {found.direct.total()}")
    middle, longest = found.refused_at_once
    told, found_out = found.statuses[503], found.statuses[502]
    play.tell(f"  orders {told} got 503 and when to come back, {found_out} found it out and got 502")
    play.tell(f"  orders were refused after {middle:.1f} ms (p50), {longest:.1f} ms at most")
    await play.watch("it is back, and so are orders")
