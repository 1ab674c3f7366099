from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from proxy import __version__
from proxy.control.metrics.collector import MetricsReading, migration_progress, render
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.control.running import Reload
from proxy.control.traffic.ledger import (
    Echoes,
    FailureSeries,
    LedgerCounts,
    RefusedSeries,
    Series,
    StepAnswerSeries,
    Totals,
    WorkerState,
)
from proxy.core.auth.auth_policy import RouteAuth
from proxy.core.auth.refusal import Refusal
from proxy.core.build import BUILD
from proxy.core.journal.writes import JsonPath, Writes
from proxy.core.judge.policy import Freeze, GuardPolicy, Ramp
from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import Refused, Side
from proxy.core.routing.route import Fallback
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import Snapshot
from proxy.core.stage import Stage
from proxy.core.steps.closed_hours import ClosedHours
from proxy.core.upstream_auth.token_source import BearerFile, UpstreamAuth
from proxy.link.messages import BUCKETS
from tests.control.tables import crm, refusal, route, snapshot, upstream

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EMPTY = LedgerCounts(totals={}, failures={}, workers=(), lines_dropped=0)
NO_CONDITIONS: Mapping[str, UpstreamCondition] = {}


def reading(
    table: Snapshot | None = None,
    counts: LedgerCounts = EMPTY,
    conditions: Mapping[str, UpstreamCondition] = NO_CONDITIONS,
    *,
    ok: bool = True,
) -> MetricsReading:
    return MetricsReading(
        snapshot=table or crm(),
        reload=Reload(ok=ok, at=AT),
        counts=counts,
        conditions=conditions,
        parser="llhttp 9.3",
    )


def families(read: MetricsReading) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(render(read).decode())}


def samples(read: MetricsReading, name: str) -> dict[tuple[str, ...], float]:
    """Values of one metric by the values of its labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in families(read).values()
        for sample in family.samples
        if sample.name == name
    }


def counted(read: MetricsReading, name: str) -> dict[tuple[str, ...], float]:
    """Those of which there was one."""
    return {labels: value for labels, value in samples(read, name).items() if value}


def totals(codes: tuple[int, ...], buckets: dict[int, int], seconds: float) -> Totals:
    return Totals(codes, tuple(buckets.get(at, 0) for at in range(len(BUCKETS) + 1)), seconds)


def worker(pid: int, inflight: Mapping[str, int], connections: int) -> WorkerState:
    return WorkerState(
        worker=pid, pid=pid, revision="r1", inflight=inflight, connections=connections, draining=False, seen=0.0
    )


BUSY = LedgerCounts(
    totals={
        Series("rest", "legacy"): totals((0, 5, 0, 1, 0), {0: 4, 3: 1, len(BUCKETS): 1}, 45.5),
        Series("rest", "new"): totals((0, 0, 0, 0, 2), {1: 2}, 0.004),
    },
    failures={FailureSeries("rest", "new", "connect", "upstream"): 2},
    workers=(worker(1, {"legacy": 2, "new": 1}, 10), worker(2, {"legacy": 3}, 7)),
    lines_dropped=9,
    sheds={"rate": 4},
)


def test_requests_are_counted_by_who_answered_and_class() -> None:
    """Classes that occurred have a series with their count."""
    assert counted(reading(counts=BUSY), "banyan_requests_total") == {
        ("rest", "legacy", "2xx"): 5,
        ("rest", "legacy", "4xx"): 1,
        ("rest", "new", "5xx"): 2,
    }


def test_durations_are_a_histogram() -> None:
    """Buckets are cumulative, the infinite one is the count, and the bounds are those that workers count in."""
    read = reading(counts=BUSY)
    found = samples(read, "banyan_request_duration_seconds_bucket")
    legacy = {bound: count for (_, side, bound), count in found.items() if side == "legacy"}

    assert [float(bound) for bound in legacy] == [*BUCKETS, math.inf]
    assert list(legacy.values()) == [4, 4, 4] + [5] * 11 + [6]
    assert samples(read, "banyan_request_duration_seconds_count") == {("rest", "legacy"): 6, ("rest", "new"): 2}
    assert samples(read, "banyan_request_duration_seconds_sum") == {("rest", "legacy"): 45.5, ("rest", "new"): 0.004}
    assert families(read)["banyan_request_duration_seconds"].type == "histogram"


def test_failures_have_phase_and_blame() -> None:
    """A failure's four labels are closed enums and the route."""
    family = families(reading(counts=BUSY))["banyan_upstream_failures"]

    assert [(sample.labels, sample.value) for sample in family.samples if sample.value] == [
        ({"route": "rest", "side": "new", "phase": "connect", "blame": "upstream"}, 2)
    ]


