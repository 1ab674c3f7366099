"""The record over a real admin port: each order with its own time, actor, reason and kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.control.admin.history import newest
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable
from tests.control.conftest import Open, Port
from tests.control.stands import canary, table
from tests.waiting import until

RAMP = "cohort: header:X-Tenant, ramp: {steps: [5%, 50%]}"


def routes(*more: str) -> Snapshot:
    return table(canary("5%", RAMP), canary("5%", f"group: g, {RAMP}", name="b"), *more)


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A port with a token, one worker that obeys, and a grouped route beside another one."""
    made = await open_port(token="t", snapshot=routes(canary("5%", f"group: g, {RAMP}", name="c")))
    made.client.headers["Authorization"] = "Bearer t"
    await made.worker()
    return made


async def post(port: Port, path: str, **said: object) -> tuple[int, dict[str, Any]]:
    async with port.client.post(f"{port.url}/api/routes/{path}", json=said) as answer:
        return answer.status, await answer.json(content_type=None)


async def history(port: Port, query: str = "") -> list[dict[str, Any]]:
    async with port.client.get(f"{port.url}/api/history{query}") as answer:
        assert answer.status == 200, await answer.text()
        found: list[dict[str, Any]] = (await answer.json())["orders"]
        return found


@pytest.mark.parametrize("verb", ["rollback", "hold", "drain"])
async def test_an_order_that_stood_already_is_on_record(port: Port, verb: str) -> None:
    """It changes nothing of the first one; who gave it again, and why, is known all the same."""
    await post(port, f"a/{verb}", by="ann", reason="new loses orders")
    status, said = await post(port, f"a/{verb}", by="bob", reason="still")
    while port.parts.records.is_behind:
        await port.parts.records.write()
    found = [(each["kind"], each["actor"], each["reason"]) for each in await history(port, "?route=a")]

    assert (status, said["moved"]) == (200, False)
    assert found[:2] == [(verb, "bob", "it stood already: still"), (verb, "ann", "new loses orders")]


async def test_every_order_is_recorded_with_its_own_words(port: Port) -> None:
    """Moves, holds, pins, drains, epochs and their ends: none takes the reason, the actor or the time of another."""
    given: list[tuple[str, dict[str, object], str]] = [
        ("a/hold", {}, "hold"),
        ("a/rollback", {"step": True}, "rollback"),
        ("a/resume", {}, "resume"),
        ("a/promote", {}, "promote"),
        ("a/epoch", {}, "epoch"),
        ("a/pin", {"cohort": "acme", "side": "new", "seconds": 60}, "pin"),
        ("a/pin", {"cohort": "acme"}, "unpin"),
        ("a/drain", {}, "drain"),
        ("a/drain", {"off": True}, "undrain"),
    ]
    for number, (path, said, _) in enumerate(given):
        status, body = await post(port, path, **said, reason=f"why {number}", by=f"actor {number}")
        assert status == 200, body
    found = await history(port, "?route=a")

    expected = [(kind, f"why {number}", f"actor {number}") for number, (_, _, kind) in enumerate(given)]
    assert [(each["kind"], each["reason"], each["actor"]) for each in found] == expected[::-1]
    times = [each["at"] for each in found]
    assert times == sorted(times, reverse=True)
    pin = found[3]
    assert (pin["cohort"], pin["side"], pin["until"] > pin["at"], pin["from"]) == ("acme", "new", True, None)
    assert [each["stage"] for each in (found[-1]["from"], found[-1]["to"])] == ["canary", "canary"]


async def test_a_hold_is_recorded_at_its_own_time(port: Port) -> None:
    """Not at that of the move before it, though the step goes on."""
    await post(port, "a/promote")
    since = port.parts.here.positions["a"].since
    port.parts.here.clock = lambda: since + 60.0
    await post(port, "a/hold", reason="until Monday")
    hold, promotion = await port.parts.mover._store.transitions("a", 2)

    assert (hold.at, promotion.at < hold.at) == (since + 60.0, True)
    assert port.parts.here.positions["a"].since == since


