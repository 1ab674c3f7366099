"""Sends chosen requests one after another, and compares each answer with what legacy said, by the route's own rules."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from proxy.cli.socket_connection import SocketConnection
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, Outcome, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.redact import Redactor

if TYPE_CHECKING:
    from proxy.cli.evidence.replay_choice import Chosen, Kept
    from proxy.cli.evidence.replay_plan import Plan

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
class Remaining:
    """A request that still is answered otherwise, or not at all."""

    request: str
    request_id: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it."""

    sent: int = 0
    match: int = 0
    ignored: int = 0
    mismatch: int = 0
    incomparable: int = 0
    undecided: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    remaining: tuple[Remaining, ...] = ()


def run(chosen: Chosen, plan: Plan) -> Result:
    """Everything, one request at a time."""
    counts: Counter[Outcome] = Counter()
    remaining = []
    for kept in chosen.kept:
        comparison = _compared(kept, send(kept.request, plan), plan, chosen.noisy)
        counts[comparison.outcome] += 1
        if comparison.outcome not in {Outcome.MATCH, Outcome.IGNORED}:
            remaining.append(_remaining(kept, comparison))
    return Result(
        sent=len(chosen.kept),
        match=counts[Outcome.MATCH],
        ignored=counts[Outcome.IGNORED],
        mismatch=counts[Outcome.MISMATCH],
        incomparable=counts[Outcome.INCOMPARABLE],
        undecided=counts[Outcome.UNDECIDED],
        left_out={why.value: count for why, count in chosen.left_out.items()},
        remaining=tuple(remaining),
    )


def send(request: CapturedRequest, plan: Plan) -> CapturedAnswer:
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


def _fields(request: CapturedRequest, authority: str, plan: Plan) -> Iterator[tuple[str, bytes | str]]:
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


def _compared(kept: Kept, answer: CapturedAnswer, plan: Plan, noisy: frozenset[str]) -> Comparison:
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


def _remaining(kept: Kept, comparison: Comparison) -> Remaining:
    request = f"{kept.request.method.decode('latin-1')} {kept.request.target.decode('latin-1')}"
    paths = tuple(
        f"{each.path} {each.kind.value}: {each.legacy or '(nothing)'} → {each.new or '(nothing)'}"
        for each in (*comparison.differences, *(difference for _, difference in comparison.waiting))
    )
    why = () if comparison.why is None else (f"could not be compared: {comparison.why.value}",)
    return Remaining(request=request, request_id=kept.request_id, paths=(*paths, *why))
