"""Kept requests once more: which can be sent again, how they are sent, and how each answer compares.

Rule 1: never one that may change something, whatever the route says of its effects.
Rule 2: what was replaced by a hash is not sent: it would be another request. What is left out is counted by reason.
Rule 3: one after another; each answer is compared with what legacy said, by the route's own rules.
"""

from __future__ import annotations

import re
import ssl
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from proxy.cli.admin_client import get_mismatches, get_recorded
from proxy.cli.socket_connection import SocketConnection
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, Outcome, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.redact import Redactor
from proxy.core.routing.effects import SAFE_METHODS, Effects

if TYPE_CHECKING:
    from proxy.api.evidence import CapturedAnswerView, ExchangeView, MessageView
    from proxy.core.routing.route import Route

HASHED = re.compile(rb"hash:[0-9a-f]{12}")
MOST_CLUSTERS = 50
TIMEOUT = 30.0
MOST_BODY = 8 * 1024 * 1024
MARKER = ("X-Banyan-Replay", "1")
_NOT_SENT = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields of a connection, and conditions that were about one side's own versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """How to send. `key` of the hashes, or empty; `fields` replace those of a request; `own_host`: `to` is the Host."""

    route: Route
    to: str
    own_host: bool
    key: bytes
    fields: tuple[tuple[str, str], ...] = ()


class LeftOut(StrEnum):
    """LeftOut an exchange is left out."""

    UNSAFE = "not a safe request"
    REDACTED = "the request held a secret that was replaced by its hash; -H gives a field a value"
    NOT_WHOLE = "legacy's answer was not kept whole"
    HASHED = "what legacy said at the path is a secret, and was replaced by its hash"
    NO_KEY = "legacy's answer holds hashes, and their key cannot be read here"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExchange:
    """What is to be sent, and what legacy said."""

    request: CapturedRequest
    legacy: CapturedAnswer
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenExchanges:
    """What goes, what stays, and the paths that are noise."""

    kept: tuple[KeptExchange, ...]
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    noisy: frozenset[str] = frozenset()


def choose(base: str, cluster: str, plan: ReplayPlan) -> ChosenExchanges:
    """Exchanges of one cluster, or all that are kept of the route: those for replay, and those that show clusters."""
    recorded = get_recorded(base, plan.route.name)
    if cluster:
        found = get_mismatches(base, plan.route.name, cluster).exchanges or []
    else:
        clusters = [each.id for each in get_mismatches(base, plan.route.name).clusters if each.accepted is None]
        shown = [get_mismatches(base, plan.route.name, each).exchanges or [] for each in clusters[:MOST_CLUSTERS]]
        found = [*recorded.exchanges, *(exchange for each in shown for exchange in each)]
    kept, left_out = [], Counter[LeftOut]()
    for each in {exchange.request_id: exchange for exchange in found}.values():
        made = kept_of(each, plan)
        if isinstance(made, LeftOut):
            left_out[made] += 1
        else:
            kept.append(made)
    return ChosenExchanges(kept=tuple(kept), left_out=left_out, noisy=frozenset(recorded.noisy))


def kept_of(exchange: ExchangeView, plan: ReplayPlan) -> KeptExchange | LeftOut:
    """The exchange ready to be sent, or why not."""
    request, legacy = exchange.request, exchange.legacy
    if request.method.encode() not in SAFE_METHODS or request.body or plan.route.effects not in {None, Effects.SAFE}:
        return LeftOut.UNSAFE
    given = {name.lower() for name, _ in plan.fields}
    fields = [(name, value) for name, value in request.fields if name.lower() not in given] + list(plan.fields)
    if any(HASHED.search(each.encode("latin-1", "replace")) for each in (request.target, *(v for _, v in fields))):
        return LeftOut.REDACTED
    answer = _answer(legacy)
    if legacy.failure or legacy.cut:
        return LeftOut.NOT_WHOLE
    if not plan.key and (HASHED.search(answer.body) or any(HASHED.search(value) for _, value in answer.fields)):
        return LeftOut.NO_KEY
    return KeptExchange(
        request=CapturedRequest(
            method=request.method.encode("latin-1"),
            target=request.target.encode("latin-1"),
            fields=tuple((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields),
            body=b"",
        ),
        legacy=answer,
        request_id=exchange.request_id,
    )


def _answer(answer: CapturedAnswerView) -> CapturedAnswer:
    body = body_of(answer)
    return CapturedAnswer(
        status=answer.status,
        fields=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.fields),
        body=body,
        size=len(body),
        seconds=answer.seconds,
        failure=answer.failure,
    )


