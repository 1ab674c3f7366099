"""Proof, before anything is timed, that a proxy does the work that it will be timed at.

Each tenant asks the same route twice. Looked at: status, which side answered, whether a tenant stays on it, the share
of `new`, forwarding headers as the upstream saw them, requests that the upstream got per request, a path that no route
has, a line per request in the access log, and metrics.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import BenchError
from bench.load.workload import TENANT_HEADER, TENANTS, Site, item_path, tenant
from bench.processes import Running

LOG_SECONDS = 5.0
ASKED = 2 * TENANTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request showed."""

    tenant: str
    status: int
    side: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a proxy was seen to do. `log_bytes` is the length of an access line."""

    share_new: float
    sticky: bool
    forwarded: bool
    upstream_per_request: float
    unknown_is_404: bool
    lines_per_request: float
    log_bytes: int
    metrics: bool


def audit(child: Running, site: Site, metrics: str) -> Audit:
    """Asks, looks, and raises if what was seen makes a comparison unfair."""
    site.log.touch()
    log_before, hits_before = len(_settled(site)), _hits(site)
    answers = list(_ask(child.launch.port, site.routes))
    hits = _hits(site) - hits_before
    lines = _settled(site)[log_before:].splitlines()
    found = Audit(
        share_new=share_new(answers),
        sticky=sticky(answers),
        forwarded=all(forwarding(answer.seen) for answer in answers),
        upstream_per_request=round(hits / ASKED, 3),
        unknown_is_404=_status(child.launch.port, "/nowhere/at/all") == 404,
        lines_per_request=len(lines) / ASKED,
        log_bytes=sum(len(line) for line in lines) // max(1, len(lines)),
        metrics=_status(site.admin, metrics) == 200,
    )
    if wrong := "; ".join(faults(answers, found)):
        raise BenchError(f"{child.label} does not do the work: {wrong}")
    return found


def share_new(answers: list[Answer]) -> float:
    """The share of answers that came from new."""
    return sum(answer.side == "new" for answer in answers) / len(answers)


def sticky(answers: list[Answer]) -> bool:
    """True if no tenant was answered by two sides."""
    sides: dict[str, set[str]] = {}
    for answer in answers:
        sides.setdefault(answer.tenant, set()).add(answer.side)
    return all(len(seen) == 1 for seen in sides.values())


def faults(answers: list[Answer], found: Audit) -> Iterable[str]:
    """Why this proxy must not be in the table; stickiness is only reported, as not every proxy can do it."""
    if bad := {answer.status for answer in answers} - {200}:
        yield f"answered {sorted(bad)} instead of 200"
    if not 0.3 <= found.share_new <= 0.7:
        yield f"new answered {found.share_new:.0%} instead of about half"
    if not found.forwarded:
        yield "X-Forwarded-For or X-Forwarded-Proto did not reach the upstream"
    if found.upstream_per_request > 1.01:
        yield f"the upstream was asked {found.upstream_per_request:.2f} times per request"
    if not found.unknown_is_404:
        yield "a path without a route was not answered with 404"
    if found.lines_per_request < 0.99 or found.log_bytes < 50:
        yield f"the access log got {found.lines_per_request:.2f} lines of {found.log_bytes} bytes per request"
    if not found.metrics:
        yield "no metrics"


def forwarding(seen: str) -> bool:
    """An address and the scheme. Which address does not matter: Envoy names the machine's own instead of loopback."""
    address, _, scheme = seen.partition(" ")
    return bool(address) and scheme == "http"


def _ask(port: int, routes: int) -> Iterable[Answer]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for number in range(ASKED):
        name = tenant(number % TENANTS)
        path = item_path(number % TENANTS % routes, number)
        connection.request("GET", path, headers={TENANT_HEADER: name, "X-Bench-Echo": "1"})
        response = connection.getresponse()
        response.read()
        side, seen = response.getheader("X-Served-By", ""), response.getheader("X-Seen", "")
        yield Answer(tenant=name, status=response.status, side=side, seen=seen)
    connection.close()


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _hits(site: Site) -> int:
    """Requests that the upstream has had, by its stub_status, this question not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", site.legacy, timeout=10)
    try:
        connection.request("GET", "/-/status")
        lines = connection.getresponse().read().decode().splitlines()
        return int(lines[2].split()[2])
    finally:
        connection.close()


def _settled(site: Site) -> bytes:
    """The log once it has been still for a moment, since some proxies gather lines for up to a second."""
    deadline = time.monotonic() + LOG_SECONDS
    text = site.log.read_bytes()
    while time.monotonic() < deadline:
        time.sleep(1.2)
        before, text = text, site.log.read_bytes()
        if text == before:
            break
    return text
