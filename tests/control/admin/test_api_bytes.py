"""Every answer of the API, byte by byte, over a real admin port with something behind each of its pages."""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.api.paths import PATHS
from proxy.control.admin.evidence import ParityPages
from proxy.control.evidence.book import ComparedRoute, EvidenceBook, Look
from proxy.control.probe.certificates import Certificates, Shown
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.control.running import Reload
from proxy.core.evidence.records import (
    Cluster,
    ComparedExchange,
    Epoch,
    EvidenceTally,
    KeyGroup,
    NoiseFinding,
    RuleHits,
    Sample,
    ShapeCount,
)
from proxy.core.noise.key_state import KeyState
from proxy.core.parity.compare import Outcome
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest
from proxy.core.parity.rules.difference import Difference, DifferenceKind, Severity
from proxy.core.parity.rules.rules import Rule, Rules, Treatment
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Recent
from tests.control.conftest import Open, Port
from tests.control.stands import canary, table
from tests.control.worker import delta
from tests.core.remembered import head, remember

BYTES = Path(__file__).with_name("api_bytes.json")
"""What each path answered before shapes moved to `proxy/api`; a moment is written as `AT`."""
PAGES = (
    "/api/routes",
    "/api/routes/a",
    "/api/routes/b",
    "/api/routes/closed",
    "/api/routes/nothing",
    "/api/routes/a/mismatches",
    "/api/routes/a/mismatches?cluster=c1",
    "/api/routes/a/mismatches?cluster=d",
    "/api/routes/a/mismatches?cluster=c",
    "/api/routes/a/mismatches?cluster=none",
    "/api/routes/a/exchanges",
    "/api/routes/a/epochs",
    "/api/routes/b/mismatches",
    "/api/upstreams",
    "/api/transitions",
    "/api/transitions?route=a&limit=1",
    "/api/transitions?limit=0",
    "/api/recent",
    "/api/recent?route=a&limit=1",
    "/api/requests/r1",
    "/api/requests/none",
    "/api/idempotency",
    "/api/journal",
    "/api/journal?state=lost",
    "/api/kill",
)
_AT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
ANSWER = CapturedAnswer(status=200, fields=((b"X-A", b"\xe9"),), body=b"\xff", size=9, seconds=0.5)
EXCHANGE = ComparedExchange(
    route="a",
    request_id="r1",
    at=60.0,
    draw=0.5,
    request=CapturedRequest(method=b"GET", target=b"/a?x=1", fields=((b"Host", b"h"),), body=b""),
    legacy=ANSWER,
    new=CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=0.0, failure="timed_out"),
    differences=(Difference(path="$.a", kind=DifferenceKind.NUM, severity=Severity.HIGH, legacy="1", new="2"),),
)


class Archive:
    """A store with one of everything."""

    lost = waiting = 0

    def findings(self, route: str) -> tuple[NoiseFinding, ...]:
        numbers = (3.0,) * 12
        found = NoiseFinding(
            route=route, path="$.n", numbers=numbers, decided="noisy", until=99.0, updated=1.0, why="it is said"
        )
        return (found,) if route == "a" else ()

    async def samples(self, route: str, cluster: str) -> tuple[Sample, ...]:
        return (Sample(cluster=cluster, epoch=1, exchange=EXCHANGE),) if route == "a" else ()

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...]:
        return (EXCHANGE,)[:limit] if route == "a" else ()

    async def epochs(self, route: str) -> tuple[Epoch, ...]:
        return epoch(route, 2), epoch(route, 1)


def epoch(route: str, number: int) -> Epoch:
    return Epoch(route=route, number=number, legacy_version="1", new_version=str(number), began=0.0, seen=9.0)


def cluster(name: str, path: str, accepted: str = "") -> Cluster:
    return Cluster(
        id=name,
        route="a",
        epoch=2,
        path=path,
        kind=DifferenceKind.NUM,
        severity=Severity.HIGH,
        count=3,
        first_seen=1.0,
        last_seen=2.0,
        accepted=accepted,
    )


def tally(outcome: Outcome, count: int, why: str = "") -> EvidenceTally:
    return EvidenceTally(route="a", epoch=2, minute=1, shape="s", outcome=outcome, count=count, why=why)


def book() -> EvidenceBook:
    made = EvidenceBook()
    rule = Rule(
        id="ignore $.b", path="$.b", treatment=Treatment.IGNORE, reason="why", owner="me", until=9.0, kinds=frozenset()
    )
    made.follow([ComparedRoute("a", Rules(rules=(rule,))), ComparedRoute("b", Rules())], 0)
    made.look(
        Look(
            epoch=epoch("a", 2),
            tallies=(
                tally(Outcome.MATCH, 50),
                tally(Outcome.MISMATCH, 3),
                tally(Outcome.IGNORED, 4),
                tally(Outcome.INCOMPARABLE, 2, "shed"),
            ),
            clusters=(cluster("c1", "$.a"), cluster("c2", "$.b", "ignore $.b"), cluster("d3", "$.n")),
            shapes=(
                ShapeCount(route="a", shape="s", legacy=90, compared=59, first_seen=0.0, last_seen=9.0),
                ShapeCount(route="a", shape="t", legacy=99, compared=0, first_seen=0.0, last_seen=9.0),
            ),
            hits=(RuleHits(route="a", rule="ignore $.b", hits=4, last_hit=2.0),),
            groups=(KeyGroup(route="a", id="g", keys=("$.w",), last_seen=2.0),),
        )
    )
    made.hear({"a": {"$.n": KeyState.NOISY}})
    return made


