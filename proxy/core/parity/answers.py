"""Two answers to one request: status, fields and body, as finds that no rule has looked at yet.

Rule 1: an answer that is not whole is incomparable, for a reason from a closed list.
Rule 2: so is a 304, 412 or 206 on one side of a conditional request: each side has validators of its own.
Rule 3: so is a side that was asked without the client's credentials and turns the request away, where the other did
        not: it says what nobody in particular gets. Any other difference of such an answer counts as ever.
Rule 4: where both sides failed, by a 5xx or without an answer, there is no agreement: what differs all the same counts.
        Where legacy alone failed there is nothing to hold new against: whatever new says instead is no fault of it.
        A side that its breaker leaves alone has failed: by what opened the breaker. What met a bound here, streams, was
        never asked or cannot be translated has not.
Rule 5: a body is compared after its Content-Encoding is undone; an answer that has none by its nature has none.
"""

from __future__ import annotations

import re
from enum import StrEnum

from proxy.core.parity.bodies import compare_bodies
from proxy.core.parity.fields import compare_fields, fields_of, first_value
from proxy.core.parity.finds import Find
from proxy.core.parity.formats.decode import Undecodable, decode
from proxy.core.parity.formats.media import ContentType, read_content_type
from proxy.core.parity.pair import (
    BREAKER_OPEN,
    NOT_ASKED,
    SHED,
    STREAMING,
    TIMED_OUT,
    UNTRANSLATABLE,
    CapturedAnswer,
    CapturedRequest,
)
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.paths import ROOT, PathRules
from proxy.core.parity.rules.rules import Rules
from proxy.core.parity.walk import Walk


class IncomparableReason(StrEnum):
    """Why two answers could not be compared."""

    TRUNCATED = "truncated"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    SHED = "shed"
    BREAKER_OPEN = "breaker_open"
    STREAMING = "streaming"
    RACE = "race"
    UNDECODABLE = "undecodable"
    CONDITIONAL = "conditional"
    CREDENTIALS = "credentials"
    BOTH_FAILED = "both_failed"
    LEGACY_FAILED = "legacy_failed"
    UNTRANSLATABLE = "untranslatable"


_FAILURES = {
    TIMED_OUT: IncomparableReason.TIMED_OUT,
    SHED: IncomparableReason.SHED,
    BREAKER_OPEN: IncomparableReason.BREAKER_OPEN,
    STREAMING: IncomparableReason.STREAMING,
    UNTRANSLATABLE: IncomparableReason.UNTRANSLATABLE,
}
_SAYS_NOTHING = frozenset({SHED, STREAMING, NOT_ASKED, UNTRANSLATABLE})
_SERVER_ERROR = 500
_CONDITIONS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range"})
_OF_BODIES = frozenset({b"content-encoding", b"content-length", b"content-type"})
_OF_CONDITIONS = frozenset({206, 304, 412})
_BODYLESS = frozenset({204, 304})
_TEMPORARY, _PERMANENT = frozenset({302, 307}), frozenset({301, 308})
_KEEPS_METHOD = frozenset({307, 308})
_REFUSED = frozenset({401, 403, 407})
_AWAY = frozenset({301, 302, 303, 307, 308})
_LOGIN = re.compile(
    rb"(?<![a-z])(?:log[-_]?[io]n|sign[-_]?in|oauth2?|openid|sso|saml2?|auth|authori[sz]e|authenticate)(?![a-z])",
    re.IGNORECASE,
)


class _Side:
    """One answer with what it says of its body."""

    __slots__ = ("_said", "answer", "coding", "sends_body")

    def __init__(self, answer: CapturedAnswer, method: bytes) -> None:
        self.answer = answer
        self._said = fields_of(answer.fields, _OF_BODIES)
        self.coding = first_value(self._said, b"content-encoding")
        self.sends_body = method != b"HEAD" and answer.status not in _BODYLESS

    def body(self) -> tuple[bytes, ContentType]:
        """The decoded body and how to read it; raises `Undecodable`."""
        body = decode(self.answer.body, self.coding)
        return body, read_content_type(first_value(self._said, b"content-type"), body)

    def lies(self) -> bool:
        """Whether the body is not as long as the answer says or its nature asks."""
        if not self.sends_body:
            return self.answer.size > 0
        said = first_value(self._said, b"content-length")
        return said.isascii() and said.isdigit() and int(said[:19]) != self.answer.size

    def length(self) -> str:
        """What `lies` is about, for people."""
        said = first_value(self._said, b"content-length") if self.sends_body else "no body"
        return f"{said or 'no length'} said, {self.answer.size} sent"


