"""Two answers to one request: status, fields and body, as finds that no rule has looked at yet.

Rule 1: an answer that is not whole is incomparable, for a reason from a closed list.
Rule 2: so is a 304, 412 or 206 on one side of a conditional request: each side has validators of its own.
Rule 3: a body is compared after its Content-Encoding is undone; an answer that has none by its nature has none.
"""

from __future__ import annotations

from enum import StrEnum

from proxy.core.parity.bodies import compare_bodies
from proxy.core.parity.captured import CapturedAnswer, CapturedRequest
from proxy.core.parity.decode import Undecodable, decode
from proxy.core.parity.difference import Kind, Severity
from proxy.core.parity.fields import compare_fields, first_value
from proxy.core.parity.finds import Find
from proxy.core.parity.media import read_content_type
from proxy.core.parity.paths import ROOT, Place
from proxy.core.parity.rules import Rules
from proxy.core.parity.walk import Walk


class Incomparable(StrEnum):
    """Why two answers could not be compared."""

    TRUNCATED = "truncated"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    SHED = "shed"
    STREAMING = "streaming"
    RACE = "race"
    UNDECODABLE = "undecodable"
    CONDITIONAL = "conditional"


_FAILURES = {each.value: each for each in (Incomparable.TIMED_OUT, Incomparable.SHED, Incomparable.STREAMING)}
_CONDITIONS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range"})
_OF_CONDITIONS = frozenset({206, 304, 412})
_BODYLESS = frozenset({204, 304})
_TEMPORARY, _PERMANENT = frozenset({302, 307}), frozenset({301, 308})
_KEEPS_METHOD = frozenset({307, 308})


def find_differences(
    request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer, rules: Rules
) -> tuple[list[Find], Incomparable | None]:
    """What differs as far as it can be seen, and why no more can be."""
    why = _whole(request, legacy, new)
    if why is not None:
        return [], why
    walk = Walk()
    if legacy.status != new.status:
        walk.note(Place("status", rules), Kind.STATUS, str(legacy.status), str(new.status), _redirects(legacy, new))
    compare_fields(request, legacy, new, walk, rules)
    return walk.finds, _compare_contents(request, legacy, new, walk, rules)


def _whole(request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer) -> Incomparable | None:
    for answer in (legacy, new):
        if answer.failure:
            return _FAILURES.get(answer.failure, Incomparable.FAILED)
    statuses = {legacy.status, new.status}
    asked = any(name.lower() in _CONDITIONS for name, _ in request.fields)
    if len(statuses) == 2 and (304 in statuses or (asked and statuses & _OF_CONDITIONS)):
        return Incomparable.CONDITIONAL
    return None


def _redirects(legacy: CapturedAnswer, new: CapturedAnswer) -> Severity | None:
    """For how long a redirect holds is less than what it does to the method."""
    pair = {legacy.status, new.status}
    known = pair <= _TEMPORARY | _PERMANENT
    return Severity.MEDIUM if known and len(pair & _KEEPS_METHOD) != 1 else None


def _compare_contents(
    request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer, walk: Walk, rules: Rules
) -> Incomparable | None:
    if legacy.size != len(legacy.body) or new.size != len(new.body):
        return Incomparable.TRUNCATED
    _check_lengths(request, legacy, new, walk, rules)
    codings = [first_value(each.fields, b"content-encoding") for each in (legacy, new)]
    if legacy.body == new.body and codings[0] == codings[1]:
        return None
    try:
        one, other = decode(legacy.body, codings[0]), decode(new.body, codings[1])
        types = [first_value(each.fields, b"content-type") for each in (legacy, new)]
        kinds = read_content_type(types[0], one), read_content_type(types[1], other)
        compare_bodies(one, other, kinds, walk, Place(ROOT, rules))
    except (Undecodable, RecursionError):
        return Incomparable.UNDECODABLE
    return None


def _check_lengths(
    request: CapturedRequest, legacy: CapturedAnswer, new: CapturedAnswer, walk: Walk, rules: Rules
) -> None:
    """Notes a body that is not as long as its answer says, where that holds for one side only."""
    lies = [_says_another_length(request, each) for each in (legacy, new)]
    if lies[0] != lies[1]:
        said = [f"{first_value(each.fields, b'content-length')} said, {each.size} sent" for each in (legacy, new)]
        walk.note(Place("header:Content-Length", rules), Kind.LENGTH, said[0], said[1], Severity.HIGH)


def _says_another_length(request: CapturedRequest, answer: CapturedAnswer) -> bool:
    said = first_value(answer.fields, b"content-length")
    if request.method == b"HEAD" or answer.status in _BODYLESS or not said.isdigit():
        return bool((request.method == b"HEAD" or answer.status in _BODYLESS) and answer.size)
    return int(said[:19]) != answer.size
