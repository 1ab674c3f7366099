from __future__ import annotations

import os
import pickle
from ipaddress import ip_network

import pytest

from proxy.config.build import needed_upstreams
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.effects import Effects
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, QueryAbsent, QueryIs
from proxy.core.routing.route import Expectation, Health, HostMode, Respond, Route, Timeouts, Upstream
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import AccessLogPolicy, Limits
from proxy.core.stage import Stage
from tests.config.given_files import FILE, HEAD, draft, snapshot, with_routes

EVERYTHING = """\
version: 1
listen: ":8080"
admin: "[::1]:9091"
workers: 4
state: memory
drain: 5s
trusted_proxies: [10.0.0.0/8, "::1"]
limits: {connections: 10, head: 1s, body: 2s, idle: 3s, tunnel: 4s, body_size: 10MiB}
log: {sample: 10%}
upstreams:
  legacy: {url: "http://legacy.internal:3000", health: /healthz}
  new:
    url: https://crm.internal
    health: {path: /h, every: 1m}
    host: upstream
    timeout: {connect: 1s, response: 15s, idle: 20s, total: 2m}
    connections: 7
    queue: 0
    keep_alive: 0s
routes:
  - name: orders.show
    match:
      methods: [GET, HEAD]
      path: /tenants/{tenant}/orders/{id}
      host: "*.Example.com"
      headers: {X-Client: [app, web], X-Debug: false, Accept: true}
      query: {version: "2", trace: true, raw: false}
    stage: canary
    split: 0.25%
    cohort: [header:X-Tenant-Id, path:tenant, client_ip]
    group: orders
    legacy: new
    new: legacy
    effects: keyed
    upgrades: [websocket]
    timeout: {connect: 3s, response: 4s, idle: 5s, total: 6s}
    limits: {body_size: 1KiB}
  - name: forbidden
    match: /internal/**
    respond: {status: 403, body: "nein ✗", content_type: text/html}
"""


def test_everything_that_a_file_can_set_arrives() -> None:
    """Each setting is found again in the snapshot, in its unit."""
    found = snapshot(EVERYTHING)

    assert (found.listen, found.admin, found.workers, found.drain) == (("0.0.0.0", 8080), ("::1", 9091), 4, 5.0)
    assert found.trusted == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert found.limits == Limits(connections=10, head=1.0, body=2.0, idle=3.0, tunnel=4.0, body_size=10 << 20)
    assert found.access_log == AccessLogPolicy(sample=0.1)


def test_everything_that_an_upstream_can_say_arrives() -> None:
    """Each key of an upstream is found again in the snapshot, in its unit."""
    assert snapshot(EVERYTHING).upstreams == {
        "legacy": Upstream(
            name="legacy", scheme="http", host="legacy.internal", port=3000, health=Health(path="/healthz", every=5.0)
        ),
        "new": Upstream(
            name="new",
            scheme="https",
            host="crm.internal",
            port=443,
            host_mode=HostMode.UPSTREAM,
            timeouts=Timeouts(connect=1.0, response=15.0, idle=20.0, total=120.0),
            health=Health(path="/h", every=60.0),
            connections=7,
            queue=0,
            keep_alive=0.0,
        ),
    }


def test_an_upstream_may_answer_expectations_itself() -> None:
    """By default Banyan does."""
    text = FILE.replace("new: {", "new: {expect: forward, ")
    found = snapshot(text).upstreams

    assert (found["legacy"].expectation, found["new"].expectation) == (Expectation.ANSWER, Expectation.FORWARD)


def test_streaming_is_a_word_for_long_waits() -> None:
    """Of an upstream and of a route; what it leaves out is the default, or the upstream's."""
    text = FILE.replace("legacy: {", "legacy: {timeout: streaming, ")
    text = text.replace("new: {", "new: {timeout: {connect: 1s, total: 1m}, ")
    found = snapshot(text.replace("stage: legacy", "stage: live, timeout: streaming"))

    assert found.upstreams["legacy"].timeouts == Timeouts(response=600.0, idle=3600.0)
    assert found.routes[0].timeouts == Timeouts(connect=1.0, response=600.0, idle=3600.0, total=0.0)


