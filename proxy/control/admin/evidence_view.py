"""The JSON of evidence: what was compared, how far that covers the traffic, what differed, and exchanges."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from proxy.control.admin.epoch_view import EpochView, epoch_view
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.noise import asked
from proxy.core.evidence.records import Cluster, ComparedExchange, NoiseFinding
from proxy.core.noise.key_state import EXCUSED, KeyState
from proxy.core.noise.keys import path_of
from proxy.core.noise.sentence import unknown
from proxy.core.parity.excuse import UNDECIDED
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Fields
from proxy.core.parity.rules.rules import Rules
from proxy.core.parity.rules.usage import Misuse, RuleFinding, review
from proxy.log import stamp

SHOWN = 20
ENOUGH = 100
"""Comparisons before a rule that was never used is called so."""


class ParityView(msgspec.Struct, frozen=True, kw_only=True):
    """Comparisons of the current epoch; with none made, the mismatch rate may be anything up to 1.

    Beside `compared` there are `undecided` ones: they differ where nobody knows yet whether it counts; lately there
    were so many `fields_waiting`.
    """

    compared: int = 0
    match: int = 0
    mismatch: int = 0
    ignored: int = 0
    incomparable: int = 0
    undecided: int = 0
    fields_waiting: int = 0
    rate_upper_bound: float = 1.0


class ShapeView(msgspec.Struct, frozen=True, kw_only=True):
    """A shape of requests, how often legacy answered it, and how often it was compared in this epoch."""

    shape: str
    legacy: int
    compared: int


class CoverageView(msgspec.Struct, frozen=True, kw_only=True):
    """`unseen`: the chance that the next request has a shape never compared, `unseen_bound` its 95 % bound.

    `uncovered` counts shapes that legacy answers often and that were not compared enough.
    """

    shapes: int = 0
    unseen: float = 1.0
    unseen_bound: float = 1.0
    uncovered: int = 0


class NoiseView(msgspec.Struct, frozen=True, kw_only=True):
    """One key: a path, behind it the form of the values where it pools many. `excused`: its values are, now.

    `state` is how it stands (`waits`, `noisy`, `clock`, `held`, `open`), `why` the reason, for people. `decided` is
    what the tests have found: a state, regression, or nothing yet.
    `asked` are the requests in which legacy was seen to answer twice.
    """

    path: str
    decided: str
    excused: bool
    asked: int
    until: str | None
    state: str
    why: str


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of `compare:`; `misuse` says what is wrong with it: unused, broad, expired."""

    id: str
    path: str
    reason: str
    owner: str
    until: str | None
    hits: int
    last_hit: str | None
    misuse: list[str]
    sentence: str


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one route adds to the list. `incomparable` counts by reason what could not be compared."""

    incomparable: dict[str, int] = {}
    epoch: EpochView | None = None
    uncovered_shapes: list[ShapeView] = []
    noise: list[NoiseView] = []
    rules: list[RuleView] = []


class ClusterStanding(StrEnum):
    """Whether a difference counts."""

    COUNTS = "counts"
    ACCEPTED = "accepted"
    UNDECIDED = "undecided"


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `share` of what could be compared; `accepted`: what excuses it now (a rule's id or `noise`).

    `state` is whether it counts; `why` is what is known of its values, for people.
    """

    id: str
    path: str
    kind: str
    severity: str
    count: int
    share: float
    first_seen: str
    last_seen: str
    accepted: str | None
    state: ClusterStanding = ClusterStanding.COUNTS
    why: str = ""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """What a request or an answer carries; `base64` says that `body` is, since it is no UTF-8."""

    fields: list[tuple[str, str]]
    body: str
    base64: bool


class RequestView(MessageView, frozen=True, kw_only=True):
    """A request as it may be kept."""

    method: str
    target: str


class AnswerView(MessageView, frozen=True, kw_only=True):
    """An answer as it may be kept; `cut`: the body went on."""

    status: int
    failure: str
    seconds: float
    cut: bool


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the sides differ."""

    path: str
    kind: str
    severity: str
    legacy: str
    new: str


class ExchangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what both sides said to it, redacted."""

    request_id: str
    at: str
    request: RequestView
    legacy: AnswerView
    new: AnswerView
    differences: list[DifferenceView]


def parity_view(book: EvidenceBook, route: str) -> ParityView:
    """For every route of the list."""
    found = book.parity(route)
    sums = found.sums
    return ParityView(
        compared=sums.compared,
        match=sums.match,
        mismatch=sums.mismatch,
        ignored=sums.ignored,
        incomparable=sums.incomparable,
        undecided=sums.undecided,
        fields_waiting=len({path_of(key) for key in book.waiting(route).keys}),
        rate_upper_bound=found.rate_upper_bound,
    )


def coverage_view(book: EvidenceBook, route: str) -> CoverageView:
    """For every route of the list."""
    found = book.coverage(route)
    return CoverageView(
        shapes=found.shapes,
        unseen=found.unseen,
        unseen_bound=found.unseen_bound,
        uncovered=len(found.uncovered),
    )