async def test_the_kill_switch_is_in_the_record_of_every_route(port: Port) -> None:
    """Both orders of two in a row, each with its own reason, and who ended it; the file keeps the first one's."""
    for said in ({"on": True, "reason": "first"}, {"on": True, "reason": "second"}, {"on": False, "reason": "mended"}):
        async with port.client.post(f"{port.url}/api/kill", json={**said, "by": f"by {said['reason']}"}) as answer:
            body = await answer.json()
        if said["on"]:
            assert (body["order"]["reason"], body["order"]["by"]) == ("first", "by first")
    while port.parts.records.is_behind:
        await port.parts.records.write()
    found = await history(port, "?route=a")

    assert [(each["kind"], each["reason"], each["actor"]) for each in found] == [
        ("unkill", "mended", "by mended"),
        ("kill", "it stood already: second", "by second"),
        ("kill", "first", "by first"),
    ]
    assert {each["instance"] for each in found} == {port.parts.here.instance}


async def test_a_route_that_never_was_has_no_history(port: Port) -> None:
    """It is told apart from one on which nothing was ordered, and from one that is gone."""
    await post(port, "a/hold")
    port.running.take(routes(), port.running.reload)
    assert await history(port, "?route=b") == []
    port.running.take(table(canary(name="other")), port.running.reload)
    async with port.client.get(f"{port.url}/api/history?route=nothing") as answer:
        assert answer.status == 404
    assert [each["route"] for each in await history(port, "?route=a")] == ["a"]


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
async def test_a_limit_is_bounded(port: Port, limit: str) -> None:
    """As that of moves."""
    async with port.client.get(f"{port.url}/api/history?limit={limit}") as answer:
        assert answer.status == 400


