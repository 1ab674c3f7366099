from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxy.core.http.request import RequestHead
from proxy.core.http.request_context import RequestContext
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.decide import Decision, Reason, decide
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import Respond, Route
from proxy.core.routing.split import draw
from proxy.core.routing.split_exceptions import SplitExceptions, decide_pinned, exceptions_of
from proxy.core.routing.tie import Tie
from proxy.core.stage import Stage
from tests.core.asking import asking

IP = b"203.0.113.7"
BOTH = frozenset(Side)
NEW, LEGACY = Side.NEW, Side.LEGACY
TENANT = CohortSource(SourceKind.HEADER, "t")
NO_PINS: Mapping[bytes, Side] = {}
STAY = Tie(stay=(CohortSource(SourceKind.QUERY, "state"),))


def route(stage: Stage = Stage.CANARY, split: float = 0.0, tie: Tie | None = None, **more: object) -> Route:
    pattern = parse_pattern("/**")
    assert isinstance(pattern, PathPattern)
    cohort = more.pop("cohort", (TENANT,))
    return Route(name="a", index=0, pattern=pattern, stage=stage, split=split, tie=tie, cohort=cohort, **more)  # type: ignore[arg-type]


def visit(**known: Side | None) -> RequestContext:
    found = RequestContext()
    for name, side in known.items():
        setattr(found, name, side)
    return found


def decided(where: Route, found: RequestContext | None = None, tenant: bytes = b"7") -> Decision:
    exceptions = exceptions_of(where, BOTH, NO_PINS, None, choosers=True)
    assert exceptions is not None
    head = asking(fields=[(b"t", tenant)])
    head.visit = found
    return decide_pinned(where, where.salt, head, IP, exceptions)


def test_a_route_without_any_has_no_exceptions() -> None:
    """So that a request of it pays for none; pins to a side that is not there count for nothing."""
    lonely = Tie(pins=((b"7", NEW),))

    assert exceptions_of(route(), BOTH, NO_PINS, None, choosers=False) is None
    assert exceptions_of(route(tie=lonely), frozenset({LEGACY}), {b"8": NEW}, None, choosers=False) is None


@pytest.mark.parametrize("stage", [Stage.COMPLETE, Stage.RETIRED])
def test_where_legacy_is_gone_there_are_none(stage: Stage) -> None:
    """Whatever the file, orders and clients say; neither has Banyan's own answer any."""
    assert exceptions_of(route(stage, tie=STAY), BOTH, {b"7": LEGACY}, None, choosers=True) is None
    own = route(Stage.LEGACY, respond=Respond(status=403))
    assert exceptions_of(own, BOTH, {b"7": NEW}, None, choosers=True) is None


@pytest.mark.parametrize(
    ("tie", "cohort", "recalls"),
    [
        (None, (TENANT,), False),
        (Tie(pins=((b"7", NEW),)), (TENANT,), False),
        (STAY, (TENANT,), True),
        (Tie(affinity=1.0), (TENANT,), True),
        (None, (TENANT, CohortSource(SourceKind.ANONYMOUS)), True),
    ],
)
def test_only_what_is_remembered_is_looked_up(
    tie: Tie | None, cohort: tuple[CohortSource, ...], *, recalls: bool
) -> None:
    """Flows, writes and anonymous cohorts; pins alone are not."""
    found = exceptions_of(route(tie=tie, cohort=cohort), BOTH, {b"9": NEW}, None, choosers=False)

    assert found is not None
    assert found.recalls is recalls


def test_an_ordered_pin_outranks_one_of_the_file() -> None:
    """The file's other pins stay."""
    written = Tie(pins=((b"7", NEW), (b"8", NEW)))
    found = exceptions_of(route(tie=written), BOTH, {b"7": LEGACY}, None, choosers=False)

    assert found is not None
    assert found.sides == {b"7": LEGACY, b"8": NEW}


def test_a_pin_of_a_path_holds_in_every_spelling() -> None:
    """Written encoded or not, and the later one outranks the earlier; keys of other sources are compared as sent."""
    tenant = CohortSource(SourceKind.PATH, "tenant", 1)
    written = Tie(pins=((b"%41cme", NEW), (b"%c3%a9", NEW)))
    by_path = exceptions_of(route(tie=written, cohort=(tenant,)), BOTH, {b"Acme": LEGACY}, None, choosers=False)
    by_field = exceptions_of(route(tie=written), BOTH, NO_PINS, None, choosers=False)

    assert by_path is not None
    assert (by_path.sides[b"Acme"], by_path.sides[b"%C3%A9"]) == (LEGACY, NEW)
    assert by_field is not None
    assert by_field.sides == {b"%41cme": NEW, b"%c3%a9": NEW}


