"""What the answer to a promotion says beside the move."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.ramp import Fault, Measures
from proxy.core.judge.reach import SeenCohorts
from proxy.core.judge.verdict import Case, judge
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.routing.snapshot import Snapshot
from tests.control.admin.orders.test_moves import post
from tests.control.conftest import Open, Port
from tests.control.stands import HEAD

UNSEEN = "wrong answers of new go unseen there"

ROUTES = (
    "name: read, match: /read, stage: shadow, ramp: {steps: [5%, 50%]}",
    "name: b, match: GET /b, stage: shadow, group: g",
    "name: make, match: POST /make, stage: shadow, group: g",
    'name: dry, match: POST /dry, stage: canary, split: "98%", shadow: {writes: dry_run}, new: dryer',
    "name: alone, match: /alone, stage: shadow, shadow: {sample: 0%}",
)


def routes() -> Snapshot:
    text = HEAD.replace("{legacy:", '{dryer: {url: "http://127.0.0.1:3", dry_run: /-/dry}, legacy:') + "routes:\n"
    found = load_text(text + "".join(f"  - {{{each}}}\n" for each in ROUTES), "routes.yaml", {})
    assert isinstance(found, Loaded), found
    return found.snapshot


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A port with a token and these routes; comparisons of `read` at shadow have proved mismatches."""
    made = await open_port(token="t", snapshot=routes())
    made.client.headers["Authorization"] = "Bearer t"
    await made.worker()
    read = made.running.snapshot.routes[0]
    position = made.parts.here.position(read)
    measures = Measures(compared=200, mismatched=100, newest_at=position.since + 1)
    case = Case(position=position, now=position.since + 2, guard=read.guard, ramp=read.ramp, measures=measures)
    made.parts.judge.judging.rulings = {"read": judge(case)}
    return made


async def test_mismatches_that_are_proved_are_told(port: Port) -> None:
    """The promotion is made all the same; a further one is about a place of which nothing is known yet."""
    status, first = await post(port, "/api/routes/read/promote")
    _, second = await post(port, "/api/routes/read/promote")

    assert (status, first["runs"], second["notes"]) == (200, {"stage": "canary", "split": 0.05}, [])
    proved = "mismatches are proved to be above 37.2 %; at most 1 % may be"
    shows = "`banyan mismatches read` shows what differs"
    assert first["notes"] == [f"{proved}: the judge would not have promoted it; {shows}"]


async def test_a_need_that_failed_is_told(port: Port) -> None:
    """A difference of high severity, and a share that could not be compared: each with what it says; none is open."""
    read = port.running.snapshot.routes[0]
    position = port.parts.here.position(read)
    now = position.since + 2
    fault = Fault(seen=1, before=10, since=0, last_seen=now)
    pairs = PairCounts(2_000, (("timed_out", 98),))
    measures = Measures(compared=2_000, newest_at=now, faults=(fault,), pairs=pairs)
    case = Case(position=position, now=now, guard=read.guard, ramp=read.ramp, measures=measures)
    port.parts.judge.judging.rulings = {"read": judge(case)}
    _, body = await post(port, "/api/routes/read/promote")

    would = ": the judge would not have promoted it"
    high, incomparable = body["notes"]
    kind = "1 kind of difference of high severity that nobody has accepted"
    assert high == f"{kind}{would}; `banyan mismatches read` shows what differs"
    assert incomparable.startswith("4.9 % could not be compared; at most 1 % may be (98 too late on one side; ")
    assert incomparable.endswith(would)


async def test_an_alarm_at_shadow_is_told(port: Port) -> None:
    """A breaker that is open speaks against a step as mismatches do."""
    read = port.running.snapshot.routes[0]
    position = port.parts.here.position(read)
    row = FailureRow(opened_at=position.since + 1, why="5 answers of new in a row failed")
    case = Case(position=position, now=position.since + 2, guard=read.guard, ramp=read.ramp, breaker=row)
    port.parts.judge.judging.rulings = {"read": judge(case)}
    _, body = await post(port, "/api/routes/read/promote")

    assert body["notes"][0] == f"{row.sentence}: the judge would not have promoted it"


