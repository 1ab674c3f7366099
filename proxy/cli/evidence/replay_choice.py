"""Which kept exchanges can be sent again.

Rule 1: never one that may change something, whatever the route says of its effects.
Rule 2: what was replaced by a hash is not sent: it would be another request. What is left out is counted by reason.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from proxy.cli.evidence.evidence_api import get_mismatches, get_recorded
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest
from proxy.core.routing.effects import SAFE_METHODS, Effects

if TYPE_CHECKING:
    from proxy.cli.evidence.replay_plan import Plan
    from proxy.control.admin.evidence_view import AnswerView, ExchangeView, MessageView

HASHED = re.compile(rb"hash:[0-9a-f]{12}")
MOST_CLUSTERS = 50


class Why(StrEnum):
    """Why an exchange is left out."""

    UNSAFE = "not a safe request"
    REDACTED = "the request held a secret that was replaced by its hash; -H gives a field a value"
    NOT_WHOLE = "legacy's answer was not kept whole"
    HASHED = "what legacy said at the path is a secret, and was replaced by its hash"
    NO_KEY = "legacy's answer holds hashes, and their key cannot be read here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is to be sent, and what legacy said."""

    request: CapturedRequest
    legacy: CapturedAnswer
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What goes, what stays, and the paths that are noise."""

    kept: tuple[Kept, ...]
    left_out: Counter[Why] = field(default_factory=Counter)
    noisy: frozenset[str] = frozenset()


def choose(base: str, cluster: str, plan: Plan) -> Chosen:
    """Exchanges of one cluster, or all that are kept of the route: those for replay, and those that show clusters."""
    recorded = get_recorded(base, plan.route.name)
    if cluster:
        found = get_mismatches(base, plan.route.name, cluster).exchanges or []
    else:
        clusters = [each.id for each in get_mismatches(base, plan.route.name).clusters if each.accepted is None]
        shown = [get_mismatches(base, plan.route.name, each).exchanges or [] for each in clusters[:MOST_CLUSTERS]]
        found = [*recorded.exchanges, *(exchange for each in shown for exchange in each)]
    kept, left_out = [], Counter[Why]()
    for each in {exchange.request_id: exchange for exchange in found}.values():
        made = kept_of(each, plan)
        if isinstance(made, Why):
            left_out[made] += 1
        else:
            kept.append(made)
    return Chosen(kept=tuple(kept), left_out=left_out, noisy=frozenset(recorded.noisy))


def kept_of(exchange: ExchangeView, plan: Plan) -> Kept | Why:
    """The exchange ready to be sent, or why not."""
    request, legacy = exchange.request, exchange.legacy
    if request.method.encode() not in SAFE_METHODS or request.body or plan.route.effects not in {None, Effects.SAFE}:
        return Why.UNSAFE
    given = {name.lower() for name, _ in plan.fields}
    fields = [(name, value) for name, value in request.fields if name.lower() not in given] + list(plan.fields)
    if any(HASHED.search(each.encode("latin-1", "replace")) for each in (request.target, *(v for _, v in fields))):
        return Why.REDACTED
    answer = _answer(legacy)
    if legacy.failure or legacy.cut:
        return Why.NOT_WHOLE
    if not plan.key and (HASHED.search(answer.body) or any(HASHED.search(value) for _, value in answer.fields)):
        return Why.NO_KEY
    return Kept(
        request=CapturedRequest(
            method=request.method.encode("latin-1"),
            target=request.target.encode("latin-1"),
            fields=tuple((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields),
            body=b"",
        ),
        legacy=answer,
        request_id=exchange.request_id,
    )


def _answer(answer: AnswerView) -> CapturedAnswer:
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