@pytest.mark.parametrize(
    ("known", "serve", "reason"),
    [
        ({"asked": LEGACY, "stays": NEW, "follows": NEW}, LEGACY, Reason.PINNED),
        ({"stays": LEGACY, "follows": NEW}, LEGACY, Reason.STAYS),
        ({"follows": LEGACY}, LEGACY, Reason.AFFINITY),
        ({}, NEW, Reason.STAGE),
    ],
)
def test_the_first_that_holds_decides(known: dict[str, Side], serve: Side, reason: Reason) -> None:
    """A choice, a flow, a write, and then the stage; a draw is said where something but the stage decided."""
    found = decided(route(Stage.LIVE, tie=STAY), visit(**known))

    assert (found.serve, found.reason) == (serve, reason)
    number = draw(route().salt, b"header:7")
    assert (found.draw, found.source) == ((None, None) if reason is Reason.STAGE else (number, TENANT))


def test_a_cohorts_pin_stands_between_a_choice_and_a_flow() -> None:
    """Whoever may choose may choose against it; a flow may not."""
    pinned = route(Stage.LIVE, tie=Tie(pins=((b"7", LEGACY),), stay=STAY.stay))

    assert decided(pinned, visit(stays=NEW)).reason is Reason.PINNED
    assert decided(pinned, visit(asked=NEW)).serve is NEW
    assert decided(pinned, None)[:3] == (LEGACY, None, Reason.PINNED)
    assert decided(pinned, visit(stays=LEGACY), tenant=b"8").reason is Reason.STAYS


@pytest.mark.parametrize("stage", Stage)
def test_flows_stay_where_both_sides_are(stage: Stage) -> None:
    """At legacy new may lack what the flow needs; a choice is obeyed there, which is how new is tried."""
    where = route(stage, tie=STAY)
    if stage in (Stage.COMPLETE, Stage.RETIRED):
        return
    both = stage is not Stage.LEGACY

    assert decided(where, visit(stays=NEW)).serve is (NEW if both else LEGACY)
    assert decided(where, visit(follows=NEW)).serve is (NEW if both else LEGACY)
    assert decided(where, visit(asked=NEW)).serve is NEW


def test_a_side_without_upstream_is_not_chosen() -> None:
    """Nor stayed on."""
    where = route(Stage.LEGACY, tie=STAY)
    exceptions = exceptions_of(where, frozenset({LEGACY}), NO_PINS, None, choosers=True)
    assert exceptions is not None
    head = asking()
    head.visit = visit(asked=NEW, stays=NEW, follows=NEW)

    assert decide_pinned(where, where.salt, head, IP, exceptions) == decide(where, head, IP)


def test_without_anything_known_the_draw_decides() -> None:
    """As `decide` says."""
    where = route(split=0.5, tie=STAY)
    for tenant in map(b"t%d".__mod__, range(20)):
        head: RequestHead = asking(fields=[(b"t", tenant)])

        assert decided(where, visit(), tenant) == decided(where, None, tenant) == decide(where, head, IP)


def test_a_drain_lets_those_stay_that_are_there() -> None:
    """New serves whom it has served lately, and flows that began there; everybody else goes to legacy."""
    where = route(split=1.0, cohort=(CLIENT_IP,), tie=STAY)
    number = draw(where.salt, b"client_ip:" + IP)
    head = asking()
    for present, flow, side, reason in (
        ([number], None, NEW, Reason.BELOW_SPLIT),
        ([], None, LEGACY, Reason.DRAINED),
        ([], visit(stays=NEW), NEW, Reason.STAYS),
    ):
        exceptions = exceptions_of(where, BOTH, NO_PINS, present, choosers=False)
        assert isinstance(exceptions, SplitExceptions)
        head.visit = flow
        found = decide_pinned(where, where.salt, head, IP, exceptions)

        assert (found.serve, found.reason, found.draw) == (side, reason, number)


def test_an_anonymous_cohort_is_what_the_visit_says() -> None:
    """Without a visit, or with none in it, the client's address stands in."""
    where = route(split=0.5, cohort=(TENANT, CohortSource(SourceKind.ANONYMOUS)))
    head = asking()
    addressed = decide(where, head, IP)
    head.visit = RequestContext()
    assert decide(where, head, IP) == addressed
    assert addressed.source == CLIENT_IP
    head.visit.anonymous = b"0123456789abcdef"
    found = decide(where, head, IP)

    assert found.source == CohortSource(SourceKind.ANONYMOUS)
    assert found.draw == draw(where.salt, b"anonymous:0123456789abcdef")
    assert CohortSource(SourceKind.ANONYMOUS).fields == {b"cookie"}