async def test_a_store_that_is_away_is_told(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record stands there and nowhere else."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("it cannot be reached")

    monkeypatch.setattr(port.parts.asked.store, "orders", away)
    async with port.client.get(f"{port.url}/api/history") as answer:
        assert (answer.status, "it cannot be reached" in await answer.text()) == (503, True)


def test_the_newest_of_both_are_shown() -> None:
    """Sorted by when they were given, whichever list they come from."""
    orders = [OrderRecord(route="a", kind=OrderKind.PIN, actor="", at=at) for at in (3.0, 1.0, 2.0)]

    assert [each.at[17:19] for each in newest((), orders, 2)] == ["03", "02"]


async def test_a_preview_moves_nothing(port: Port) -> None:
    """It says which routes of the group would go where; so does a refusal, in the words of the order itself."""
    status, said = await post(port, "b/promote", preview=True)
    refused, problem = await post(port, "a/resume", preview=True)

    assert (status, said["preview"], said["runs"]["split"], said["done"]) == (200, True, 0.5, False)
    assert [(each["route"], each["runs"]["split"], each["moved"]) for each in said["group"]] == [("c", 0.5, True)]
    assert (refused, "nothing holds it back" in problem["detail"]) == (409, True)
    assert (await port.parts.mover._store.standing()).version == 0


async def test_one_of_a_group_is_moved_alone(port: Port) -> None:
    """Where the group shares no more than its draw."""
    status, said = await post(port, "b/promote", alone=True)

    assert (status, said["runs"]["split"], said["group"]) == (200, 0.5, [])
    assert "c" not in port.parts.here.positions


@pytest.mark.parametrize("key", ["stay: ['query:state']", "affinity: 10s"])
async def test_a_group_that_keeps_clients_on_one_side_is_moved_together(port: Port, key: str) -> None:
    """Alone a route of it may be put on hold, which moves nobody, and not be moved."""
    port.running.take(routes(canary("5%", f"group: g, {RAMP}, {key}", name="c")), port.running.reload)
    status, problem = await post(port, "b/rollback", alone=True)
    held, said = await post(port, "b/hold", alone=True)

    name = key.partition(":")[0]
    assert (status, problem["detail"]) == (
        409,
        f"b is not moved: its group g keeps clients on one side (`{name}` of c), so it moves together",
    )
    assert (held, said["held"], said["group"]) == (200, True, [])


@pytest.mark.parametrize("verb", ["drain", "epoch"])
async def test_what_is_about_one_route_is_not_asked_for_alone(port: Port, verb: str) -> None:
    """Nothing is begun by somebody who only wanted to look."""
    for said in ({"preview": True}, {"alone": True}):
        status, problem = await post(port, f"a/{verb}", **said)
        assert (status, "is about this route alone" in problem["detail"]) == (400, True)
    assert await history(port) == []


async def test_line_breaks_forge_no_line(port: Port) -> None:
    """In a sentence on where a route runs, and in notes, they are shown as such; the record has what was written."""
    await post(port, "a/hold", reason="x\nrolled back by bob", by="ann\neve")
    _, said = await post(port, "a/drain", reason="y\nz")
    async with port.client.get(f"{port.url}/api/routes/a") as answer:
        runs = (await answer.json())["runs"]

    assert "on hold by ann\\neve: x\\nrolled back by bob" in runs["reason"]
    assert "\n" not in runs["reason"] + "".join(said["notes"])
    assert (runs["drain"]["reason"], runs["drain"]["cohort"]) == ("y\nz", "(newcomers)")
    assert {each["reason"] for each in await history(port)} == {"x\nrolled back by bob", "y\nz"}


async def test_turns_that_wait_for_the_store_are_written_when_it_is_back(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for them, and none is lost."""
    records = port.parts.records
    record = records._store.record
    away = True

    async def sometimes(order: OrderRecord) -> None:
        if away:
            raise StoreUnavailable("away")
        await record(order)

    monkeypatch.setattr(records._store, "record", sometimes)
    port.parts.kill_records.turned_off(KillSwitchOrder())
    assert not await records.write()
    away = False
    assert await records.write()

    assert [(each["kind"], each["actor"]) for each in await history(port)] == [("unkill", "kill file")]


async def test_a_file_that_comes_or_goes_by_itself_is_on_record_as_such(port: Port) -> None:
    """`touch` and `rm` name nobody: the kill file is who turned the switch."""
    port.parts.kill_records.turned_on(KillSwitchOrder(at="2026-01-01T00:00:00.000Z"))
    port.parts.kill_records.turned_off(KillSwitchOrder())
    while port.parts.records.is_behind:
        await port.parts.records.write()

    found = {each["kind"]: each["actor"] for each in await history(port)}
    assert found == {"kill": "kill file", "unkill": "kill file"}


async def the_next_moment(last: str) -> None:
    """Wait for another time than this: of orders with the same one nobody knows which came first."""

    async def later() -> bool:
        return stamp(datetime.now(UTC)) != last

    await until(later)


async def test_a_turn_that_changed_nothing_is_on_record_as_that(port: Port) -> None:
    """A second kill, also of the same person for the same reason, and an end of what is off."""
    for on, by, reason in (
        (True, "ann", "new loses orders"),
        (True, "bob", "me too"),
        (True, "ann", "new loses orders"),
        (False, "ann", "mended"),
        (False, "bob", ""),
    ):
        async with port.client.post(f"{port.url}/api/kill", json={"on": on, "by": by, "reason": reason}) as answer:
            assert answer.status == 200
        await the_next_moment(stamp(datetime.now(UTC)))
    while port.parts.records.is_behind:
        await port.parts.records.write()

    assert [(each["kind"], each["actor"], each["reason"]) for each in reversed(await history(port))] == [
        ("kill", "ann", "new loses orders"),
        ("kill", "bob", "it stood already: me too"),
        ("kill", "ann", "it stood already: new loses orders"),
        ("unkill", "ann", "mended"),
        ("unkill", "bob", "it stood already"),
    ]


async def test_turns_that_nobody_saw_are_recorded_as_they_were_kept(port: Port) -> None:
    """Each with its own time and kind, and whether it stood already."""
    order = KillSwitchOrder(by="ann", at="2026-01-01T00:00:00.000Z", reason="why")
    later = KillSwitchOrder(by="bob", at="2026-01-01T00:01:00.000Z", reason="me too")
    for turn in (
        SwitchTurn(order=order, on=True),
        SwitchTurn(order=later, on=True, stood=True),
        SwitchTurn(order=replace(later, at="2026-01-01T00:02:00.000Z", reason=""), on=False),
    ):
        port.parts.kill_records.kept(turn)
    while port.parts.records.is_behind:
        await port.parts.records.write()

    assert [(each["kind"], each["at"], each["reason"]) for each in reversed(await history(port))] == [
        ("kill", "2026-01-01T00:00:00.000Z", "why"),
        ("kill", "2026-01-01T00:01:00.000Z", "it stood already: me too"),
        ("unkill", "2026-01-01T00:02:00.000Z", ""),
    ]


async def test_the_loop_writes_what_comes(port: Port, tasks: Any) -> None:  # noqa: ANN401
    """As long as control runs."""
    tasks.start(port.parts.records.run, name="records")
    port.parts.kill_records.turned_off(KillSwitchOrder(by="ann", reason="over"))

    async def written() -> bool:
        return bool(await history(port))

    await until(written)
    assert [(entry["kind"], entry["actor"]) for entry in await history(port)] == [("unkill", "ann")]
