"""Every path of the admin port, with what it takes and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.api.discovery import DiscoveryView
from proxy.api.ending.brownout import RetireBody, RetirementView
from proxy.api.ending.usage import UsageView
from proxy.api.evidence import EpochsView, ExchangesView, MismatchesView
from proxy.api.grants import (
    ExportBody,
    GrantsView,
    ImportBody,
    ImportedView,
    ReplayBody,
    ReplayedView,
    SealedGrantsView,
)
from proxy.api.history import HistoryView
from proxy.api.idempotency import ReleaseBody, ReleasedView, UndecidedKeysView
from proxy.api.journal import JournalBody, JournalDecidedView, JournalPageView
from proxy.api.kill import KillBody, KillView
from proxy.api.orders import MovedView, OrderBody, PinBody
from proxy.api.recent import RecentView, RequestedView
from proxy.api.reconcile import ReconcileRunBody, ReconcileRunsView, ReconcileRunView
from proxy.api.routes import RouteDetailView, RoutesView
from proxy.api.standing import TransitionsView
from proxy.api.suspension import SuspendBody, SuspendedView, SuspensionsView
from proxy.api.upstreams import UpstreamsView
from proxy.api.view import View


class TokenScope(StrEnum):
    """For whom a path needs the token."""

    NEVER = "never"
    BEYOND_LOOPBACK = "beyond loopback"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPath:
    """`answer` None: text, as the sentence says. `query`: parameters, each with a sentence."""

    method: str
    path: str
    token: TokenScope
    sentence: str
    answer: type[View] | None = None
    body: type[View] | None = None
    query: tuple[tuple[str, str], ...] = ()


def _read(path: str, sentence: str, answer: type[View], *query: tuple[str, str]) -> ApiPath:
    return ApiPath(
        method="GET", path=path, token=TokenScope.BEYOND_LOOPBACK, sentence=sentence, answer=answer, query=query
    )


def _order(verb: str, sentence: str, body: type[View] = OrderBody) -> ApiPath:
    return ApiPath(
        method="POST",
        path=f"/api/routes/{{name}}/{verb}",
        token=TokenScope.ALWAYS,
        sentence=sentence,
        answer=MovedView,
        body=body,
    )


def _grants(verb: str, sentence: str, body: type[View], answer: type[View]) -> ApiPath:
    path = f"/api/grants/{verb}"
    return ApiPath(method="POST", path=path, token=TokenScope.ALWAYS, sentence=sentence, answer=answer, body=body)


def _journal(verb: str, sentence: str) -> ApiPath:
    return ApiPath(
        method="POST",
        path=f"/api/journal/{{id}}/{verb}",
        token=TokenScope.ALWAYS,
        sentence=sentence,
        answer=JournalDecidedView,
        body=JournalBody,
    )


PATHS = (
    ApiPath(method="GET", path="/-/healthy", token=TokenScope.NEVER, sentence="200 as text: control lives."),
    ApiPath(
        method="GET",
        path="/-/ready",
        token=TokenScope.NEVER,
        sentence="200 as text: a worker serves what runs, it is known where routes stand, and key sets are there; else "
        "503 says why not.",
    ),
    ApiPath(
        method="GET",
        path="/.well-known/jwks.json",
        token=TokenScope.NEVER,
        sentence="The public keys of the tokens that tell upstreams who calls (`principal`), as a JWK Set.",
    ),
    ApiPath(
        method="GET",
        path="/metrics",
        token=TokenScope.BEYOND_LOOPBACK,
        sentence="The metrics as Prometheus reads them; whoever takes gzip gets it.",
    ),
    _read("/api/routes", "All routes, and everything at a glance.", RoutesView),
    _read("/api/routes/{name}", "One route. Its `ETag` is what `If-Match` takes.", RouteDetailView),
    _read(
        "/api/routes/{name}/mismatches",
        "Where the sides differ.",
        MismatchesView,
        ("cluster", "the id of one, or how it begins, which is shown with its exchanges"),
    ),
    _read("/api/routes/{name}/exchanges", "Safe requests that were kept for replay.", ExchangesView),
    _read("/api/routes/{name}/epochs", "Into what the route's evidence is divided.", EpochsView),
    _order("promote", "One step towards new."),
    _order("rollback", "Back to where legacy answers everybody, and kept there."),
    _order("hold", "The judge promotes it no longer."),
    _order("resume", "Ends a hold or a rollback."),
    _order("drain", "No new cohort goes to new; `off` ends it."),
    _order("epoch", "Begins a new epoch of its evidence."),
    _read(
        "/api/routes/{name}/retirement",
        "Whether it may be retired: who called, what its brown-out found, what is open.",
        RetirementView,
        ("seconds", "for how long nobody may have called; 30 days without it"),
        ("skip", "an item that need not be met, as often as there are some"),
    ),
    _order("retire", "Nobody answers it any more, where nothing of that is open; else 409 says what is.", RetireBody),
    _order("pin", "One cohort to one side, or no longer.", PinBody),
    _read("/api/upstreams", "The upstreams as probes and workers find them.", UpstreamsView),
    _read(
        "/api/transitions",
        "Recorded moves.",
        TransitionsView,
        ("route", "of this one alone, also when it is gone or was renamed"),
        ("limit", "how many, from 1 to 1000; 100 without it"),
    ),
    _read(
        "/api/history",
        "What was ordered: moves, holds, epochs, pins, drains and the kill switch.",
        HistoryView,
        ("route", "of this one alone, with what is about all of them; also when it is gone or was renamed"),
        ("limit", "how many, from 1 to 1000; 100 without it"),
    ),
    _read(
        "/api/recent",
        "Recent requests, as far as they were sampled.",
        RecentView,
        ("route", "of this one alone"),
        ("limit", "how many, from 1 to 50000; 1000 without it"),
    ),
    _read(
        "/api/requests/{id}",
        "One recent request by its id, or the one that its client gave: how it was decided, and would be now.",
        RequestedView,
    ),
    _read("/api/idempotency", "Idempotency keys whose outcome is unknown.", UndecidedKeysView),
    ApiPath(
        method="POST",
        path="/api/idempotency/{id}/release",
        token=TokenScope.ALWAYS,
        sentence="Frees such a key: the next request that carries it is executed.",
        answer=ReleasedView,
        body=ReleaseBody,
    ),
    _read(
        "/api/grants",
        "Families of tokens that exist once.",
        GrantsView,
        ("provider", "of this one alone"),
        ("unproved", "a system: those alone whose current token it has not shown"),
        ("limit", "how many, from 1 to 10000; 100 without it"),
    ),
    _grants("import", "Tokens that a system may bring though it adopts none.", ImportBody, ImportedView),
    _grants("replay", "Reads this host's spool into a database that was restored.", ReplayBody, ReplayedView),
    _grants("export", "Current tokens that a system is not known to hold, sealed.", ExportBody, SealedGrantsView),
    _read("/api/discovery", "The endpoints that traffic shows.", DiscoveryView),
    _read("/api/usage", "Who called which route, and when.", UsageView, ("route", "of this one alone, by day")),
    _read("/api/reconcile", "What runs of `banyan reconcile` have come to.", ReconcileRunsView),
    ApiPath(
        method="POST",
        path="/api/reconcile/{name}",
        token=TokenScope.ALWAYS,
        sentence="Records what a run of this check has come to, as `banyan reconcile` does.",
        answer=ReconcileRunView,
        body=ReconcileRunBody,
    ),
    _read(
        "/api/journal",
        "Writes on their way to both sides.",
        JournalPageView,
        ("route", "of this one alone"),
        ("state", "that stand so: `pending`, `owed`, `unknown`, `dead`"),
        ("limit", "how many, from 1 to 1000; 100 without it"),
    ),
    _journal("retry", "Sends an owed, unknown or dead write to the other side."),
    _journal("drop", "Takes out an unknown or dead write: the other side never gets it."),
    _read("/api/suspended", "Who may not call, however good their tokens are.", SuspensionsView),
    ApiPath(
        method="POST",
        path="/api/suspended",
        token=TokenScope.ALWAYS,
        sentence="Suspends a subject, or lifts that.",
        answer=SuspendedView,
        body=SuspendBody,
    ),
    _read("/api/kill", "The kill switch.", KillView),
    ApiPath(
        method="POST",
        path="/api/kill",
        token=TokenScope.ALWAYS,
        sentence="Turns the kill switch.",
        answer=KillView,
        body=KillBody,
    ),
)
"""In the order of the page; a test holds them beside what the admin port serves."""
