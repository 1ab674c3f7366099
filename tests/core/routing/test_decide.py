from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.decide import Decision, Reason, decide, decide_by_draw, settled
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import Respond, Route
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.split import draw, salt_of
from proxy.core.stage import Stage

IP = b"203.0.113.7"
TENANT = CohortSource(SourceKind.HEADER, "x-tenant-id")
TINY = 0.0001
"""The smallest split that routes.yaml can say: 0.01 %."""


def route(
    stage: Stage = Stage.CANARY, split: float = 0.0, *, group: str = "", name: str = "orders", tenant: bool = True
) -> Route:
    pattern = parse_pattern("/orders/{id}")
    assert isinstance(pattern, PathPattern)
    cohort = (TENANT,) if tenant else (CLIENT_IP,)
    return Route(name=name, index=0, pattern=pattern, stage=stage, split=split, group=group, cohort=cohort)


def request(tenant: bytes = b"") -> RequestHead:
    field = b"X-Tenant-Id: " + tenant + b"\r\n" if tenant else b""
    head = RequestReader(frozenset({b"x-tenant-id"})).read(b"GET /orders/7 HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n")
    assert isinstance(head, RequestHead)
    return head


def first_below(split: float) -> bytes:
    """A tenant whose draw is below it."""
    return next(key for key in map(b"t%d".__mod__, range(100_000)) if draw(salt_of("orders"), b"header:" + key) < split)


LOW, HIGH = first_below(TINY), b"t0"
LOW_DRAW, HIGH_DRAW = (draw(salt_of("orders"), b"header:" + tenant) for tenant in (LOW, HIGH))


@pytest.mark.parametrize("split", [0.0, TINY, 0.5, 1.0])
@pytest.mark.parametrize(
    ("stage", "serve"),
    [
        (Stage.LEGACY, Side.LEGACY),
        (Stage.SHADOW, Side.LEGACY),
        (Stage.LIVE, Side.NEW),
        (Stage.COMPLETE, Side.NEW),
    ],
)
def test_a_settled_stage_serves_everyone_alike(stage: Stage, serve: Side, split: float) -> None:
    """In these stages the split says nothing, nothing is drawn and no cohort is asked for."""
    decision = Decision(serve, None, Reason.STAGE)

    assert settled(route(stage, split)) == decision
    assert decide(route(stage, split), request(LOW), IP) == decision


@pytest.mark.parametrize(
    ("split", "tenant", "serve", "reason", "number"),
    [
        (0.0, LOW, Side.LEGACY, Reason.ABOVE_SPLIT, LOW_DRAW),
        (0.0, HIGH, Side.LEGACY, Reason.ABOVE_SPLIT, HIGH_DRAW),
        (TINY, LOW, Side.NEW, Reason.BELOW_SPLIT, LOW_DRAW),
        (TINY, HIGH, Side.LEGACY, Reason.ABOVE_SPLIT, HIGH_DRAW),
        (1.0, LOW, Side.NEW, Reason.BELOW_SPLIT, LOW_DRAW),
        (1.0, HIGH, Side.NEW, Reason.BELOW_SPLIT, HIGH_DRAW),
        (LOW_DRAW, LOW, Side.LEGACY, Reason.ABOVE_SPLIT, LOW_DRAW),
    ],
    ids=["0 low", "0 high", "tiny low", "tiny high", "1 low", "1 high", "equal to the draw"],
)
def test_a_canary_serves_new_below_the_split(
    split: float, tenant: bytes, serve: Side, reason: Reason, number: float
) -> None:
    """The draw decides and travels in the decision; at 0 nobody and at 1 everybody is served by new."""
    canary = route(Stage.CANARY, split)

    assert settled(canary) is None
    assert decide(canary, request(tenant), IP) == Decision(serve, None, reason, number, TENANT)


@pytest.mark.parametrize(
    ("split", "tenant", "decision"),
    [
        (0.0, LOW, Decision(Side.NEW, None, Reason.ABOVE_SPLIT, LOW_DRAW, TENANT)),
        (TINY, LOW, Decision(None, None, Reason.RETIRED, LOW_DRAW, TENANT)),
        (TINY, HIGH, Decision(Side.NEW, None, Reason.ABOVE_SPLIT, HIGH_DRAW, TENANT)),
        (1.0, LOW, Decision(None, None, Reason.RETIRED)),
        (1.0, HIGH, Decision(None, None, Reason.RETIRED)),
    ],
    ids=["0", "brown-out hit", "brown-out spared", "1 low", "1 high"],
)
def test_a_brown_out_retires_its_share_and_new_serves_the_rest(split: float, tenant: bytes, decision: Decision) -> None:
    """Retired by halves: the split's cohorts get Banyan's own answer, the others still the new side's."""
    assert decide(route(Stage.RETIRED, split), request(tenant), IP) == decision