def find_differences(
    request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer, rules: Rules
) -> tuple[list[Find], IncomparableReason | None]:
    """What differs as far as it can be seen, and why no more can be."""
    why = _whole(request, legacy, new)
    if why is not None:
        return [], why
    walk, one, other = Walk(), _Side(legacy, request.method), _Side(new, request.method)
    if legacy.status != new.status:
        walk.note(
            PathRules("status", rules),
            DifferenceKind.STATUS,
            str(legacy.status),
            str(new.status),
            _redirects(legacy, new),
        )
    compare_fields(request, legacy.fields, new.fields, walk, rules)
    why = _compare_contents(one, other, walk, rules)
    return walk.finds, IncomparableReason.BOTH_FAILED if _fails(legacy) and _fails(new) else why


def _whole(request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer) -> IncomparableReason | None:
    failures = [answer.failure for answer in (legacy, new) if answer.failure]
    if _fails(legacy) and not _fails(new):
        return IncomparableReason.LEGACY_FAILED
    if failures:
        return IncomparableReason.BOTH_FAILED if _fails(legacy) else _why_failed(failures)
    if legacy.status == new.status:
        return None
    statuses = {legacy.status, new.status}
    asked = any(name.lower() in _CONDITIONS for name, _ in request.fields)
    return IncomparableReason.CONDITIONAL if 304 in statuses or (asked and statuses & _OF_CONDITIONS) else None


def _why_failed(failures: list[str]) -> IncomparableReason:
    """By the first that was asked: why the other was not follows from that."""
    asked = [failure for failure in failures if failure != NOT_ASKED]
    return _FAILURES.get(asked[0] if asked else NOT_ASKED, IncomparableReason.FAILED)


def _fails(answer: CapturedAnswer) -> bool:
    """Rule 4."""
    return answer.failure not in _SAYS_NOTHING if answer.failure else answer.status >= _SERVER_ERROR


def is_turned_away(asked: CapturedAnswer, bare: CapturedAnswer) -> bool:
    """Rule 3: `asked` had the client's credentials, `bare` not."""
    return not (asked.failure or bare.failure) and _turns_away(bare) and not _turns_away(asked)


def _turns_away(answer: CapturedAnswer) -> bool:
    """A refusal, or a redirect to where one logs in."""
    if answer.status not in _AWAY:
        return answer.status in _REFUSED
    where = next((value for name, value in answer.fields if name.lower() == b"location"), b"")
    return _LOGIN.search(where) is not None


def _redirects(legacy: CapturedAnswer, new: CapturedAnswer) -> Severity | None:
    """For how long a redirect holds is less than what it does to the method."""
    pair = {legacy.status, new.status}
    known = pair <= _TEMPORARY | _PERMANENT
    return Severity.MEDIUM if known and len(pair & _KEEPS_METHOD) != 1 else None


def _compare_contents(one: _Side, other: _Side, walk: Walk, rules: Rules) -> IncomparableReason | None:
    legacy, new = one.answer, other.answer
    if legacy.size != len(legacy.body) or new.size != len(new.body):
        return IncomparableReason.TRUNCATED
    if one.lies() != other.lies():
        place = PathRules("header:Content-Length", rules)
        walk.note(place, DifferenceKind.LENGTH, one.length(), other.length(), Severity.HIGH)
    if legacy.body == new.body and one.coding == other.coding:
        return None
    try:
        (first, its_kind), (second, other_kind) = one.body(), other.body()
        compare_bodies(first, second, (its_kind, other_kind), walk, PathRules(ROOT, rules))
    except (Undecodable, RecursionError):
        return IncomparableReason.UNDECODABLE
    return None
