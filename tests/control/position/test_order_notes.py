"""What the answer to an order says of what stands beside it, at a real admin port over a store in memory."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest

from proxy.config.load import Loaded, load_text
from proxy.control.probe.health import Status
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.log import stamp
from tests.control.admin.orders.test_moves import place, post, routes
from tests.control.conftest import Open, Port
from tests.control.stands import HEAD
from tests.waiting import until


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A port with a token, one worker that obeys, and the routes of the orders' tests."""
    made = await open_port(token="t", snapshot=routes())
    made.client.headers["Authorization"] = "Bearer t"
    await made.worker()
    return made


async def test_a_pin_is_told_with_key_side_and_end(port: Port) -> None:
    """In its own answer, in the route's JSON, and when it is taken back."""
    said = {"cohort": "acme", "side": "new", "seconds": 3600, "by": "ann", "reason": "asked"}
    _, ends = await post(port, "/api/routes/a/pin", said)
    _, stays = await post(port, "/api/routes/a/pin", {"cohort": "other", "side": "legacy", "by": "bob"})
    async with port.client.get(port.url + "/api/routes/a") as answer:
        runs = (await answer.json())["runs"]
    _, off = await post(port, "/api/routes/a/pin", {"cohort": "acme"})

    until = ends["pin"]["until"]
    since = ends["pin"]["since"]
    said = {"cohort": "acme", "side": "new", "until": until, "by": "ann", "reason": "asked", "since": since}
    assert ends["pin"] == said
    assert ends["notes"] == [f"cohort 'acme' is pinned to new until {until}"]
    assert stays["notes"] == ["cohort 'other' is pinned to legacy until `banyan unpin`"]
    assert (stays["pin"]["until"], until.endswith("Z")) == (None, True)
    assert runs["pins"] == {"acme": "new", "other": "legacy"}
    assert runs["pinned"] == [ends["pin"], stays["pin"]]
    assert (off["pin"], off["notes"]) == (None, ["cohort 'acme' is pinned no longer"])


async def test_a_rollback_names_the_cohorts_that_stay_with_new(port: Port) -> None:
    """And a way up to live those that stay with legacy; at canary a pin is nothing to be told of."""
    for at in range(7):
        await post(port, "/api/routes/a/pin", {"cohort": f"t{at}", "side": "new"})
    await post(port, "/api/routes/a/pin", {"cohort": "shy", "side": "legacy"})
    found = []
    for verb in ("rollback", "resume", "promote", "promote"):
        _, body = await post(port, f"/api/routes/a/{verb}")
        found.append(body["notes"])
        if verb == "resume":
            await post(port, "/api/routes/a/promote")

    back = "7 cohorts are pinned to new and stay there: 't0', 't1', 't2', 't3', 't4' and 2 more"
    ended = "the rollback ended: it climbs again from shadow, and the step begins anew"
    assert found == [[back], [ended, back], [], ["1 cohort is pinned to legacy and stays there: 'shy'"]]


async def test_a_resume_at_legacy_promises_no_climb(port: Port) -> None:
    """No judge takes a route to shadow: the answer says by which order it gets there."""
    for _ in range(2):
        await post(port, "/api/routes/a/rollback", {"step": True})
    _, body = await post(port, "/api/routes/a/resume")

    assert (await place(port, "a"))[0] == "legacy"
    takes = "shadow is entered by people only: by `banyan promote a`, or an edit of routes.yaml"
    assert body["notes"] == [f"the rollback ended: it stays at legacy, as {takes}"]


async def test_an_order_that_leaves_a_route_at_its_place_says_what_it_did(port: Port) -> None:
    """Resume says what has ended, an epoch that what was compared is over; resume after a hold alone says that."""
    said = []
    for verb in ("rollback", "hold", "resume", "epoch", "hold", "resume"):
        _, body = await post(port, f"/api/routes/a/{verb}")
        said.append(body["notes"])

    goes_on = "ended: it climbs again from shadow, and the step begins anew"
    assert said[2] == [f"the rollback and the hold {goes_on}"]
    assert said[3] == ["a new epoch begins: what was compared before is no evidence any more"]
    assert said[5] == [f"the hold {goes_on}"]


async def test_a_drain_says_since_when_and_for_whom(port: Port) -> None:
    """Given again it changes nothing and says so, each order during it mentions it, and its end is told."""
    _, first = await post(port, "/api/routes/a/drain", {"by": "ann", "reason": "new goes down at six"})
    _, again = await post(port, "/api/routes/a/drain", {"by": "bob"})
    _, promoted = await post(port, "/api/routes/a/promote")
    _, live = await post(port, "/api/routes/a/promote")
    _, off = await post(port, "/api/routes/a/drain", {"off": True})

    drains = first["notes"][0]
    since = drains.removeprefix("it drains since ").partition(" ")[0]
    by = f"it drains since {since} by ann (new goes down at six)"
    assert first["notes"] == [f"{by}: new cohorts go to legacy until `banyan drain a --off`"]
    assert again["notes"] == ["that stood already, and nothing was changed", drains]
    assert (again["tag"], again["moved"], promoted["notes"]) == (first["tag"], False, [drains])
    assert live["notes"] == [f"{by}, which counts at canary alone; `banyan drain a --off` ends it"]
    assert off["notes"] == ["it drains no longer"]


