"""What operators ask of a real admin port, over a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.core.position.standing import Pin
from proxy.core.routing.snapshot import Snapshot
from tests.control.conftest import Open, Port
from tests.control.stands import canary, table
from tests.waiting import until

RAMP = "cohort: header:X-Tenant, ramp: {steps: [5%, 50%]}"


def routes() -> Snapshot:
    return table(
        canary("5%", RAMP),
        canary("5%", f"group: g, {RAMP}", name="b"),
        canary("5%", f"group: g, {RAMP}", name="c"),
        "name: done, match: /done, stage: complete",
        "name: closed, match: /closed, respond: {status: 403}",
    )


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A port with a token, one worker that obeys, and these routes."""
    made = await open_port(token="t", snapshot=routes())
    made.client.headers["Authorization"] = "Bearer t"
    await made.worker()
    return made


async def post(port: Port, path: str, said: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
    async with port.client.post(port.url + path, json={} if said is None else said, headers=headers) as answer:
        return answer.status, {**await answer.json(content_type=None), "tag": answer.headers.get("ETag")}


async def place(port: Port, route: str) -> tuple[str, float]:
    async with port.client.get(f"{port.url}/api/routes/{route}") as answer:
        runs = (await answer.json())["runs"]
        return runs["stage"], runs["split"]


async def test_the_verbs_move_a_route_and_say_so(port: Port) -> None:
    """Promote takes the ramp's next step, rollback leads to shadow and latches, resume ends that, a step is a rung."""
    seen = []
    for verb, said in (("promote", {}), ("rollback", {"step": True}), ("resume", {}), ("rollback", {}), ("hold", {})):
        status, body = await post(port, f"/api/routes/a/{verb}", {**said, "reason": f"why {verb}", "by": "ann"})
        seen.append((status, body["runs"]["stage"], body["runs"]["split"], body["latched"], body["held"]))

    assert seen == [
        (200, "canary", 0.5, False, False),
        (200, "canary", 0.05, True, False),
        (200, "canary", 0.05, False, False),
        (200, "shadow", 0.0, True, False),
        (200, "shadow", 0.0, True, True),
    ]
    async with port.client.get(port.url + "/api/transitions?route=a&limit=2") as answer:
        moves = (await answer.json())["transitions"]
    assert [(each["actor"], each["reason"], each["cause"]) for each in moves] == [
        ("ann", "why hold", "operator"),
        ("ann", "why rollback", "operator"),
    ]
    assert moves[1]["from"] == {"stage": "canary", "split": 0.05}
    assert moves[1]["to"] == {"stage": "shadow", "split": 0.0}


@pytest.mark.parametrize(
    ("path", "said", "status", "words"),
    [
        ("a/resume", {}, 409, "nothing holds it back"),
        ("done/rollback", {}, 409, "past its one-way door"),
        ("done/promote", {}, 409, "live is the last step that promote takes; complete and retired are written in"),
        ("done/drain", {}, 409, "a drain stops new cohorts of a split, and done is at complete"),
        ("a/drain", {"off": True}, 409, "a does not drain"),
        ("a/pin", {"cohort": "x"}, 409, "no cohort 'x' is pinned on a"),
        ("a/pin", {"cohort": "", "side": "new"}, 400, "cohort must be the key"),
        ("a/pin", {"cohort": "x", "side": "old"}, 400, "the body must be JSON"),
        ("a/pin", {"cohort": "x", "side": "new", "reason": "x" * 4_001}, 400, "length <= 4000 - at `$.reason`"),
        ("a/hold", {"reason": "x" * 4_001}, 400, "length <= 4000 - at `$.reason`"),
        ("a/hold", {"by": "x" * 401}, 400, "length <= 400 - at `$.by`"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": 0}, 400, "seconds must be at least 1"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": 1e-9}, 400, "at least 1 and at most 31622400"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": 0.99}, 400, "got 0.99; leave it out to pin"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": -3}, 400, "got -3; leave it out to pin"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": 1e300}, 400, "at most 31622400 (366 days), got 1e+300"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": float("nan")}, 400, "the body must be JSON"),
        ("a/pin", {"cohort": "x", "side": "new", "seconds": float("inf")}, 400, "the body must be JSON"),
        ("a/hold", {"seconds": 0}, 400, "unknown field `seconds`"),
        ("a/drain", {"seconds": 0}, 400, "unknown field `seconds`"),
        ("a/rollback", {"resaon": "x"}, 400, "unknown field `resaon`"),
        ("closed/rollback", {}, 404, "there is no route 'closed' that has a stage"),
        ("nothing/pin", {"cohort": "x", "side": "new"}, 404, "there is no route 'nothing'"),
        ("dome/hold", {}, 404, "'dome' that has a stage; did you mean done? GET /api/routes lists"),
        ("close/hold", {}, 404, "'close' that has a stage; GET /api/routes lists"),
    ],
)
async def test_a_refusal_says_why(port: Port, path: str, said: object, status: int, words: str) -> None:
    """Nothing is moved, and the problem's detail has the sentence."""
    found, body = await post(port, f"/api/routes/{path}", said)

    assert (found, words in body["detail"]) == (status, True), body
    assert (await port.parts.mover._store.standing()).version == 0


