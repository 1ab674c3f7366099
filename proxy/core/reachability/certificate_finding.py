"""What the certificate of a target says: for how long it holds, and what is wrong where it was not trusted.

Rule 1: an end that is nearer than `SOON` is a warning: most authorities renew earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned

DAY = 86_400.0
SOON = 14 * DAY
_MOST_NAMES = 5
_WRONG_NAME, _NOT_YET, _NO_LONGER = (62, 64), (9,), (10,)
"""Codes of OpenSSL's X509_verify_cert: another host or address; not valid yet; expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCertificate:
    """What a target has shown: times in unix seconds, `day` makes one of them a text; `protocol` as in TLSv1.3."""

    protocol: str
    names: tuple[str, ...]
    begins_at: str
    ends: float
    ends_at: str


def named(names: tuple[str, ...]) -> str:
    """For people; the first few of many."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more or "no name"


def held(shown: ShownCertificate, wanted: str, now: float, ms: float, *, verified: bool) -> Finding:
    """Of a handshake that succeeded for the name `wanted`."""
    left = shown.ends - now
    span = f"until {shown.ends_at}, {max(int(left // DAY), 0)} days"
    if not verified:
        said = f"{shown.protocol}, not verified; it holds {named(shown.names)} {span}"
        return warned(ProbeRow.TLS, said, End.HERE, "verify: false takes whoever answers; name its authority in ca", ms)
    said = f"{shown.protocol}, holds {wanted} {span}"
    if left < SOON:
        return warned(ProbeRow.TLS, said, End.THERE, "renew the certificate: it ends in less than 14 days", ms)
    return fine(ProbeRow.TLS, said, ms)


def distrusted(code: int, words: str, shown: ShownCertificate | None, cure: str) -> Finding:
    """Of a handshake that failed for OpenSSL's `code`; `cure` is how routes.yaml can mend it."""
    if shown is None:
        return failed(ProbeRow.TLS, words, End.HERE, cure)
    if code in _NO_LONGER:
        said, cure = f"the certificate ended on {shown.ends_at}", "renew it there, or set this host's clock"
        return failed(ProbeRow.TLS, said, End.THERE, cure)
    if code in _NOT_YET:
        said, cure = f"the certificate begins on {shown.begins_at}", "see both clocks, or wait"
        return failed(ProbeRow.TLS, said, End.THERE, cure)
    if code in _WRONG_NAME:
        return failed(ProbeRow.TLS, f"the certificate holds {named(shown.names)}", End.THERE, cure)
    return failed(ProbeRow.TLS, words, End.HERE, cure)