async def test_orders_under_the_kill_switch_mention_it(port: Port) -> None:
    """Whatever the order is; one to a route that the switch cannot give to legacy takes effect, and says nothing."""
    port.kill.take(KillSwitchOrder(by="ann", at="2026-03-01T12:00:00Z", reason="new loses orders"))
    said = {}
    for verb in ("promote", "hold", "resume", "drain", "rollback"):
        said[verb] = (await post(port, f"/api/routes/a/{verb}"))[1]["notes"]
    _, pinned = await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": "new"})
    _, done = await post(port, "/api/routes/done/hold")
    port.kill.take(None)
    _, after = await post(port, "/api/routes/a/resume")

    on = (
        "the kill switch is on (by ann, since 2026-03-01T12:00:00Z, new loses orders): legacy answers, "
        "and this takes effect when `banyan kill --off` ends it"
    )
    assert {verb: on in notes for verb, notes in said.items()} == dict.fromkeys(said, True)
    again = "1 cohort is pinned to new, where it is again after `banyan kill --off`: 'acme'"
    assert pinned["notes"][:2] == ["cohort 'acme' is pinned to new until `banyan unpin`", on]
    assert pinned["notes"][-1] == again
    assert (on in pinned["notes"], done["notes"], on in after["notes"]) == (True, [], False)


@pytest.fixture
async def half_dead(open_port: Open) -> AsyncIterator[Port]:
    """A port whose legacy has an address at which nobody listens; new is not asked how it is."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        text = HEAD.replace('"http://127.0.0.1:1"', f'"http://127.0.0.1:{bound.getsockname()[1]}", health: /healthz')
        more = "routes:\n  - {name: a, match: /a, stage: canary, split: 10%, cohort: header:X-Tenant}\n"
        found = load_text(text + more, "routes.yaml", {})
        assert isinstance(found, Loaded), found
        made = await open_port(token="t", snapshot=found.snapshot)
        made.client.headers["Authorization"] = "Bearer t"
        await made.worker()
        made.probes.follow(found.snapshot.upstreams)
        await until(lambda: made.probes.conditions["legacy"].status is Status.DOWN)
        yield made


async def told_down(port: Port) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The upstreams that are down, as all routes and as one route tell of them."""
    found = []
    for path in ("", "/a"):
        async with port.client.get(f"{port.url}/api/routes{path}") as answer:
            found.append((await answer.json())["down"])
    return found[0], found[1]


async def test_an_order_to_a_side_that_is_down_is_carried_out_and_warned_of(half_dead: Port) -> None:
    """Wherever legacy is to answer anything: all, a share, one cohort, or by the kill switch."""
    found = {}

    async def give(order: str, verb: str, said: dict[str, str]) -> None:
        status, body = await post(half_dead, f"/api/routes/a/{verb}", said)
        assert status == 200
        found[order] = [each for each in body["notes"] if " is down since " in each]

    await give("share", "hold", {})
    while (await place(half_dead, "a"))[0] != "live":
        await give("nobody", "promote", {})
    await give("one cohort", "pin", {"cohort": "x", "side": "legacy"})
    await give("none again", "pin", {"cohort": "x"})
    await give("all", "rollback", {})
    since = stamp(half_dead.probes.conditions["legacy"].since)

    down = f"legacy is down since {since}: it answers nothing now (cannot connect to "
    assert {order: len(each) for order, each in found.items()} == {
        "share": 1,
        "nobody": 0,
        "one cohort": 1,
        "none again": 0,
        "all": 1,
    }
    assert all(note.startswith(down) for notes in found.values() for note in notes)
    half_dead.kill.take(KillSwitchOrder())
    _, killed = await post(half_dead, "/api/routes/a/hold")
    assert killed["notes"][1].startswith(down)


async def test_what_is_down_is_shown_with_the_routes_that_it_is_to_answer(half_dead: Port) -> None:
    """At a split, for a pinned cohort and by the kill switch, not where new answers all; one route tells alike."""
    seen = [await told_down(half_dead)]
    while (await place(half_dead, "a"))[0] != "live":
        await post(half_dead, "/api/routes/a/promote")
    seen.append(await told_down(half_dead))
    await post(half_dead, "/api/routes/a/pin", {"cohort": "x", "side": "legacy"})
    seen.append(await told_down(half_dead))
    await post(half_dead, "/api/routes/a/pin", {"cohort": "x"})
    half_dead.kill.take(KillSwitchOrder())
    seen.append(await told_down(half_dead))

    assert [[each["upstream"] for each in everywhere] for everywhere, _ in seen] == [["legacy"]] * 4
    assert [everywhere[0]["routes"] for everywhere, _ in seen] == [["a"], [], ["a"], ["a"]]
    assert [len(one) for _, one in seen] == [1, 0, 1, 1]
    assert seen[0][0][0]["since"] == stamp(half_dead.probes.conditions["legacy"].since)