async def test_a_group_is_moved_together(port: Port) -> None:
    """Members that stand where the named one stood go with it; a route of no group does not."""
    await post(port, "/api/routes/b/rollback", {"reason": "bad"})
    together = [await place(port, name) for name in ("a", "b", "c")]
    await post(port, "/api/routes/c/resume")

    assert together == [("canary", 0.05), ("shadow", 0.0), ("shadow", 0.0)]
    assert await place(port, "b") == ("shadow", 0.0)


async def test_a_tag_that_is_old_is_refused(port: Port) -> None:
    """The tag of the last answer, or `*`, is taken; any other gets 412 and the present tag."""
    _, first = await post(port, "/api/routes/a/hold", **{"If-Match": '"v0"'})
    late, told = await post(port, "/api/routes/a/resume", **{"If-Match": '"v0"'})
    assert "when you looked (hold by admin API, 127.0.0.1, at canary 5%, at 20" in told["detail"]
    assert "look again with `banyan status --route a` or GET /api/routes/a" in told["detail"]
    assert f"its tag is {told['tag'].strip(chr(34))} now" in told["detail"]
    known, _ = await post(port, "/api/routes/a/resume", **{"If-Match": f'"other", {first["tag"]}'})
    star, _ = await post(port, "/api/routes/a/hold", **{"If-Match": "*"})

    assert (late, told["tag"], known, star) == (412, first["tag"], 200, 200)


async def test_a_preview_says_who_moved_the_route_last(port: Port) -> None:
    """What it was, by whom, from where to where, how long ago; of a route that nobody moved nothing."""
    _, untouched = await post(port, "/api/routes/a/promote", {"preview": True})
    await post(port, "/api/routes/a/promote", {"by": "ann"})
    _, moved = await post(port, "/api/routes/a/promote", {"preview": True})

    assert "latest" not in untouched or untouched["latest"] is None
    assert moved["latest"]["sentence"] == "promote by ann, canary 5% → canary 50%"
    assert moved["latest"]["seconds"] >= 0.0


async def test_of_two_promotions_on_what_both_saw_one_is_made(port: Port) -> None:
    """The other is told by whom the route was moved meanwhile, and to where."""
    _, shown = await post(port, "/api/routes/a/promote", {"preview": True})
    tags = {"If-Match": shown["tag"]}
    both = await asyncio.gather(*(post(port, "/api/routes/a/promote", {"by": by}, **tags) for by in ("ann", "bob")))

    assert sorted(status for status, _ in both) == [200, 412]
    assert await place(port, "a") == ("canary", 0.5)
    told = next(body["detail"] for status, body in both if status == 412)
    assert "promote by ann, canary 5% → canary 50%" in told or "promote by bob, canary 5% → canary 50%" in told


