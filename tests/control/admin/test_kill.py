from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy.config.files import kill_ends, kill_file
from proxy.control.admin import kill
from proxy.control.admin.routes import KILLED
from proxy.control.position.kill_records import KillRecords
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.core.position.ladder import RETIRED, SHADOW
from proxy.core.position.position import Cause, move, moved
from proxy.core.position.record import OrderKind
from proxy.core.position.standing import Presence
from proxy.core.routing.kill_switch import KillSwitchOrder, StandingOrder
from proxy.core.stage import Stage
from tests.control.conftest import Open, Port
from tests.control.tables import refusal, route, snapshot, upstream
from tests.waiting import until

ON = {"on": True, "reason": "new loses orders"}


@pytest.fixture
async def port(open_port: Open) -> Port:
    """An admin port whose token the client sends."""
    opened = await open_port(token="t")
    opened.client.headers["Authorization"] = "Bearer t"
    return opened


async def page(port: Port, path: str = "/api/kill") -> dict[str, Any]:
    async with port.client.get(port.url + path) as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def turn(port: Port, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and answer of a POST; `If_Match` becomes `If-Match`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body)
    async with port.client.post(port.url + "/api/kill", data=data, headers=sent) as answer:
        return answer.status, {**await answer.json(), "etag": answer.headers.get("ETag", "")}