def test_everything_that_a_route_can_say_arrives() -> None:
    """Each key of a route is found again in the snapshot, in its unit."""
    assert snapshot(EVERYTHING).routes == (
        Route(
            name="orders.show",
            index=0,
            pattern=PathPattern(
                "/tenants/{tenant}/orders/{id}", (b"tenants", b"*", b"orders", b"*"), (("tenant", 2), ("id", 4))
            ),
            methods=frozenset({b"GET", b"HEAD"}),
            predicates=(
                HostIs("*.example.com"),
                HeaderIs(b"x-client", frozenset({b"app", b"web"})),
                HeaderAbsent(b"x-debug"),
                HeaderIs(b"accept", frozenset()),
                QueryIs("version", frozenset({"2"})),
                QueryIs("trace", frozenset()),
                QueryAbsent("raw"),
            ),
            stage=Stage.CANARY,
            split=0.0025,
            cohort=(
                CohortSource(SourceKind.HEADER, "x-tenant-id"),
                CohortSource(SourceKind.PATH, "tenant", 2),
                CohortSource(SourceKind.CLIENT_IP),
            ),
            group="orders",
            legacy="new",
            new="legacy",
            effects=Effects.KEYED,
            timeouts=Timeouts(connect=3.0, response=4.0, idle=5.0, total=6.0),
            websocket=True,
            body_limit=1024,
            shadow=ShadowPolicy(),
            line=21,
        ),
        Route(
            name="forbidden",
            index=1,
            pattern=PathPattern("/internal/**", (b"internal", b"**")),
            respond=Respond(status=403, body="nein ✗".encode(), content_type="text/html"),
            line=38,
        ),
    )


def test_what_a_file_leaves_out_has_safe_defaults() -> None:
    """The smallest file gets the defaults that the core's values have."""
    found = snapshot(FILE)

    assert (found.admin, found.workers, found.drain) == (("127.0.0.1", 9090), 1, 30.0)
    assert (found.trusted, found.limits, found.access_log) == ((), Limits(), AccessLogPolicy())
    assert found.upstreams["legacy"] == Upstream(name="legacy", scheme="http", host="127.0.0.1", port=3000)
    assert found.routes[0] == Route(
        name="rest",
        index=0,
        pattern=PathPattern("/**", (b"**",)),
        stage=Stage.LEGACY,
        cohort=(CLIENT_IP,),
        shadow=ShadowPolicy(),
        line=7,
    )


def test_auto_is_one_worker_per_core() -> None:
    """`workers: auto` counts the processors that the process may use."""
    assert snapshot(FILE + "workers: auto\n").workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("stage", "split"), [("canary, split: 10%", 0.1), ("retired", 1.0), ("retired, split: 5%", 0.05), ("live", 0.0)]
)
def test_the_split_is_the_stages(stage: str, split: float) -> None:
    """A retired route is retired for all, unless it says for how many; elsewhere there is no split."""
    assert snapshot(with_routes(f"name: a, match: /a, stage: {stage}")).routes[0].split == split


@pytest.mark.parametrize(
    ("route", "needed"),
    [
        ("stage: legacy", ("legacy",)),
        ("stage: shadow, legacy: new", ("new",)),
        ("stage: canary, split: 1%", ("legacy", "new")),
        ("stage: live, new: legacy", ("legacy",)),
        ("stage: complete", ("new",)),
        ("stage: retired", ()),
        ("stage: retired, split: 99.99%", ("new",)),
        ("respond: {status: 403}", ()),
    ],
)
def test_a_stage_needs_the_upstreams_that_answer_at_it(route: str, needed: tuple[str, ...]) -> None:
    """Who answers at a stage must exist; who will only answer later need not."""
    assert needed_upstreams(draft(with_routes(f"name: a, match: /a, {route}")).routes[0].block) == needed


def test_a_route_takes_from_its_upstream_what_its_timeout_leaves_out() -> None:
    """A route that changes one wait keeps its upstream's others; without any it has none of its own."""
    head = HEAD.replace('new: {url: "', 'new: {timeout: {idle: 7s}, url: "')
    found = snapshot(
        with_routes(
            "name: a, match: /a, stage: live, timeout: {response: 9s}",
            "name: b, match: /b, stage: live",
            "name: c, match: /c, stage: retired, timeout: {response: 9s}",
            head=head,
        )
    )

    assert [each.timeouts for each in found.routes] == [
        Timeouts(response=9.0, idle=7.0),
        None,
        Timeouts(response=9.0),
    ]


def test_the_snapshot_holds_nothing_of_the_reading() -> None:
    """Workers unpickle a snapshot without loading what reads files, also where values came out of the environment."""
    text = (
        EVERYTHING.replace("orders.show", "${NAME}")
        .replace("/internal/**", "${PATH_}")
        .replace("app, web", "'${APP}', web")
    )
    env = {"NAME": "orders.show", "PATH_": "/internal/**", "APP": "app"}
    pickled = pickle.dumps(snapshot(text, env), protocol=5)

    assert b"proxy.config" not in pickled
    assert pickle.loads(pickled).routes == snapshot(EVERYTHING).routes
