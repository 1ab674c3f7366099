"""What an operator calls a cohort, as the key that requests have.

Rule 1: a key may stand behind its source, as the journal and the log print it. One that no request of the route can
        have is refused with the reason: its source is not the route's, or it is no client's address.
"""

from __future__ import annotations

from ipaddress import ip_address

from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.route import Route
from proxy.core.traffic.remembered_request import source_text


def key_of(route: Route, cohort: str) -> str:
    """The key as it is sent, without its source; an address in the form in which those of clients are compared."""
    prefixes = (source.prefix.decode("ascii") for source in _sources(route))
    key = next((cohort.removeprefix(each) for each in prefixes if cohort.startswith(each)), cohort) or cohort
    return _address(key) or key if _is_address(route, cohort) else key


def no_source(route: Route, cohort: str) -> str:
    """Why no request of the route has this cohort, in a sentence; empty: one may."""
    known = _sources(route)
    named = ", ".join(map(source_text, known))
    kind = cohort.partition(":")[0] if ":" in cohort else ""
    if kind in set(SourceKind) and kind not in {source.kind for source in known} and not _address(cohort):
        literal = f"a key that begins so itself is written {known[0].kind}:{cohort}"
        return f"{route.name} has no cohorts by {kind}: its sources are {named}; {literal}"
    key = cohort.removeprefix(f"{SourceKind.CLIENT_IP}:")
    if _is_address(route, cohort) and not _address(key):
        others = "" if len(known) > 1 else f": the cohorts of {route.name} are its clients' addresses"
        return f"{key!r} is no client's address, such as 10.0.0.7{others}; a pin to it would never count"
    return ""


def stands_in(route: Route, key: str) -> str:
    """Of an address that is pinned on a route whose cohorts are others: which requests that is about; else empty."""
    if CLIENT_IP in route.cohort or not _address(key):
        return ""
    named = " or ".join(map(source_text, route.cohort))
    return f"{key} as an address stands in where a request has no {named}: those that have one go as before"


def _sources(route: Route) -> tuple[CohortSource, ...]:
    """Where none of its own is present the client's address stands in."""
    return route.cohort if CLIENT_IP in route.cohort else (*route.cohort, CLIENT_IP)


def _is_address(route: Route, cohort: str) -> bool:
    """Whether the key can be a client's address alone."""
    return cohort.startswith(f"{SourceKind.CLIENT_IP}:") or _sources(route) == (CLIENT_IP,)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