async def samples(port: Port) -> dict[str, float]:
    async with port.client.get(port.url + "/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
    return {each.name: each.value for family in families for each in family.samples if not each.labels}


async def test_a_post_writes_the_file_and_another_takes_it_away(port: Port) -> None:
    """`on` makes the very file that workers watch, with who asked and why; off removes it, also when there is none."""
    path = port.kill.path
    status, said = await turn(port, ON)
    order = kill_file.read(path)

    assert (status, said["on"], said["file"]) == (200, True, str(path))
    assert order is not None
    assert (order.by, order.reason) == ("admin API, 127.0.0.1", "new loses orders")
    assert said["order"] == {"by": order.by, "at": order.at, "reason": order.reason}
    assert [(await turn(port, {"on": False}))[0] for _ in range(2)] == [200, 200]
    assert not path.exists()
    stay = [{"route": "internal", "why": "respond"}]
    assert await page(port) == {
        "on": False,
        "order": None,
        "file": str(path),
        "workers": [],
        "beyond": stay,
        "down": [],
        "elsewhere": [],
    }


async def test_who_stays_is_told_by_where_routes_run(open_port: Open) -> None:
    """One that an order left at retired is named though the file says live, and one that runs at shadow is not."""
    port = await open_port(
        token="t",
        snapshot=snapshot(
            route("gone", stage=Stage.LIVE), route("back", stage=Stage.COMPLETE), route("done", stage=Stage.COMPLETE)
        ),
    )
    port.client.headers["Authorization"] = "Bearer t"
    for name, place in (("gone", RETIRED), ("back", SHADOW)):
        found = next(each for each in port.running.snapshot.routes if each.name == name)
        before = port.parts.here.position(found)
        after = moved(before, place, Cause.OPERATOR, 1.0)
        await port.parts.mover.move(move(before, after, at=1.0, actor="ann", numbers={}, reason="long ago"))
    _, said = await turn(port, ON)

    stay = [{"route": "gone", "why": "retired"}, {"route": "done", "why": "complete"}]
    assert (said["beyond"], (await page(port))["beyond"]) == (stay, stay)


async def test_a_directory_in_its_place_is_for_a_person_to_remove(port: Port) -> None:
    """The answer says how; the switch stays on."""
    port.kill.path.mkdir()
    status, said = await turn(port, {"on": False})

    assert status == 503
    how = f"it is a directory; see what is in it, then `rmdir {port.kill.path}`"
    assert said["detail"] == f"{port.kill.path} could not be changed: {how}"


async def test_only_the_token_turns_it(open_port: Open) -> None:
    """Without the token nothing is written."""
    port = await open_port(token="t")

    assert (await turn(port, ON))[0] == 401
    assert not port.kill.path.exists()


async def test_no_reason_is_too_long_for_the_switch(port: Port) -> None:
    """What is too long of the reason, or of who asks, is cut: this order is not refused for it."""
    status, _ = await turn(port, {"on": True, "reason": "x" * 9_000, "by": "y" * 9_000})
    order = kill_file.read(port.kill.path)
    assert status == 200
    assert isinstance(order, KillSwitchOrder)
    assert (order.reason, order.by) == ("x" * 200, "y" * 200)


@pytest.mark.parametrize(
    "body", [b"", b"on", b"[]", b"{}", b'{"on": 1}', b'{"on": "false"}', b'{"on": true, "raeson": "x"}']
)
async def test_what_is_not_clearly_meant_is_refused(port: Port, body: bytes) -> None:
    """A body that does not say on or off, or says more than is known, changes nothing and is answered with the form."""
    status, said = await turn(port, body)

    assert status == 400
    assert '{"on": true, "reason": "…"}' in said["detail"]
    assert not port.kill.path.exists()


async def test_if_match_is_honoured(port: Port) -> None:
    """Who sends the tag of an older look is refused and gets the present one; with that, or `*`, it is done."""
    async with port.client.get(port.url + "/api/kill") as answer:
        old = answer.headers["ETag"]
    await turn(port, ON)
    status, said = await turn(port, {"on": False}, If_Match=old)

    assert status == 412
    assert port.kill.path.exists()
    assert (await turn(port, {"on": False}, If_Match=said["etag"]))[0] == 200
    assert not port.kill.path.exists()
    assert (await turn(port, ON, If_Match="*"))[0] == 200


async def test_a_look_is_saved_while_nothing_changes(port: Port) -> None:
    """With the tag of the last look the answer is 304, until something changes."""
    async with port.client.get(port.url + "/api/kill") as answer:
        tag = {"If-None-Match": answer.headers["ETag"]}
    async with port.client.get(port.url + "/api/kill", headers=tag) as answer:
        assert answer.status == 304
    await turn(port, ON)
    async with port.client.get(port.url + "/api/kill", headers=tag) as answer:
        assert answer.status == 200


async def test_a_disk_that_refuses_is_told(port: Port) -> None:
    """Where the file cannot be written the answer is 503 and names the file; nothing claims to be killed."""
    port.kill.place = lambda _: Path("/proc/none/kill")
    status, said = await turn(port, ON)

    assert status == 503
    assert "/proc/none/kill could not be changed" in said["detail"]
    assert (await page(port))["on"] is False


async def test_a_disk_that_hangs_costs_the_asker_alone(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk does not answer others are answered, and the one who asked hears of it in the end."""
    monkeypatch.setattr(kill, "PATIENCE", 0.05)
    go_on = threading.Event()

    def hang(_: Path, order: KillSwitchOrder) -> StandingOrder:
        go_on.wait()
        return StandingOrder(order, stood=False)

    port.kill.give = hang
    asking = asyncio.ensure_future(turn(port, ON))
    await page(port)
    status, said = await asking
    go_on.set()

    assert status == 503
    assert "did not answer" in said["detail"]


async def test_the_file_follows_the_table(port: Port) -> None:
    """After a reload that names another kill file, that one is written."""
    port.running.snapshot = snapshot(route("a"), upstreams=(upstream("legacy"),))
    before = port.kill.path
    object.__setattr__(port.running.snapshot, "kill_file", "stop")
    await turn(port, ON)

    assert port.kill.path == before.with_name("stop")
    assert port.kill.path.exists()


async def test_every_worker_says_whether_it_follows(port: Port) -> None:
    """Workers that have turned their switch are told apart from those that have not, with the moment they did."""
    quick, _slow = await port.worker(0, 100), await port.worker(1, 101)
    quick.killed, quick.switched = True, 12.5
    found = await page(port)

    assert found["workers"] == [
        {"worker": 0, "pid": 100, "killed": True, "switched": 12.5},
        {"worker": 1, "pid": 101, "killed": False, "switched": 0.0},
    ]
    workers = (await page(port, "/api/routes"))["workers"]
    assert [(each["killed"], each["switched"]) for each in workers] == [(True, 12.5), (False, 0.0)]


async def test_a_legacy_that_is_down_is_told(port: Port) -> None:
    """By its health probe, in the order's own answer; what somebody saw is as it was, whatever a probe finds."""
    _, before = await turn(port, ON)
    legacy = port.running.snapshot.upstreams["legacy"]
    down = UpstreamCondition(status=Status.DOWN, since=datetime(2026, 3, 1, tzinfo=UTC), error="refused")
    port.probes._conditions["legacy", legacy.endpoints[0]] = down
    status, said = await turn(port, ON, If_Match=before["etag"])

    assert (before["down"], status) == ([], 200)
    assert [(each["upstream"], each["error"]) for each in said["down"]] == [("legacy", "refused")]


async def test_replicas_that_it_does_not_turn_are_told(open_port: Open) -> None:
    """Those that live beside this one."""
    port = await open_port(token="t")
    here = port.parts.here.instance
    port.parts.judge.presences = tuple(Presence(instance=name, revision="r", version=1) for name in ("b:8080", here))

    assert (await page(port))["elsewhere"] == ["b:8080"]


async def test_a_worker_that_is_killed_is_believed(port: Port) -> None:
    """When a worker has seen the file and control has not, the switch is told as on, by nobody known."""
    worker = await port.worker()
    worker.killed = True

    assert (await page(port, "/api/routes"))["killed"] == {"by": "", "at": "", "reason": ""}


async def test_routes_show_legacy_while_killed(open_port: Open) -> None:
    """What legacy answers meanwhile runs at legacy with that reason, beside what the file says; the rest runs on."""
    table = snapshot(
        route("canary", Stage.CANARY, 0.1),
        route("live", Stage.LIVE),
        route("orphan", Stage.LIVE, legacy="gone"),
        route("complete", Stage.COMPLETE),
        route("rest"),
        refusal("closed"),
    )
    port = await open_port(snapshot=table)
    port.kill.take(KillSwitchOrder(by="ann", at="now", reason="why"))
    found = await page(port, "/api/routes")
    runs = {each["name"]: each["runs"] for each in found["routes"]}

    assert found["killed"] == {"by": "ann", "at": "now", "reason": "why"}
    killed = {"stage": "legacy", "split": 0.0, "reason": KILLED, "killed": True}
    returns = {"stage": "live", "split": 0.0, "reason": "as the file says"}
    assert runs["live"] == {**killed, "returns": returns}
    assert runs["canary"] == {**killed, "returns": {**returns, "stage": "canary", "split": 0.1}}
    assert not [name for name in ("orphan", "complete", "rest", "closed") if "returns" in runs[name]]
    assert [runs[name]["stage"] for name in ("orphan", "complete", "rest", "closed")] == [
        *["live", "complete", "legacy", None]
    ]
    assert {runs[name]["reason"] for name in ("orphan", "complete", "rest", "closed")} == {"as the file says"}
    assert found["routes"][0]["file"] == {"stage": "canary", "split": 0.1}
    assert (await page(port, "/api/routes/live"))["runs"]["reason"] == KILLED
    port.kill.take(None)
    after = await page(port, "/api/routes")
    assert (after["killed"], after["routes"][0]["runs"]["stage"]) == (None, "canary")


async def test_metrics_say_in_how_many_workers_it_is_on(port: Port) -> None:
    """`banyan_killed` is 1 as soon as one worker is killed; how many are is a figure of its own."""
    one, two = await port.worker(0, 100), await port.worker(1, 101)
    found = []
    for one.killed, two.killed in ((False, False), (True, False), (True, True)):
        read = await samples(port)
        found.append((read["banyan_killed"], read["banyan_killed_workers"]))

    assert found == [(0, 0), (1, 1), (1, 2)]


async def test_an_end_is_its_own_though_the_watch_sees_it_first(open_port: Open) -> None:
    """The file is gone before its thread says so: the end has the name and the reason of him who took it away, and of
    two at once the other one changed nothing; each stands on record.
    """
    records = Written()
    port = await open_port(token="t")
    port.client.headers["Authorization"] = "Bearer t"
    port.kill.records = KillRecords(records)  # type: ignore[arg-type]
    lift, loop = port.kill.lift, asyncio.get_running_loop()

    def lift_seen(path: Path) -> bool:
        done = lift(path)
        asyncio.run_coroutine_threadsafe(told(), loop).result()
        return done

    async def told() -> None:
        port.kill.take(kill_file.read(port.kill.path))

    port.kill.lift = lift_seen
    await turn(port, ON | {"by": "ann"})
    said = await asyncio.gather(*[turn(port, {"on": False, "by": each, "reason": f"by {each}"}) for each in "xy"])

    assert [body["on"] for _, body in said] == [False, False]
    assert port.running.order is None
    assert records.added[0] == ("kill", "ann", "new loses orders")
    assert sorted((kind, by) for kind, by, _ in records.added[1:]) == [("unkill", "x"), ("unkill", "y")]
    assert sorted(reason[-4:] for _, _, reason in records.added[1:]) == ["by x", "by y"]
    assert sum(reason.startswith("it stood already") for _, _, reason in records.added) == 1


async def test_who_took_the_file_away_himself_is_on_record(open_port: Open) -> None:
    """`banyan kill --off` does so where Banyan has not in time: what it left beside the file says by whom it ended.

    What it left of another order, which no watch has seen, is no end of this one.
    """
    records = Written()
    port = await open_port()
    port.kill.records, port.kill.turns = KillRecords(records), kill_ends.take  # type: ignore[arg-type]
    path, begun = port.kill.path, KillSwitchOrder(by="ann", at="2026-03-01T12:00:00Z", reason="new loses orders")
    ended = KillSwitchOrder(by="bob", at="2026-03-01T12:10:00Z", reason="mended")
    for named, unseen, count in ((True, False, 3), (False, False, 5), (False, True, 9)):
        if unseen:
            kill_file.give(path, replace(begun, by="eve", reason="unseen"))
            kill_ends.lift(path, ended)
        kill_file.give(path, begun)
        port.kill.take(kill_file.read(path))
        if named:
            kill_ends.lift(path, ended)
        else:
            kill_file.lift(path)
        port.kill.take(kill_file.read(path))
        await until(partial(records.has, count))

    on, off = ("kill", "ann", "new loses orders"), ("unkill", "bob", "mended")
    gone = ("unkill", "kill file", "")
    assert records.added == [on, on, off, on, gone, on, ("kill", "eve", "unseen"), off, gone]
    assert not kill_ends.place(path).exists()


class Written:
    """What is put on record."""

    def __init__(self) -> None:
        self.added: list[tuple[str, str, str]] = []

    def has(self, count: int) -> bool:
        return len(self.added) == count

    def add(self, kind: OrderKind, by: str, reason: str, *, at: float | None = None) -> None:
        del at
        self.added.append((kind.value, by, reason))
