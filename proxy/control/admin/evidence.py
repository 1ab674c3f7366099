"""The handlers of evidence: clusters of differences, exchanges that show them, exchanges kept for replay.

Rule 1: clusters come from the book and are always there; exchanges come from the store, which may be away: 503.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from proxy.control.admin.epoch_view import EpochView, epoch_views
from proxy.control.admin.evidence_view import ClusterView, ExchangeView, cluster_view, exchange_view
from proxy.control.admin.problem import problem
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.clusters import why
from proxy.core.evidence.records import Cluster, ComparedExchange, Epoch, NoiseFinding, Sample
from proxy.core.parity.rules.reasons import in_words

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


class EpochsView(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /api/routes/{name}/epochs`: the one that counts first."""

    epochs: list[EpochView]


class MismatchesView(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /api/routes/{name}/mismatches`; `exchanges` are there only if one cluster was asked for.

    `incomparable` says what could not be compared, and why; empty: nothing.
    """

    clusters: list[ClusterView]
    incomparable: str = ""
    exchanges: list[ExchangeView] | None = None


class ExchangesView(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /api/routes/{name}/exchanges`: safe requests kept for replay, newest first; `noisy` paths are excused."""

    exchanges: list[ExchangeView]
    noisy: list[str]


Answer = Callable[[web.Request, msgspec.Struct], web.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityPages:
    """What the admin port shows of evidence."""

    book: EvidenceBook = field(default_factory=EvidenceBook)
    archive: Archive = field(default_factory=NoArchive)

    async def mismatches(self, request: web.Request, route: str, answer: Answer) -> web.Response:
        """Clusters, or with `?cluster=ID` that one with its exchanges."""
        clusters = self.book.clusters(route)
        asked = request.query.get("cluster")
        if asked is None:
            said = in_words(self.book.parity(route).sums.reasons)
            return answer(request, MismatchesView(clusters=self._views(route, clusters), incomparable=said))
        found = next((each for each in clusters if each.id == asked), None)
        if found is None:
            said = f"there is no cluster {asked!r} on {route} now; GET {request.path} lists those there are"
            return problem(HTTPStatus.NOT_FOUND, said)
        samples = await self.archive.samples(route, asked)
        if samples is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
        exchanges = [exchange_view(each.exchange) for each in samples]
        return answer(request, MismatchesView(clusters=self._views(route, (found,)), exchanges=exchanges))

    def _views(self, route: str, clusters: tuple[Cluster, ...]) -> list[ClusterView]:
        sums, findings = self.book.parity(route).sums, self.archive.findings(route)
        comparable = sums.compared + sums.undecided
        return [cluster_view(each, comparable, why(each, findings)) for each in clusters]

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
        exchanges = [exchange_view(each) for each in recorded]
        return answer(request, ExchangesView(exchanges=exchanges, noisy=sorted(self.book.noisy(route))))
