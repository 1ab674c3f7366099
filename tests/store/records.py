"""Records to store: everything that a test does not care about is filled in."""

from __future__ import annotations

import itertools

from proxy.core.evidence.records import (
    ComparedExchange,
    Epoch,
    EvidenceTally,
    Increments,
    Occurrence,
    Sample,
    ShapeCount,
    cluster_id,
)
from proxy.core.parity.compare import Outcome
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest
from proxy.core.parity.rules.difference import Difference, DifferenceKind, Severity
from proxy.core.position.position import Cause, Position, Transition
from proxy.core.stage import Stage

_numbers = itertools.count(1)
ROUTE = "orders"
PATH = "$.items[*].price"


def increments(**parts: object) -> Increments:
    """Under an id of its own, at 6000 s."""
    return Increments(**{"id": f"batch-{next(_numbers)}", "at": 6000.0, **parts})  # type: ignore[arg-type]


def epoch(legacy: str, new: str, at: float, **more: object) -> Epoch:
    """Announced at a time."""
    values = {
        "route": ROUTE,
        "number": 0,
        "legacy_version": legacy,
        "new_version": new,
        "began": at,
        "seen": at,
        **more,
    }
    return Epoch(**values)  # type: ignore[arg-type]


def tally(**changed: object) -> EvidenceTally:
    values = {"route": ROUTE, "epoch": 1, "minute": 100, "shape": "GET /orders", "outcome": Outcome.MATCH, **changed}
    return EvidenceTally(**values)  # type: ignore[arg-type]


def occurrence(**changed: object) -> Occurrence:
    values = {"route": ROUTE, "epoch": 1, "path": PATH, "kind": DifferenceKind.NUM, "severity": Severity.MEDIUM}
    return Occurrence(**{**values, "first_seen": 6000.0, "last_seen": 6000.0, **changed})  # type: ignore[arg-type]


def shape(name: str, legacy: int = 1, compared: int = 0, at: float = 6000.0, route: str = ROUTE) -> ShapeCount:
    return ShapeCount(route=route, shape=name, legacy=legacy, compared=compared, first_seen=at, last_seen=at)


def answer(body: bytes = b'{"price": 1}', status: int = 200) -> CapturedAnswer:
    fields = ((b"Content-Type", b"application/json"),)
    return CapturedAnswer(status=status, fields=fields, body=body, size=len(body), seconds=0.01)


def exchange(number: int, *, at: float | None = None, draw: float = 0.5, route: str = ROUTE) -> ComparedExchange:
    """`number` names the request; `at` is 6000 s and as many more unless given."""
    asked = CapturedRequest(method=b"GET", target=b"/orders?page=\xff", fields=((b"Accept", b"*/*"),), body=b"\x00\xff")
    different = Difference(path=PATH, kind=DifferenceKind.NUM, severity=Severity.MEDIUM, legacy="1", new="2")
    return ComparedExchange(
        route=route,
        request_id=f"r{number:03}",
        at=6000.0 + number if at is None else at,
        draw=draw,
        request=asked,
        legacy=answer(),
        new=answer(b'{"price": 2}'),
        differences=(different,),
    )


def sample(number: int, *, at: float | None = None, draw: float = 0.5, epoch: int = 1) -> Sample:
    """Of the cluster of `occurrence()`."""
    cluster = cluster_id(ROUTE, PATH, DifferenceKind.NUM)
    return Sample(cluster=cluster, epoch=epoch, exchange=exchange(number, at=at, draw=draw))


def position(version: int = 1, stage: Stage = Stage.CANARY, split: float = 0.05, route: str = ROUTE) -> Position:
    return Position(
        route=route,
        stage=stage,
        split=split,
        version=version,
        latched=False,
        held=True,
        cause=Cause.EVIDENCE,
        since=6000.5,
        file_stage=Stage.LIVE,
        file_split=1.0,
    )


def transition(to: Position, reason: str = "proven", at: float = 6000.5) -> Transition:
    """The move to a position."""
    return Transition(
        route=to.route,
        version=to.version,
        from_stage=Stage.SHADOW,
        from_split=0.0,
        to_stage=to.stage,
        to_split=to.split,
        cause=to.cause,
        actor="judge",
        at=at,
        numbers=(("e", 120.5), ("needed", float("inf"))),
        reason=reason,
    )
