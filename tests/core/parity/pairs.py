"""Pairs of answers in a line, and what their comparison says in a line."""

from __future__ import annotations

import json

from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Fields, Pair
from proxy.core.parity.rules.rules import Rule, Rules, Treatment

NOW = 1_800_000_000.0
NOISELESS = None
"""Without a sorter everything counts."""
JSON: Fields = ((b"Content-Type", b"application/json"),)
ASKED = CapturedRequest(method=b"GET", target=b"/orders/7", fields=((b"Host", b"shop.test"),), body=b"")


def answer(
    body: object = b"", fields: Fields = JSON, status: int = 200, *, size: int | None = None, failure: str = ""
) -> CapturedAnswer:
    """An answer; what is neither bytes nor text becomes JSON."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    length = len(data) if size is None else size
    return CapturedAnswer(status=status, fields=fields, body=data, size=length, seconds=0.01, failure=failure)


def pair(
    legacy: CapturedAnswer,
    new: CapturedAnswer,
    second: CapturedAnswer | None = None,
    request: CapturedRequest = ASKED,
) -> Pair:
    """Two answers to one request, and perhaps legacy's second."""
    return Pair(
        route="orders.show",
        request=request,
        legacy=legacy,
        new=new,
        second=second,
        cohort=7,
        at=NOW,
        request_id="r1",
        authoritative=Side.LEGACY,
        legacy_version="1",
        new_version="2",
    )


def asking(target: bytes = b"/orders/7", method: bytes = b"GET", **fields: str) -> CapturedRequest:
    """A request; field names by keyword, with underscores for dashes."""
    said = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in fields.items())
    return CapturedRequest(method=method, target=target, fields=(*ASKED.fields, *said), body=b"")


def rule(treatment: Treatment, path: str, **more: object) -> Rule:
    """A rule called by its treatment."""
    return Rule(id=treatment.value, path=path, treatment=treatment, reason="r", owner="o", **more)  # type: ignore[arg-type]


def compared(legacy: object, new: object, *rules: Rule, noisy: frozenset[str] = frozenset()) -> Comparison:
    """The comparison of two bodies, or of two whole answers."""
    one, other = (each if isinstance(each, CapturedAnswer) else answer(each) for each in (legacy, new))
    return compare(pair(one, other), Rules(rules=rules), RecordedNoise(dict.fromkeys(noisy, KeyState.NOISY)), NOW)


def said(comparison: Comparison) -> list[str]:
    """Each difference as `path kind severity`."""
    return [f"{difference.path} {difference.kind} {difference.severity}" for difference in comparison.differences]


def excused(comparison: Comparison) -> list[str]:
    """Each excused difference as `why path kind`."""
    return [f"{why} {each.path} {each.kind}" for why, each in comparison.excused]


def differences(legacy: object, new: object, *rules: Rule, noisy: frozenset[str] = frozenset()) -> list[str]:
    """What a comparison says of two bodies."""
    return said(compared(legacy, new, *rules, noisy=noisy))


def in_fields(*lines: str) -> Fields:
    """Fields from lines such as `Vary: Accept`."""
    parts = [line.partition(": ") for line in lines]
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, _, value in parts)


def of_fields(legacy: list[str], new: list[str], *rules: Rule, target: bytes = b"/orders/7") -> list[str]:
    """What a comparison says of the fields of two answers without a body."""
    both = pair(answer(fields=in_fields(*legacy)), answer(fields=in_fields(*new)), request=asking(target))
    return said(compare(both, Rules(rules=rules), NOISELESS, NOW))


def of_media(media: str, legacy: str | bytes, new: str | bytes, other: str = "") -> list[str]:
    """What a comparison says of two bodies of a media type."""
    kinds = [in_fields(f"Content-Type: {kind}") for kind in (media, other or media)]
    found = said(compared(answer(legacy, kinds[0]), answer(new, kinds[1])))
    return [each for each in found if not each.startswith("header:")]
