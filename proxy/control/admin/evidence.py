"""Evidence: the handlers of its pages, and how their shapes are filled.

Rule 1: clusters come from the book and are always there; exchanges come from the store, which may be away: 503.
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from proxy.api.evidence import (
    CapturedAnswerView,
    CapturedRequestView,
    ClusterStanding,
    ClusterView,
    CoverageView,
    DifferenceView,
    EchoView,
    EpochsView,
    EpochView,
    EvidenceView,
    ExchangesView,
    ExchangeView,
    MismatchesView,
    NoiseView,
    ParityView,
    RuleView,
    ShapeView,
)
from proxy.control.admin.http.responses import problem
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.clusters import valueless, why
from proxy.control.evidence.noise import asked, since
from proxy.core.evidence.records import Cluster, ComparedExchange, Epoch, NoiseFinding, Sample
from proxy.core.nearest import meant
from proxy.core.noise.key_state import EXCUSED, KeyState
from proxy.core.noise.keys import path_of
from proxy.core.noise.sentence import unknown
from proxy.core.parity.excuse import UNDECIDED
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Fields
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.reasons import in_words
from proxy.core.parity.rules.rules import Rules
from proxy.core.parity.rules.usage import Misuse, RuleFinding, review
from proxy.log import stamp

SHOWN = 20
ENOUGH = 100
"""Comparisons before a rule that was never used is called so."""
MOST_RECORDED = 500
AWAY = "the store does not answer, so exchanges cannot be shown now; counts and clusters can"
NO_EPOCHS = "the store does not answer, so epochs cannot be shown now"


class Archive(Protocol):
    """Where exchanges are kept, and how evidence gets there."""

    @property
    def lost(self) -> int:
        """Records that were lost."""

    @property
    def waiting(self) -> int:
        """Records that are not in the store yet."""

    def findings(self, route: str) -> tuple[NoiseFinding, ...]:
        """Where the tests of noise stand."""

    async def samples(self, route: str, cluster: str) -> tuple[Sample, ...] | None:
        """Exchanges that show a cluster; None while the store is away."""

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...] | None:
        """Exchanges for replay; None while the store is away."""

    async def epochs(self, route: str) -> tuple[Epoch, ...] | None:
        """All that are known, the present one first; None while the store is away."""


class NoArchive:
    """Of a control process that compares nothing."""

    lost = waiting = 0

    def findings(self, route: str) -> tuple[NoiseFinding, ...]:
        """None."""
        del route
        return ()

    async def samples(self, route: str, cluster: str) -> tuple[Sample, ...] | None:
        """None."""
        del route, cluster
        return ()

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...] | None:
        """None."""
        del route, limit
        return ()

    async def epochs(self, route: str) -> tuple[Epoch, ...] | None:
        """None."""
        del route
        return ()


Answer = Callable[[web.Request, msgspec.Struct], web.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityPages:
    """What the admin port shows of evidence."""

    book: EvidenceBook = field(default_factory=EvidenceBook)
    archive: Archive = field(default_factory=NoArchive)

    async def mismatches(self, request: web.Request, route: str, answer: Answer) -> web.Response:
        """Clusters, or with `?cluster=ID` that one with its exchanges; the id's beginning will do where it is one's."""
        clusters = self.book.clusters(route)
        cluster = request.query.get("cluster")
        if cluster is None:
            said = in_words(self.book.parity(route).sums.reasons)
            return answer(request, MismatchesView(clusters=self._views(route, clusters), incomparable=said))
        begin_so = meant(cluster, (each.id for each in clusters))
        if len(begin_so) != 1:
            return problem(HTTPStatus.NOT_FOUND, _no_cluster(route, cluster, begin_so, request.path))
        (found,) = (each for each in clusters if each.id == begin_so[0])
        samples = await self.archive.samples(route, found.id)
        if samples is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
        exchanges = [exchange_view(sample.exchange) for sample in samples]
        return answer(request, MismatchesView(clusters=self._views(route, (found,)), exchanges=exchanges))

    def _views(self, route: str, clusters: tuple[Cluster, ...]) -> list[ClusterView]:
        sums, findings = self.book.parity(route).of_epoch, self.archive.findings(route)
        comparable, edited = sums.compared + sums.undecided, self.book.rules_from(route)
        reordered = [each for each in self.book.clusters(route) if each.kind is DifferenceKind.ORDER]
        lists = [each.path for each in reordered if _standing(each, edited) is ClusterStanding.COUNTS]
        return [cluster_view(cluster, comparable, why(cluster, findings, lists), edited) for cluster in clusters]

    async def epochs(self, request: web.Request, route: str, answer: Answer) -> web.Response:
        """What the evidence is divided into."""
        found = await self.archive.epochs(route)
        if found is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, NO_EPOCHS)
        return answer(request, EpochsView(epochs=epoch_views(found)))

    async def exchanges(self, request: web.Request, route: str, answer: Answer) -> web.Response:
        """Safe requests that can be sent again."""
        recorded = await self.archive.recorded(route, MOST_RECORDED)
        if recorded is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
        exchanges = [exchange_view(exchange) for exchange in recorded]
        return answer(request, ExchangesView(exchanges=exchanges, noisy=sorted(self.book.noisy(route))))


def _no_cluster(route: str, cluster: str, begin_so: Sequence[str], path: str) -> str:
    if begin_so:
        return f"{len(begin_so)} clusters of {route} begin with {cluster!r}: {', '.join(begin_so[:SHOWN])}"
    return f"there is no cluster {cluster!r} on {route} now; GET {path} lists those there are"


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
        mismatch_rate=found.mismatch_rate,
        since=at(found.since) if found.since else "",
    )


def coverage_view(book: EvidenceBook, route: str, echoes: tuple[EchoView, ...]) -> CoverageView:
    """For every route of the list."""
    found = book.coverage(route)
    return CoverageView(
        shapes=found.shapes,
        unseen=found.unseen,
        unseen_bound=found.unseen_bound,
        uncovered=len(found.uncovered),
        echoes=echoes,
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
        noise=list(_noise(book, route, rules, findings, now)),
        rules=list(_rules(book, route, rules, now)),
    )


def cluster_view(cluster: Cluster, compared: int, why: str = "", rules_from: float = 0.0) -> ClusterView:
    """One entry of `clusters`; `compared` is all that could be, in its epoch: its share is of that, in [0, 1].

    `rules_from`: since when the rules count (unix seconds).
    """
    standing = _standing(cluster, rules_from)
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
        why="" if standing is ClusterStanding.EARLIER else why,
    )


def _standing(cluster: Cluster, rules_from: float) -> ClusterStanding:
    """One of high severity counts until it is known to be mended, whatever was edited."""
    if cluster.accepted == UNDECIDED:
        return ClusterStanding.UNDECIDED
    if cluster.accepted:
        return ClusterStanding.ACCEPTED
    is_earlier = cluster.last_seen < rules_from and cluster.severity is not Severity.HIGH
    return ClusterStanding.EARLIER if is_earlier else ClusterStanding.COUNTS


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
                path=difference.path,
                kind=difference.kind.value,
                severity=difference.severity.value,
                legacy=difference.legacy,
                new=difference.new,
            )
            for difference in exchange.differences
        ],
    )


def at(seconds: float) -> str:
    """Unix seconds as RFC 3339."""
    return stamp(datetime.fromtimestamp(seconds, UTC))


def _noise(
    book: EvidenceBook, route: str, rules: Rules, findings: Iterable[NoiseFinding], now: float
) -> Iterator[NoiseView]:
    """Keys of which something is known, and those that wait; what is no value waits for nothing."""
    states, waiting, bare = book.states(route), book.waiting(route).keys, valueless(book.clusters(route))
    told = {each.path: each for each in findings if each.decided or path_of(each.path) not in bare}
    for key in sorted({*states, *waiting, *told}):
        found, state = told.get(key), states.get(key, KeyState.WAITS)
        yield NoiseView(
            path=key,
            decided=found.decided if found else "",
            excused=state in EXCUSED,
            asked=asked(found) if found else 0,
            until=at(found.until) if found and found.until is not None else None,
            state=state.value,
            why=(found.why if found else "") or (unknown(key) if key in waiting else ""),
            since=at(since(found)) if found else None,
            accepted=[rule.id for rule in rules.at(path_of(key)) if rule.lives(now)],
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
    for hit in book.hits(route):
        used[hit.rule].add("")
    for cluster in book.clusters(route):
        if cluster.accepted and cluster.accepted != UNDECIDED:
            used[cluster.accepted] = (used[cluster.accepted] - {""}) | {cluster.path}
    early = book.parity(route).sums.compared < ENOUGH
    return (each for each in review(rules, used, now) if not (early and each.misuse is Misuse.UNUSED))


def _request(request: CapturedRequest) -> CapturedRequestView:
    body, coded = _body(request.body)
    return CapturedRequestView(
        method=_text(request.method),
        target=_text(request.target),
        fields=_fields(request.fields),
        body=body,
        base64=coded,
    )


def _answer(answer: CapturedAnswer) -> CapturedAnswerView:
    body, coded = _body(answer.body)
    return CapturedAnswerView(
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


def epoch_view(epoch: Epoch, before: Epoch | None = None, *, counts: bool = True) -> EpochView:
    """One; `before` is the one that began before it."""
    return EpochView(
        number=epoch.number,
        legacy_version=epoch.legacy_version,
        new_version=epoch.new_version,
        began=at(epoch.began),
        seen=at(epoch.seen),
        counts=counts,
        why=_why(epoch, before),
    )


def epoch_views(epochs: Sequence[Epoch]) -> list[EpochView]:
    """All of a route's, the present one first."""
    known = {epoch.number: epoch for epoch in epochs}
    return [epoch_view(epoch, known.get(epoch.number - 1), counts=epoch is epochs[0]) for epoch in epochs]


def _why(epoch: Epoch, before: Epoch | None) -> str:
    if epoch.why:
        return epoch.why
    if before is None:
        return "first compared"
    if epoch.addresses != before.addresses:
        return "an upstream was edited"
    sides = [
        f"{side} {one or 'without a version'} → {other or 'without a version'}"
        for side, one, other in (
            ("legacy", before.legacy_version, epoch.legacy_version),
            ("new", before.new_version, epoch.new_version),
        )
        if one != other
    ]
    return ", ".join(sides)
