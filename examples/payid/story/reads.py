"""Phase 1: cart, shop admin and app on one path; nulls are found, and bridged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from examples.payid.story.bridge import null_paths, put_up
from examples.payid.story.play import ACCOUNTS, Play

_EPOCH = ("epoch", "account.cart", "--begin", "--reason", "nulls are bridged")


async def reads(play: Play) -> None:
    """From the first shadow to `stage: live`."""
    play.tell.chapter("Phase 1: cart, shop admin and app ask on one path")
    await _it_is_told_apart(play)
    await _nulls_are_found(play)
    await _they_are_bridged(play)
    await _a_bug_is_found(play)
    await play.edit(*ACCOUNTS, "cards.list", stage="canary", split="50%")
    await play.watch()
    await play.goes_back(*ACCOUNTS, to="legacy", forward="50%")
    await play.edit(*ACCOUNTS, "cards.list", stage="live")
    await play.watch("clients are as they were")


async def _it_is_told_apart(play: Play) -> None:
    play.tell.why(
        "GET /account is three things: a cart's and an app's, told apart by the token that Banyan has verified, and a "
        "shop's, by its host and its own tokens. Each goes to an API of its own, with bounds of its own."
    )
    await play.edit(*ACCOUNTS, "cards.list", stage="shadow")


async def _nulls_are_found(play: Play) -> None:
    nulls: dict[str, list[str]] = {}
    for route in ACCOUNTS:
        await play.until_compared(route, play.compared)
        await play.until_found(route, *(("null_absent", path) for path in null_paths(route.partition(".")[2])))
        found = await play.clusters(route)
        nulls[route] = [path for kind, path in found if kind == "null_absent"]
        play.tell(f"  found  {route}: null at legacy, absent at new: {', '.join(nulls[route]) or 'nothing'}")
    play.report.nulls_found = {route: len(paths) for route, paths in nulls.items()}
    play.report.dropped = sum([len(await _dropped(play, route)) for route in ACCOUNTS])
    said = await _dropped(play, "account.cart")
    play.tell(f"  rules  account.cart: {'; '.join(said)}")


async def _dropped(play: Play, route: str) -> list[str]:
    """What is left out on purpose, each with who answers for it and until when."""
    page = await play.operator.look(f"/api/routes/{route}") or {}
    rules = (page.get("evidence") or {}).get("rules", [])
    return [f"{rule['path']} ({rule['owner']}, {_last_day(rule)})" for rule in rules if rule["hits"]]


def _last_day(rule: dict[str, Any]) -> str:
    """Of a rule that ends with it."""
    end = datetime.fromisoformat(rule["until"]) - timedelta(seconds=1)
    return f"until {end.date()}"


async def _they_are_bridged(play: Play) -> None:
    await play.save(put_up)
    play.tell("  edit   routes.yaml: adapters cart-nulls, shop-nulls and app-nulls added, and named by their routes")
    earlier = await _epoch(play)
    said = await play.operator.command(*_EPOCH, shows=0)
    play.tell(f"  order  banyan {' '.join(_EPOCH[:3])}: {said.text.partition(chr(10))[0]}")

    async def begun() -> bool:
        return await _epoch(play) > earlier

    await play.operator.until(begun, "another epoch of account.cart")


async def _epoch(play: Play) -> int:
    page = await play.operator.look("/api/routes/account.cart") or {}
    return int(((page.get("evidence") or {}).get("epoch") or {}).get("number", 0))


async def _a_bug_is_found(play: Play) -> None:
    await play.until_found("account.cart", ("string", "$.address.zip"), ("null_absent", "$.birthday"))
    found = await play.until_compared("account.cart", play.compared, differs="$.address.zip")
    play.report.found_values = found.worst
    play.report.left_after_bridge = [path for _, path in await play.clusters("account.cart")]
    play.report.moved_when_values_found = sum([await play.answered_by_new(route) for route in ACCOUNTS])
    await play.operator.command("mismatches", "account.cart")
    await play.scene.deploy(2, "cart", "shop", "app")
    play.tell("  deploy release 2 of three APIs: a zip code keeps its zero")
    for route in (*ACCOUNTS, "cards.list"):
        found = await play.until_compared(route, play.compared)
        if found.mismatch:
            play.report.wrong.append(f"{found.mismatch} of {found.compared} answers of {route} differ at {found.worst}")
    play.tell("  found  nothing that counts: three clients, none of which was changed")
