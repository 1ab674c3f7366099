"""What an edit of routes.yaml leaves on record, route by route, and a file that is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.control.position.edit_records import MOST, EditRecords
from proxy.control.position.record_writer import RecordWriter
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.routing.snapshot import Snapshot
from proxy.store.positions import PositionStore
from tests.config.given_files import snapshot
from tests.control.stands import START, Clock

FILE = """\
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: { url: "http://legacy.internal:3000" }
  new: { url: "http://new.internal:3000" }
routes:
  - name: orders
    match: /orders/{id}
    stage: shadow
  - name: rest
    match: /**
    stage: legacy
"""
RULE = "compare: { ignore: [{ path: $.total, reason: rounds half up, owner: team, until: never }] }"


class Recorded:
    """A store that says what it was given."""

    def __init__(self) -> None:
        self.orders: list[OrderRecord] = []

    async def record(self, order: OrderRecord) -> None:
        self.orders.append(order)


def edited(old: str, new: str, text: str = FILE) -> tuple[Snapshot, Snapshot]:
    assert old in text
    return snapshot(text), snapshot(text.replace(old, new, 1))


async def recorded(
    give: Callable[[EditRecords], None], has_moves: Callable[[str], bool] = lambda _: False
) -> list[OrderRecord]:
    """What was put on record when this was given."""
    store = Recorded()

    async def kept() -> None:
        pass

    writer = RecordWriter(as_store(store), "one", Clock(), kept)
    give(EditRecords(writer, has_moves))
    while writer.is_behind:
        await writer.write()
    return store.orders


def as_store(store: Recorded) -> PositionStore:
    return store  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("stage: shadow", "stage: shadow\n    fallback: legacy", [("orders", "fallback")]),
        ("stage: shadow", "stage: live\n    timeout: {response: 1s}", [("orders", "stage, timeout")]),
        ("stage: shadow", f"stage: shadow\n    {RULE}", [("orders", "compare: ignore $.total (team: rounds half up)")]),
        ("stage: shadow", "stage: shadow\n    compare: {secrets: [iban]}", [("orders", "compare")]),
        ("/orders/{id}", "/orders/{number}/x", [("orders", "match")]),
        ("name: rest", "name: others", [("others", "it is new"), ("rest", "it is gone")]),
        ("name: orders", "name: orders.show\n    was: orders", [("orders.show", "name, was")]),
        ("new.internal", "crm.internal", [("", "upstreams.new")]),
        ("version: 1", "version: 1\ndrain: 5s", [("", "drain")]),
        ("version: 1", "version: 1  # one", []),
    ],
)
async def test_each_route_is_on_record_with_what_it_says_otherwise(
    old: str, new: str, said: list[tuple[str, str]]
) -> None:
    """By names of keys, a rule with who accepted it; what is no route's is of all; a comment is no edit of anything."""
    before, after = edited(old, new)
    found = await recorded(lambda records: records.taken(before, after))

    assert [(each.route, each.reason) for each in found] == [
        (route, f"{what} (revision {after.revision})") for route, what in said
    ]
    assert {(each.kind, each.actor, each.at, each.instance) for each in found} <= {
        (OrderKind.EDIT, "routes.yaml", START, "one")
    }


async def test_an_edit_within_a_block_names_its_keys() -> None:
    """By the words of the file, as deep as they stand; a block that comes is named itself."""
    ramp = "stage: shadow\n    guard: {one_way_door: live}\n    ramp: {steps: [10%], needs: {compared: 200}}"
    other = "stage: shadow\n    guard: {one_way_door: complete}\n    ramp: {steps: [20%], needs: {compared: 300}}"
    come = edited("stage: shadow", ramp)
    changed = edited(ramp, other, FILE.replace("stage: shadow", ramp))
    said = [(await recorded(lambda records, pair=pair: records.taken(*pair)))[0].reason for pair in (come, changed)]  # type: ignore[misc]

    assert said[0].startswith("ramp, guard.one_way_door (") or said[0].startswith("guard.one_way_door, ramp (")
    assert said[1].partition(" (")[0].split(", ") == ["guard.one_way_door", "ramp.steps", "ramp.needs.compared"]


async def test_a_rule_that_goes_is_told_as_well() -> None:
    """So is the operator's word about noise."""
    words = "compare: { noisy: [{ path: $.at, reason: a clock, owner: ann, until: never }] }"
    before, after = edited(RULE, words, FILE.replace("stage: shadow", f"stage: shadow\n    {RULE}"))
    (found,) = await recorded(lambda records: records.taken(before, after))

    assert found.reason.startswith("compare: noisy $.at (ann: a clock); compare: ignore $.total is gone (revision ")


async def test_a_place_that_is_a_move_is_told_once() -> None:
    """A route that has moves has its stage and split there; what else was edited is told here."""
    before, after = edited("stage: shadow", "stage: live\n    fallback: legacy")
    alone = edited("stage: shadow", "stage: live")
    (both,) = await recorded(lambda records: records.taken(before, after), lambda route: route == "orders")

    assert both.reason.startswith("fallback (")
    assert await recorded(lambda records: records.taken(*alone), lambda route: route == "orders") == []


async def test_an_edit_of_many_routes_is_one_record() -> None:
    """With the first names, so that no record pushes a thousand others out."""
    routes = "".join(f"  - {{name: r{at}, match: /r/{at}, stage: legacy}}\n" for at in range(MOST + 3))
    before, after = edited("  - name: rest", f"{routes}  - name: rest")
    (found,) = await recorded(lambda records: records.taken(before, after))

    assert found.route == ""
    assert found.reason == f"{', '.join(f'r{at}' for at in range(MOST))} and 3 more (revision {after.revision})"


async def test_a_refused_file_is_on_record_with_its_first_problem() -> None:
    """And how many more there are; it is about all routes, as the last good file goes on."""
    one, more = [
        (await recorded(lambda records, said=said: records.refused(said)))[0]  # type: ignore[misc]
        for said in (["routes.yaml:1:1: bad"], ["routes.yaml:1:1: bad", "b", "c"])
    ]

    assert (one.kind, one.route, one.reason) == (OrderKind.REFUSE, "", "not taken: routes.yaml:1:1: bad")
    assert more.reason == "not taken: routes.yaml:1:1: bad and 2 more"