def test_refusals_have_a_reason() -> None:
    """What Banyan sent nowhere by itself is told apart from what an upstream failed to do."""
    counts = replace(EMPTY, refused={RefusedSeries("rest", "new", "breaker"): 3})
    family = families(reading(counts=counts))["banyan_upstream_refused"]

    assert [(sample.labels, sample.value) for sample in family.samples if sample.value] == [
        ({"route": "rest", "side": "new", "reason": "breaker"}, 3)
    ]


def test_gauges_add_up_over_workers() -> None:
    """Requests in flight, connections, workers and lost lines are of the whole instance."""
    read = reading(counts=BUSY)

    assert samples(read, "banyan_inflight_requests") == {("legacy",): 5, ("new",): 1, ("self",): 0}
    assert samples(read, "banyan_connections") == {(): 17}
    assert samples(read, "banyan_workers") == {(): 2}
    assert samples(read, "banyan_log_lines_dropped_total") == {(): 9}


def test_sheds_have_a_series_for_every_bound() -> None:
    """A bound that was never met is 0, so that an alert can be written before it is."""
    found = samples(reading(counts=BUSY), "banyan_shed_total")

    assert found == {(reason.value,): 4 if reason is Shed.RATE else 0 for reason in Shed}


def test_each_route_is_in_one_stage() -> None:
    """Every stage has a series per route, one of them 1; routes that answer by `respond` have none."""
    found = samples(reading(), "banyan_route_stage")

    assert {key for key, value in found.items() if value} == {
        ("orders.show", "canary"),
        ("orders.list", "live"),
        ("rest", "legacy"),
    }
    assert len(found) == 3 * len(Stage)


def test_the_split_is_a_ratio() -> None:
    """A split of 10 % reads 0.1."""
    assert samples(reading(), "banyan_route_split_ratio") == {
        ("orders.show",): 0.1,
        ("orders.list",): 0.0,
        ("rest",): 0.0,
    }


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (crm(), (0.1 + 1 + 0) / 3),
        (snapshot(route("a", Stage.SHADOW, 0.5), route("b", Stage.RETIRED)), 0.5),
        (snapshot(refusal("a")), 0.0),
        (snapshot(), 0.0),
    ],
    ids=["crm", "shadow and retired", "respond alone", "no routes"],
)
def test_progress_is_the_mean_over_staged_routes(table: Snapshot, expected: float) -> None:
    """Routes that answer by `respond` do not count, and a table without stages has made no progress."""
    assert migration_progress(table.routes) == pytest.approx(expected)
    assert samples(reading(table), "banyan_migration_progress_ratio") == {(): pytest.approx(expected)}


@pytest.mark.parametrize("ok", [True, False])
def test_the_last_reload_is_shown(*, ok: bool) -> None:
    """Whether it went well, when it was, and which revision runs."""
    read = reading(ok=ok)

    assert samples(read, "banyan_config_last_reload_success") == {(): float(ok)}
    assert samples(read, "banyan_config_last_reload_timestamp_seconds") == {(): AT.timestamp()}
    assert samples(read, "banyan_config_revision_info") == {("r1",): 1}


def test_the_build_is_shown() -> None:
    """Versions of Banyan, Python and what parses HTTP."""
    family = families(reading())["banyan_build_info"]

    assert family.samples[0].labels.keys() == {"version", "python", "parser", "build"}
    assert family.samples[0].labels["version"] == __version__
    assert family.samples[0].labels["parser"] == "llhttp 9.3"
    assert family.samples[0].labels["build"] == BUILD