def evidence_view(
    book: EvidenceBook, route: str, rules: Rules, findings: Iterable[NoiseFinding], now: float
) -> EvidenceView:
    """For the page of one route."""
    epoch = book.epoch(route)
    uncovered = book.coverage(route).uncovered[:SHOWN]
    return EvidenceView(
        incomparable=dict(book.parity(route).sums.reasons),
        epoch=None if epoch is None else epoch_view(epoch),
        uncovered_shapes=[ShapeView(shape=s.shape, legacy=s.legacy, compared=s.compared) for s in uncovered],
        noise=list(_noise(book, route, findings)),
        rules=list(_rules(book, route, rules, now)),
    )


def cluster_view(cluster: Cluster, compared: int, why: str = "") -> ClusterView:
    """One entry of `clusters`; `compared` is all that could be, in its epoch: its share is of that, in [0, 1]."""
    standing = _standing(cluster)
    return ClusterView(
        id=cluster.id,
        path=cluster.path,
        kind=cluster.kind.value,
        severity=cluster.severity.value,
        count=cluster.count,
        share=min(cluster.count / compared, 1.0) if compared else 0.0,
        first_seen=at(cluster.first_seen),
        last_seen=at(cluster.last_seen),
        accepted=cluster.accepted if standing is ClusterStanding.ACCEPTED else None,
        state=standing,
        why=why,
    )


def _standing(cluster: Cluster) -> ClusterStanding:
    if cluster.accepted == UNDECIDED:
        return ClusterStanding.UNDECIDED
    return ClusterStanding.ACCEPTED if cluster.accepted else ClusterStanding.COUNTS


def exchange_view(exchange: ComparedExchange) -> ExchangeView:
    """A kept exchange."""
    return ExchangeView(
        request_id=exchange.request_id,
        at=at(exchange.at),
        request=_request(exchange.request),
        legacy=_answer(exchange.legacy),
        new=_answer(exchange.new),
        differences=[
            DifferenceView(
                path=each.path, kind=each.kind.value, severity=each.severity.value, legacy=each.legacy, new=each.new
            )
            for each in exchange.differences
        ],
    )


def at(seconds: float) -> str:
    """Unix seconds as RFC 3339."""
    return stamp(datetime.fromtimestamp(seconds, UTC))


def _noise(book: EvidenceBook, route: str, findings: Iterable[NoiseFinding]) -> Iterator[NoiseView]:
    """Keys of which something is known, and those that wait."""
    states, told = book.states(route), {each.path: each for each in findings}
    waiting = book.waiting(route).keys
    for key in sorted({*states, *waiting, *told}):
        found, state = told.get(key), states.get(key, KeyState.WAITS)
        said = found.why if found else ""
        yield NoiseView(
            path=key,
            decided=found.decided if found else "",
            excused=state in EXCUSED,
            asked=asked(found) if found else 0,
            until=at(found.until) if found and found.until is not None else None,
            state=state.value,
            why=said or (unknown(key) if key in waiting else ""),
        )


def _rules(book: EvidenceBook, route: str, rules: Rules, now: float) -> Iterator[RuleView]:
    hits = {each.rule: each for each in book.hits(route)}
    wrong: dict[str, list[RuleFinding]] = defaultdict(list)
    for finding in _misused(book, route, rules, now):
        wrong[finding.rule].append(finding)
    for rule in rules.rules:
        hit = hits.get(rule.id)
        yield RuleView(
            id=rule.id,
            path=rule.path,
            reason=rule.reason,
            owner=rule.owner,
            until=None if rule.until is None else at(rule.until),
            hits=hit.hits if hit else 0,
            last_hit=at(hit.last_hit) if hit else None,
            misuse=[each.misuse.value for each in wrong[rule.id]],
            sentence="; ".join(each.sentence for each in wrong[rule.id]),
        )


def _misused(book: EvidenceBook, route: str, rules: Rules, now: float) -> Iterator[RuleFinding]:
    """What is wrong; a rule counts as unused only once enough was compared to say so."""
    used: dict[str, set[str]] = defaultdict(set)
    for each in book.hits(route):
        used[each.rule].add("")
    for cluster in book.clusters(route):
        if cluster.accepted and cluster.accepted != UNDECIDED:
            used[cluster.accepted] = (used[cluster.accepted] - {""}) | {cluster.path}
    early = book.parity(route).sums.compared < ENOUGH
    return (each for each in review(rules, used, now) if not (early and each.misuse is Misuse.UNUSED))


def _request(request: CapturedRequest) -> RequestView:
    body, coded = _body(request.body)
    return RequestView(
        method=_text(request.method),
        target=_text(request.target),
        fields=_fields(request.fields),
        body=body,
        base64=coded,
    )


def _answer(answer: CapturedAnswer) -> AnswerView:
    body, coded = _body(answer.body)
    return AnswerView(
        status=answer.status,
        failure=answer.failure,
        seconds=answer.seconds,
        cut=answer.size > len(answer.body),
        fields=_fields(answer.fields),
        body=body,
        base64=coded,
    )


def _body(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return b64encode(body).decode("ascii"), True


def _fields(fields: Fields) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in fields]


def _text(data: bytes) -> str:
    """Bytes of a head as characters one by one, so that nothing of them is lost."""
    return data.decode("latin-1")