async def test_a_worker_that_does_not_follow_is_not_done(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes after a while, says `done: false`, and names who does not obey."""
    monkeypatch.setattr("proxy.control.admin.orders.acknowledged.WITHIN", 0.1)
    port.workers[0].obeys = False
    status, body = await post(port, "/api/routes/a/rollback")

    assert (status, body["done"], [each["obeys"] for each in body["instances"]]) == (200, False, [False])


async def test_pins_and_drains_are_told_to_workers(port: Port) -> None:
    """Each order reaches the worker whole, and leaves it when it is taken back."""
    await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": "new", "seconds": 3600})
    await post(port, "/api/routes/a/drain", {"reason": "maintenance"})
    told = port.workers[0].orders.routes[0]
    async with port.client.get(port.url + "/api/routes/a") as answer:
        runs = (await answer.json())["runs"]
    await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": None})
    await post(port, "/api/routes/a/drain", {"off": True})

    assert (told.pins, told.drained, told.stage, told.split) == ([("acme", "new")], True, "canary", 0.05)
    assert (runs["drains"], runs["pins"]) == (True, {"acme": "new"})
    assert port.workers[0].orders.routes == []


async def test_moves_of_a_route_that_never_was_are_not_asked_for(port: Port) -> None:
    """A name that is mistyped is not an empty history. A route that was removed or renamed still has its own."""

    async def ask(route: str) -> tuple[int, Any]:
        async with port.client.get(f"{port.url}/api/transitions?route={route}") as answer:
            body = await answer.json(content_type=None)
            return answer.status, body["detail"] if answer.status == 404 else [
                each["route"] for each in body["transitions"]
            ]

    await post(port, "/api/routes/a/rollback")
    await post(port, "/api/routes/done/hold")
    before = [await ask(each) for each in ("b", "closed", "donne", "")]
    port.running.take(table("name: renamed, was: a, match: /a, stage: shadow"), port.running.reload)
    await port.parts.judge.reconciling.follow()

    assert before[:2] == [(200, []), (200, [])]
    assert before[2][0] == 404
    assert "there is no route 'donne'; did you mean done?" in before[2][1]
    assert before[3] == (200, ["done", "a"])
    assert [(await ask(each))[0] for each in ("a", "renamed", "done", "b")] == [200, 200, 200, 404]


@pytest.mark.parametrize("limit", ["0", "1001", "many", "9" * 5000])
async def test_a_limit_out_of_bounds_is_refused(port: Port, limit: str) -> None:
    """So that nobody reads the whole history by accident."""
    async with port.client.get(f"{port.url}/api/transitions?limit={limit}") as answer:
        assert answer.status == 400


async def test_metrics_show_where_routes_run(port: Port) -> None:
    """Stage, split and progress are those that run; each move is counted by cause."""
    await post(port, "/api/routes/a/promote")
    await post(port, "/api/routes/b/rollback")
    async with port.client.get(port.url + "/metrics") as answer:
        lines = (await answer.text()).splitlines()

    assert 'banyan_route_split_ratio{route="a"} 0.5' in lines
    assert 'banyan_route_stage{route="b",stage="shadow"} 1' in lines
    assert 'banyan_transitions_total{route="a",from="canary",to="canary",cause="operator"} 1' in lines
    assert 'banyan_transitions_total{route="c",from="canary",to="shadow",cause="operator"} 1' in lines
    assert "banyan_migration_progress_ratio 0.375" in lines


async def test_a_pin_ends_when_its_time_is_over(port: Port) -> None:
    """Nobody has to take it back."""
    await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": "new", "seconds": 1})
    pinned = port.workers[0].orders.routes[0].pins

    async def is_over() -> bool:
        await port.parts.judge.round()
        return not any(each.pins for each in port.workers[0].orders.routes)

    await until(is_over)

    assert pinned == [("acme", "new")]


async def test_an_epoch_is_begun_by_order(port: Port) -> None:
    """With actor and reason in the history, under a tag that holds; the route stays where it is, latch and all."""
    heard: list[tuple[str, int, str]] = []

    async def hear(*told: Any) -> None:  # noqa: ANN401 -- as they come
        heard.append(told)

    port.parts.asked.epoch_begun = hear
    _, before = await post(port, "/api/routes/b/rollback", {"reason": "broke"})
    late, _ = await post(port, "/api/routes/b/epoch", {}, **{"If-Match": '"v0"'})
    status, body = await post(
        port, "/api/routes/b/epoch", {"reason": "mended", "by": "ann"}, **{"If-Match": before["tag"]}
    )
    unmoved = await post(port, "/api/routes/a/epoch")
    async with port.client.get(port.url + "/api/transitions?route=b") as answer:
        moves = (await answer.json())["transitions"]

    assert (late, status, unmoved[0]) == (412, 200, 200)
    assert (body["runs"]["stage"], body["latched"], body["version"]) == ("shadow", True, before["version"] + 1)
    assert heard == [("b", 1, "ann: mended"), ("a", 1, "admin API, 127.0.0.1: a new epoch was ordered")]
    assert (moves[0]["actor"], moves[0]["reason"], moves[0]["cause"]) == ("ann", "mended", "operator")
    assert (moves[0]["from"], moves[0]["at"] >= moves[1]["at"]) == (moves[0]["to"], True)
    assert port.parts.here.positions["c"].begun == 0


async def test_epochs_are_listed(port: Port) -> None:
    """Nothing where nothing was compared; a route that is not there is said not to be."""
    found = []
    for route in ("a", "nowhere"):
        async with port.client.get(f"{port.url}/api/routes/{route}/epochs") as answer:
            found.append((answer.status, (await answer.json(content_type=None)).get("epochs")))

    assert found == [(200, []), (404, None)]


async def test_the_state_says_what_becomes_of_a_route_by_itself(port: Port) -> None:
    """Its ramp waits, or is at its end; it is on hold or rolled back; or there is no ramp."""

    async def states(*names: str) -> list[str]:
        async with port.client.get(f"{port.url}/api/routes") as answer:
            found = {each["name"]: each["state"] for each in (await answer.json())["routes"]}
        return [found[name] for name in names]

    first = await states("a", "b", "done", "closed")
    await post(port, "/api/routes/a/hold")
    await post(port, "/api/routes/b/rollback")
    then = await states("a", "b", "c")
    for _ in range(2):
        await post(port, "/api/routes/a/promote")
    await post(port, "/api/routes/a/resume")

    assert first == ["waiting", "waiting", "no_ramp", "no_ramp"]
    assert (then, await states("a")) == (["held", "latched", "latched"], ["complete"])


async def test_a_rollback_that_stands_is_done(port: Port) -> None:
    """The second answer is as good as the first, says that nothing was moved, and no move is recorded."""
    answers = [await post(port, "/api/routes/a/rollback") for _ in range(2)]
    async with port.client.get(port.url + "/api/transitions?route=a") as answer:
        moves = (await answer.json())["transitions"]

    assert [(status, body["moved"], body["done"], body["version"]) for status, body in answers] == [
        (200, True, True, 1),
        (200, False, True, 1),
    ]
    assert [each["to"]["stage"] for each in moves] == ["shadow"]


async def test_an_answer_is_about_the_move_that_it_made(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time that everybody obeys another order has come: the first answer still tells of its own move."""
    monkeypatch.setattr("proxy.control.admin.orders.acknowledged.WITHIN", 0.5)
    port.workers[0].obeys = False
    moved = asyncio.Event()
    port.parts.mover.made.append(lambda _: moved.set())
    first = asyncio.ensure_future(post(port, "/api/routes/a/rollback"))
    async with asyncio.timeout(60):
        await moved.wait()
    _, later = await post(port, "/api/routes/a/resume")
    _, told = await first

    assert (told["runs"]["stage"], told["latched"], told["version"], told["tag"]) == ("shadow", True, 1, '"v1"')
    assert (later["latched"], later["version"], later["tag"]) == (False, 2, '"v2"')


async def test_members_of_a_group_are_told_of(port: Port) -> None:
    """The answer lists those that stood where the named one stood: moved with it, or not, and why."""
    _, together = await post(port, "/api/routes/b/promote")
    await post(port, "/api/routes/c/rollback", {"step": True})
    _, stepped = await post(port, "/api/routes/b/resume")

    assert together["group"] == [
        {"route": "c", "runs": {"stage": "canary", "split": 0.5}, "version": 1, "moved": True, "why": ""}
    ]
    assert [(each["route"], each["moved"]) for each in stepped["group"]] == [("c", True)]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("pin", {"cohort": "other", "side": "new"}),
        ("pin", {"cohort": "acme"}),
        ("drain", {}),
        ("drain", {"off": True}),
        ("rollback", {}),
    ],
)
@pytest.mark.parametrize("changed", [{"side": "legacy"}, {"side": "new", "seconds": 3600}])
async def test_a_tag_holds_for_pins_and_names_their_sides(
    port: Port, path: str, said: dict[str, object], changed: dict[str, object]
) -> None:
    """A pin that was turned to the other side, or was given an end, makes the tag an old one for every order."""
    _, seen = await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": "new"}, **{"If-Match": '"v0"'})
    _, now = await post(port, "/api/routes/a/pin", {"cohort": "acme", **changed}, **{"If-Match": seen["tag"]})
    await post(port, "/api/routes/b/hold")
    before = port.parts.here.standing.version
    late, told = await post(port, f"/api/routes/a/{path}", said, **{"If-Match": seen["tag"]})

    assert (late, told["tag"]) == (412, now["tag"])
    assert port.parts.here.standing.version == before
    if path != "drain" or "off" not in said:
        assert (await post(port, f"/api/routes/a/{path}", said, **{"If-Match": now["tag"]}))[0] == 200


async def test_a_pin_is_not_set_on_what_changed_at_the_last_moment(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order on the route in between refuses it, though it was seen too late; one on another route does not."""
    store = port.parts.asked.store
    inner, orders = store.set_pin, ["b", "a"]

    async def set_pin(pin: Pin, standing: int | None = None, holds: Sequence[int] = ()) -> bool:
        if orders and standing is not None:
            await post(port, f"/api/routes/{orders.pop(0)}/hold")
        return await inner(pin, standing, holds)

    monkeypatch.setattr(store, "set_pin", set_pin)
    late, _ = await post(port, "/api/routes/a/pin", {"cohort": "acme", "side": "new"}, **{"If-Match": '"v0"'})

    assert (late, orders) == (412, [])
    assert port.parts.here.pins("a") == ()