def body_of(message: MessageView) -> bytes:
    """As it was kept."""
    return b64decode(message.body) if message.base64 else message.body.encode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """A request that still is answered otherwise, or not at all."""

    request: str
    request_id: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What came of it."""

    sent: int = 0
    match: int = 0
    ignored: int = 0
    mismatch: int = 0
    incomparable: int = 0
    undecided: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    remaining: tuple[Remaining, ...] = ()


def run(chosen: ChosenExchanges, plan: ReplayPlan) -> ReplayResult:
    """Everything, one request at a time."""
    counts: Counter[Outcome] = Counter()
    remaining = []
    for kept in chosen.kept:
        comparison = _compared(kept, send(kept.request, plan), plan, chosen.noisy)
        counts[comparison.outcome] += 1
        if comparison.outcome not in {Outcome.MATCH, Outcome.IGNORED}:
            remaining.append(_remaining(kept, comparison))
    return ReplayResult(
        sent=len(chosen.kept),
        match=counts[Outcome.MATCH],
        ignored=counts[Outcome.IGNORED],
        mismatch=counts[Outcome.MISMATCH],
        incomparable=counts[Outcome.INCOMPARABLE],
        undecided=counts[Outcome.UNDECIDED],
        left_out={why.value: count for why, count in chosen.left_out.items()},
        remaining=tuple(remaining),
    )


def send(request: CapturedRequest, plan: ReplayPlan) -> CapturedAnswer:
    """The answer of the new side, or one that says why there is none."""
    began = time.monotonic()
    parts = urlsplit(plan.to)
    connection = _connection(parts)
    try:
        connection.putrequest(
            request.method.decode("latin-1"),
            request.target.decode("latin-1"),
            skip_host=True,
            skip_accept_encoding=True,
        )
        for name, value in _fields(request, parts.netloc or "localhost", plan):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read(MOST_BODY + 1)
    except (OSError, HTTPException, ValueError) as error:
        failure = "timed_out" if isinstance(error, TimeoutError) else f"failed: {error}"
        return CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=0.0, failure=failure)
    finally:
        connection.close()
    return CapturedAnswer(
        status=response.status,
        fields=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()),
        body=body[:MOST_BODY],
        size=len(body),
        seconds=time.monotonic() - began,
    )


def _connection(to: SplitResult) -> HTTPConnection:
    host = to.hostname or ""
    if to.scheme == "http+unix":
        return SocketConnection(unquote(to.netloc + to.path), TIMEOUT)
    if to.scheme == "https":
        return HTTPSConnection(host, to.port, timeout=TIMEOUT, context=ssl.create_default_context())
    return HTTPConnection(host, to.port, timeout=TIMEOUT)


def _fields(request: CapturedRequest, authority: str, plan: ReplayPlan) -> Iterator[tuple[str, bytes | str]]:
    hosted = False
    for name, value in request.fields:
        lower = name.lower()
        if lower in _NOT_SENT:
            continue
        is_host = lower == b"host"
        hosted = hosted or is_host
        yield name.decode("latin-1"), authority if is_host and plan.own_host else value
    if not hosted:
        yield "Host", authority
    yield MARKER


def _compared(kept: KeptExchange, answer: CapturedAnswer, plan: ReplayPlan, noisy: frozenset[str]) -> Comparison:
    redactor = Redactor(key=plan.key, names=plan.route.compare.secrets) if plan.key else None
    pair = Pair(
        route=plan.route.name,
        request=kept.request,
        legacy=kept.legacy,
        new=answer if redactor is None or answer.failure else redactor.answer(answer),
        second=None,
        cohort=0,
        at=time.time(),
        request_id=kept.request_id,
        authoritative=Side.LEGACY,
        legacy_version="",
        new_version="",
    )
    return compare(pair, plan.route.compare, RecordedNoise(dict.fromkeys(noisy, KeyState.NOISY)), pair.at)


def _remaining(kept: KeptExchange, comparison: Comparison) -> Remaining:
    request = f"{kept.request.method.decode('latin-1')} {kept.request.target.decode('latin-1')}"
    paths = tuple(
        f"{each.path} {each.kind.value}: {each.legacy or '(nothing)'} → {each.new or '(nothing)'}"
        for each in (*comparison.differences, *(difference for _, difference in comparison.waiting))
    )
    why = () if comparison.why is None else (f"could not be compared: {comparison.why.value}",)
    return Remaining(request=request, request_id=kept.request_id, paths=(*paths, *why))