@pytest.mark.parametrize(("lowest", "notes"), [(0.07, 1), (0.03, 0)])
async def test_a_split_that_draws_nobody_is_told(port: Port, lowest: float, notes: int) -> None:
    """The move is made; of the cohorts that have asked none is drawn below the split of its step."""
    port.parts.judge.judging.rulings = {}
    port.parts.judge.judging.cohorts = lambda _: SeenCohorts(60, 900, lowest)
    _, body = await post(port, "/api/routes/read/promote")

    none = "none of the about 60 cohorts seen is drawn below 5 %, the lowest is at 7 %"
    assert body["notes"] == [f"{none}: new answers nobody at canary 5%, but pinned cohorts"] * notes


async def test_requests_that_repeat_are_told(port: Port) -> None:
    """What they bring a day is said beside what the step needs that they now have to meet."""
    read = port.running.snapshot.routes[0]
    position = port.parts.here.position(read)
    measures = Measures(compared=360, pairs=PairCounts(2_000, repeated=2_000))
    case = Case(position=position, now=position.since + 2, guard=read.guard, ramp=read.ramp, measures=measures)
    port.parts.judge.judging.rulings = {"read": judge(case)}
    _, body = await post(port, "/api/routes/read/promote")

    (note,) = body["notes"]
    assert note.endswith("about 360 comparisons a day come; canary 5% needs 1,000 as well, if `needs` stays as it is")


async def test_other_orders_say_nothing_of_it(port: Port) -> None:
    """A rollback and a hold need no warning; of the step that goes on, or begins anew, is told where a route climbs."""
    verbs = ("hold", "resume", "promote", "hold", "resume", "rollback")
    found = [(await post(port, f"/api/routes/read/{verb}"))[1]["notes"] for verb in verbs]
    other = [(await post(port, f"/api/routes/make/{verb}"))[1]["notes"] for verb in ("hold", "resume")]

    goes_on = "its step at {} goes on; `banyan resume read` begins it anew"
    anew = "the hold ended: it climbs again from {}, and the step begins anew"
    assert [*found[:2], *found[3:]] == [
        [goes_on.format("shadow")],
        [anew.format("shadow")],
        [goes_on.format("canary 5%")],
        [anew.format("canary 5%")],
        [],
    ]
    assert other == [[], ["the hold ended: it runs as routes.yaml says"]]


async def test_at_the_end_of_its_ramp_a_route_climbs_no_more(port: Port) -> None:
    """A hold there keeps no step, and its end begins none."""
    for _ in range(8):
        await post(port, "/api/routes/read/promote")
    hold, resume = [(await post(port, f"/api/routes/read/{verb}"))[1] for verb in ("hold", "resume")]

    assert (hold["runs"]["stage"], hold["notes"]) == ("live", [])
    assert resume["notes"] == ["the hold ended: it stays at live, as its ramp ends at live; the guard begins anew"]


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("make", f"canary 1%, as it changes something and has no dry run (`shadow: {{writes: dry_run}}`): {UNSEEN}"),
        ("dry", f"live, as legacy cannot be asked to dry-run a write: {UNSEEN}"),
        ("alone", f"canary 1%, as it is not shadowed: {UNSEEN}"),
    ],
)
async def test_a_route_of_which_nothing_is_compared_is_promoted_and_said_to_be(
    port: Port, route: str, said: str
) -> None:
    """By its method and place, its dry run and its sample."""
    status, body = await post(port, f"/api/routes/{route}/promote")

    assert (status, body["moved"], body["notes"]) == (200, True, [f"nothing of it is compared at {said}"])


async def test_a_member_that_goes_along_is_named(port: Port) -> None:
    """The route itself is compared, the one that its group takes along is not."""
    _, body = await post(port, "/api/routes/b/promote")

    assert [each.partition(" is compared")[0] for each in body["notes"]] == ["make of its group: nothing of it"]