def test_a_route_is_retired_whole_without_a_draw() -> None:
    """At a split of 1 nothing needs to be drawn; below it something does."""
    assert settled(route(Stage.RETIRED, 1.0)) == Decision(None, None, Reason.RETIRED)
    assert settled(route(Stage.RETIRED, 0.9999)) is None


@pytest.mark.parametrize("stage", Stage)
def test_a_local_answer_comes_before_every_stage(stage: Stage) -> None:
    """`respond` is answered by Banyan, whatever stage the route would be in."""
    pattern = parse_pattern("/admin/**")
    assert isinstance(pattern, PathPattern)
    local = Route(name="admin", index=0, pattern=pattern, stage=stage, split=0.5, respond=Respond(status=403))

    assert decide(local, request(), IP) == Decision(None, None, Reason.RESPOND)


def test_who_names_no_cohort_is_drawn_by_address() -> None:
    """A request without any of the route's sources still has a place: its client's address."""
    decision = decide(route(split=0.5), request(), IP)

    assert decision.source == CLIENT_IP
    assert decision.draw == draw(salt_of("orders"), b"client_ip:" + IP)


def test_the_same_key_from_another_source_is_another_cohort() -> None:
    """A tenant called like somebody's address shares nothing with it."""
    by_tenant, by_address = (decide(route(split=0.5, tenant=tenant), request(IP), IP) for tenant in (True, False))

    assert by_tenant.draw != by_address.draw


@given(st.integers(0, 1000), st.floats(0, 1))
def test_routes_of_one_group_decide_alike(number: int, split: float) -> None:
    """One tenant moves on all routes of a group together, and on a route of its own as its name says."""
    tenant = b"t%d" % number
    orders, invoices = (route(split=split, group="crm", name=name) for name in ("orders", "invoices"))
    alone = route(split=split, name="invoices")

    assert decide(orders, request(tenant), IP) == decide(invoices, request(tenant), IP)
    assert decide(alone, request(tenant), IP).draw == draw(salt_of("invoices"), b"header:" + tenant)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_raising_the_split_takes_nobody_back(one: float, other: float, number: int) -> None:
    """Whoever new serves at a split, it serves at every higher one, for the same reason and with the same draw."""
    low, high = (decide(route(split=split), request(b"t%d" % number), IP) for split in sorted((one, other)))

    assert low.draw == high.draw
    assert low.serve is Side.LEGACY or high.serve is Side.NEW


def test_a_salt_that_the_caller_kept_decides_the_same() -> None:
    """The hot path hands over the route's salt instead of hashing its name again."""
    canary = route(split=0.5)

    assert decide_by_draw(canary, canary.salt, request(HIGH), IP) == decide(canary, request(HIGH), IP)


def test_reasons_are_a_closed_list() -> None:
    """A reason is a metric's label and a word in `explain`."""
    others = ["killed", "pinned", "stays", "affinity", "drained", "standing_unknown"]

    assert [str(each) for each in Reason] == ["stage", "below_split", "above_split", "respond", "retired", *others]


@pytest.mark.parametrize(
    ("stage", "split", "shadow"),
    [
        (Stage.LEGACY, 0.0, None),
        (Stage.SHADOW, 0.0, Side.NEW),
        (Stage.CANARY, 0.0, Side.NEW),
        (Stage.CANARY, 1.0, Side.LEGACY),
        (Stage.LIVE, 0.0, Side.LEGACY),
        (Stage.COMPLETE, 0.0, None),
        (Stage.RETIRED, 1.0, None),
    ],
)
def test_the_side_that_does_not_serve_is_the_shadow(stage: Stage, split: float, shadow: Side | None) -> None:
    """On a route that has a policy, from shadow to live; everything else of the decision stays."""
    plain = route(stage, split)
    shadowed = replace(plain, shadow=ShadowPolicy())

    assert decide(plain, request(), IP).shadow is None
    assert decide(shadowed, request(), IP) == decide(plain, request(), IP)._replace(shadow=shadow)