def test_only_probed_upstreams_are_up_or_down() -> None:
    """1 up, 0 down, and no series before the first probe has ended."""
    conditions = {
        name: UpstreamCondition(status=status, since=AT)
        for name, status in {"legacy": Status.UP, "new": Status.DOWN, "other": Status.UNKNOWN}.items()
    }

    assert samples(reading(conditions=conditions), "banyan_upstream_up") == {("legacy",): 1, ("new",): 0}


def test_the_process_shows_itself() -> None:
    """Memory, processor time and start of the control process stand on the page."""
    found = families(reading())

    assert {"process_resident_memory_bytes", "process_cpu_seconds", "process_start_time_seconds"} <= found.keys()


def test_odd_names_are_escaped() -> None:
    """A route whose name holds quotes, backslashes or line breaks reads back as it is."""
    name = 'a"b\\n\nc,d="e"}ü'
    counts = LedgerCounts(
        totals={Series(name, "new"): totals((0, 1, 0, 0, 0), {0: 1}, 0.1)},
        failures={FailureSeries(name, "new", "head", "upstream"): 1},
        workers=(),
        lines_dropped=0,
    )
    read = reading(snapshot(route(name, path="/a")), counts)

    assert counted(read, "banyan_requests_total").keys() == {(name, "new", "2xx")}
    assert counted(read, "banyan_upstream_failures_total").keys() == {(name, "new", "head", "upstream")}
    assert samples(read, "banyan_route_split_ratio").keys() == {(name,)}


def test_every_family_is_described_once() -> None:
    """Each family has one HELP and one TYPE line before its samples, and no series stands twice."""
    lines = render(reading(counts=BUSY)).decode().splitlines()
    described = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]

    assert len(described) == len(set(described)) == sum(line.startswith("# HELP ") for line in lines)
    assert len(series) == len(set(series))


def test_what_can_happen_is_0_before_it_does() -> None:
    """An alert on an increase sees the first 5xx, failure, refusal, shed shadow, mismatch and rollback of a route."""
    read = reading(snapshot(route("r", stage=Stage.CANARY, split=0.1, shadow=ShadowPolicy())))

    assert samples(read, "banyan_requests_total") == {("r", "legacy", "5xx"): 0, ("r", "new", "5xx"): 0}
    assert samples(read, "banyan_upstream_failures_total") == {
        ("r", side, phase, "upstream"): 0 for side in Side for phase in ("connect", "head", "body")
    }
    assert samples(read, "banyan_upstream_refused_total") == {
        ("r", side, reason): 0
        for side in Side
        for reason in {*Refused} - {Refused.NO_TOKEN, Refused.WRITE_OUTDATED, Refused.CLOSED}
    }
    assert samples(read, "banyan_shadow_total") == {("r", outcome): 0 for outcome in ("shed", "failed")}
    assert samples(read, "banyan_parity_total") == {("r", outcome): 0 for outcome in ("mismatch", "incomparable")}
    assert samples(read, "banyan_transitions_total") == {
        ("r", stage, "shadow", cause): 0 for stage in ("canary", "live") for cause in ("guard", "breaker")
    }


GUARDED = snapshot(
    route("r", steps=(RouteAuth(policies=("members",)),)),
    route("s", steps=(RouteAuth(policies=("members",), enforce=False),)),
)
"""On the second it is tried out."""


def test_who_may_call_is_counted_as_far_as_it_is_enforced() -> None:
    """Where it is, answers are counted, elsewhere what passed: that nobody can be checked from 0 on."""
    read = reading(GUARDED)

    assert samples(read, "banyan_step_answers_total") == {("r", Refusal.NO_KEYS): 0}
    assert samples(read, "banyan_step_passes_total") == {("s", Refusal.NO_KEYS): 0}


def test_a_refusal_of_a_caller_has_a_series_once_it_happened() -> None:
    """Twenty reasons on each of a thousand routes are no page that a scrape waits for."""
    once = {StepAnswerSeries("r", Refusal.EXPIRED): 1}
    read = reading(GUARDED, replace(EMPTY, step_answers=once, step_passes={StepAnswerSeries("s", Refusal.EXPIRED): 2}))

    assert samples(read, "banyan_step_answers_total") == {("r", Refusal.NO_KEYS): 0, ("r", Refusal.EXPIRED): 1}
    assert samples(read, "banyan_step_passes_total") == {("s", Refusal.NO_KEYS): 0, ("s", Refusal.EXPIRED): 2}