def routes() -> Snapshot:
    return table(
        canary("5%", "group: g, ramp: {steps: [5%, 50%]}, cohort: header:X-Tenant"),
        canary("5%", "group: g, ramp: {steps: [5%, 50%]}", name="b"),
        "name: done, match: /done, stage: complete",
        "name: closed, match: /closed, respond: {status: 403}",
    )


async def everything(open_port: Open) -> Port:
    """One worker, evidence, requests that are remembered, a refused file, an upstream that is down, a certificate."""
    certificates = Certificates()
    certificates.shown = (Shown(key="tls", ends=(("tls.certificate", 99.0),), problem="it is old"),)
    parity = ParityPages(book=book(), archive=Archive())
    port = await open_port(token="t", snapshot=routes(), parity=parity, certificates=certificates)
    port.client.headers["Authorization"] = "Bearer t"
    worker = await port.worker()
    worker.count(delta("a", "legacy", ok=3, failed=1), delta("a", "new", ok=1), delta("closed", "self", ok=2))
    seen = remember(port.running.snapshot.table, head("/a", "t1"), id="r1", at=1000.0)
    port.links.recent._clock, port.links.recent._began = (lambda: 1000.0), 940.0
    worker.recent = Recent([seen, seen._replace(id="r2", path="/b", route="b")], [], 4)
    port.running.refuse(
        Reload(ok=False, at=datetime(2026, 3, 1, tzinfo=UTC), problems=("bad",), warnings=("w",), needs_restart=("r",))
    )
    upstream = port.running.snapshot.upstreams["new"]
    down = UpstreamCondition(status=Status.DOWN, since=datetime(2026, 3, 1, tzinfo=UTC), error="refused")
    port.probes._conditions["new", upstream.endpoints[0]] = down
    return port


async def pages(port: Port) -> dict[str, str]:
    """The body of each page."""
    found = {}
    for path in PAGES:
        async with port.client.get(port.url + path) as answer:
            found[path] = masked(port, await answer.text())
    return found


def masked(port: Port, body: str) -> str:
    """Without what differs from run to run: moments, the folder, the machine's name."""
    for text, word in ((str(port.link_path.parent), "FOLDER"), (socket.gethostname(), "MACHINE")):
        body = body.replace(text, word)
    return _AT.sub("AT", body)


async def post(port: Port, path: str, said: dict[str, object]) -> str:
    async with port.client.post(port.url + path, json=said) as answer:
        return masked(port, await answer.text())


@pytest.fixture
async def answers(open_port: Open) -> dict[str, Any]:
    """All of them: as it begins, what orders are answered, and what stands after these."""
    port = await everything(open_port)
    before = await pages(port)
    by = {"by": "ann", "reason": "r"}
    orders = {
        "promote": await post(port, "/api/routes/a/promote", dict(by)),
        "pin": await post(port, "/api/routes/a/pin", {**by, "cohort": "c", "side": "new"}),
        "hold": await post(port, "/api/routes/b/hold", dict(by)),
        "rollback": await post(port, "/api/routes/a/rollback", {**by, "step": True}),
        "drain": await post(port, "/api/routes/b/drain", dict(by)),
        "epoch": await post(port, "/api/routes/b/epoch", dict(by)),
        "bad body": await post(port, "/api/routes/b/hold", {"colour": "green"}),
        "bad pin": await post(port, "/api/routes/b/pin", {"cohort": "c", "side": "both"}),
        "complete": await post(port, "/api/routes/done/promote", {}),
        "kill": await post(port, "/api/kill", {"on": True, "reason": "r"}),
        "bad kill": await post(port, "/api/kill", {"on": 1}),
    }
    return {"before": before, "orders": orders, "after": await pages(port)}


async def test_every_answer_is_what_it_was(answers: dict[str, Any]) -> None:
    """No byte of any answer has changed: neither names of fields nor their order, nor what is left out."""
    assert answers == json.loads(BYTES.read_text(encoding="utf-8"))


async def test_what_a_later_version_adds_is_passed_over(open_port: Open) -> None:
    """Each answer is read as before when every object in it has a field more."""
    port = await everything(open_port)
    for path in PATHS:
        if path.method == "GET" and path.answer is not None:
            asked = port.url + path.path.replace("{name}", "a").replace("{id}", "r1")
            async with port.client.get(asked) as answer:
                known = await answer.json()
            now, later = (
                msgspec.json.decode(msgspec.json.encode(body), type=path.answer) for body in (known, grown(known))
            )
            assert now == later


def grown(body: Any, within: str = "") -> Any:  # noqa: ANN401 JSON
    """With a field more in every object, but for those whose names are data."""
    if isinstance(body, list):
        return [grown(item, within) for item in body]
    if not isinstance(body, dict):
        return body
    more = (
        {}
        if within in {"pins", "numbers", "ends", "incomparable", "statuses", "query", "kinds"}
        else {"moon": {"phase": "full"}}
    )
    return {**{name: grown(value, name) for name, value in body.items()}, **more}