def test_who_says_whom_it_saw_is_counted_where_somebody_is_known() -> None:
    """Both words for each side that was asked; nothing at all where nobody was."""
    counts = replace(EMPTY, echoes={Series("r", "new"): Echoes(2, 1)})
    read = reading(snapshot(route("r")), counts)

    assert samples(read, "banyan_principal_echoes_total") == {("r", "new", "said"): 2, ("r", "new", "none"): 1}
    assert b"banyan_principal_echoes_total" not in render(reading(snapshot(route("r"))))


def test_a_ramp_adds_the_moves_that_evidence_makes() -> None:
    """Up by one stage, and back where mismatches are proved; where only people move, moves begin with their first."""
    table = snapshot(route("r", stage=Stage.SHADOW, ramp=Ramp()), route("s", guard=GuardPolicy(dry_run=True)))
    found = samples(reading(table), "banyan_transitions_total")

    assert {labels[1:3] for labels in found if labels[3] == "evidence"} == {
        ("shadow", "canary"),
        ("canary", "canary"),
        ("canary", "live"),
        ("canary", "shadow"),
        ("live", "shadow"),
    }
    assert {labels[0] for labels in found} == {"r"}


def test_what_cannot_happen_has_no_series() -> None:
    """A side without an upstream answers nobody, a route of `respond` has no side, and what is off opens no breaker.

    Where an upstream has `auth`, its token may be missing; where it has closed hours, and the other side may step in,
    it may be refused for those.
    """
    auth = UpstreamAuth(source=BearerFile(path="/run/token"))
    unbroken = replace(upstream("legacy"), breaker=None, auth=auth)
    closes = ClosedHours(legacy=(Freeze(name="batch", start=0.0, end=1.0, closes=True),))
    closed = route("r", shadow=ShadowPolicy(), steps=(closes,), fallback=Fallback(to=Side.NEW))
    table = snapshot(closed, refusal("own"), upstreams=(unbroken,))
    read = reading(table)

    assert samples(read, "banyan_requests_total") == {("r", "legacy", "5xx"): 0}
    assert samples(read, "banyan_step_answers_total") == {("r", "closed"): 0}
    cannot = {Refused.UPSTREAM, Refused.BREAKER, Refused.WRITE_OUTDATED}
    assert {labels[2] for labels in samples(read, "banyan_upstream_refused_total")} == {*Refused} - cannot
    for name in ("banyan_shadow_total", "banyan_parity_total", "banyan_transitions_total"):
        assert samples(read, name) == {}


def test_a_write_may_be_outdated_where_there_are_writes() -> None:
    """Another route has no such series."""
    table = snapshot(route("r", steps=(Writes(keyed_by=JsonPath("$.id", ("id",))),)), route("s"))
    found = samples(reading(table), "banyan_upstream_refused_total")

    assert {labels[0] for labels in found if labels[2] == Refused.WRITE_OUTDATED} == {"r"}


def test_a_count_takes_the_place_of_its_0() -> None:
    """Each series stands once, with what was counted."""
    move = ("rest", "canary", "shadow", "guard")
    read = replace(reading(counts=BUSY), moved={move: 3, ("rest", "legacy", "shadow", "operator"): 1})
    found = samples(read, "banyan_transitions_total")

    assert (found[move], found["rest", "legacy", "shadow", "operator"]) == (3, 1)
    assert samples(read, "banyan_requests_total")["rest", "new", "5xx"] == 2


def test_the_page_of_a_quiet_table_stays_small() -> None:
    """A route with two sides, a shadow and a ramp costs at most 3 kB before its first request, and no histogram."""
    quiet = snapshot(*(route(f"r{number}", shadow=ShadowPolicy(), ramp=Ramp()) for number in range(100)))
    read = reading(quiet)

    assert len(render(read)) - len(render(reading(snapshot()))) < 100 * 3000
    assert families(read)["banyan_request_duration_seconds"].samples == []
