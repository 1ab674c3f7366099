"""Whether the files that the `tls` blocks name can be used: read by the very code that serves with them.

Rule 1: what is wrong with a file stands at the key that names it, apart from what is wrong with the text: an edit of
        the text in an emergency must not be refused because of a certificate that was there before.
Rule 2: a certificate that has ended can be used, and nobody will like it: `check` refuses it, `serve` complains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem
from proxy.core.routing.snapshot import Snapshot
from proxy.tls.certificate import Certificate
from proxy.tls.contexts import UnusableError, certificate_in, client_context, server_context
from proxy.tls.live_contexts import day

SOON = 14 * 24 * 3600.0
"""Seconds before its end from which on a certificate is warned about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFile:
    """`upstream` is empty for the listener; `usable`: only its time is over or has not come."""

    problem: Problem
    upstream: str = ""
    usable: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """One certificate and the way to its key in the file."""

    path: Path
    upstream: str
    certificate: Certificate


def bad_files(draft: Draft, snapshot: Snapshot, now: float) -> Iterator[BadFile]:
    """Everything that `check` refuses; `now` is unix time."""
    for upstream, path, make in _uses(snapshot):
        try:
            make()
        except UnusableError as error:
            yield BadFile(problem=draft.problem((*path, error.key), str(error)), upstream=upstream)
    for found in _certificates(snapshot):
        said = _over(found.certificate, now)
        if said:
            yield BadFile(problem=draft.problem(found.path, said), upstream=found.upstream, usable=True)


def ending_soon(draft: Draft, snapshot: Snapshot, now: float) -> Iterator[Problem]:
    """The warnings about certificates that end within `SOON`."""
    for found in _certificates(snapshot):
        ends = found.certificate.ends
        if now <= ends < now + SOON:
            yield draft.problem(found.path, f"ends on {day(ends)}; have it renewed")


def newly_bad(files: tuple[BadFile, ...], before: Snapshot, after: Snapshot) -> list[Problem]:
    """Those that cannot be used and that the snapshot `before` did not name in the same way."""
    return [each.problem for each in files if not each.usable and not _same(each.upstream, before, after)]


def _same(upstream: str, before: Snapshot, after: Snapshot) -> bool:
    if not upstream:
        return before.tls == after.tls
    old = before.upstreams.get(upstream)
    return old is not None and old.tls == after.upstreams[upstream].tls


def _over(certificate: Certificate, now: float) -> str:
    if certificate.ends < now:
        return f"has ended on {day(certificate.ends)}; have it renewed"
    if certificate.begins > now:
        return f"holds only from {day(certificate.begins)} on; look at this machine's clock"
    return ""


def _uses(snapshot: Snapshot) -> Iterator[tuple[str, Path, Callable[[], object]]]:
    """Upstream, way to the block, and what makes a context of it; `client_ca` stands at the first alone."""
    if snapshot.tls is not None:
        tls = snapshot.tls
        for place, files in enumerate(tls.certificates):
            yield "", _block(place), lambda files=files: server_context(files, tls)  # type: ignore[misc]
    for name, upstream in snapshot.upstreams.items():
        if upstream.tls.files:
            yield name, ("upstreams", name, "tls"), lambda tls=upstream.tls: client_context(tls)  # type: ignore[misc]


def _certificates(snapshot: Snapshot) -> Iterator[_Found]:
    """Every certificate that can be read."""
    if snapshot.tls is not None:
        for place, files in enumerate(snapshot.tls.certificates):
            yield from _read((*_block(place), "cert"), "", files.cert)
    for name, upstream in snapshot.upstreams.items():
        if upstream.tls.cert:
            yield from _read(("upstreams", name, "tls", "cert"), name, upstream.tls.cert)


def _read(path: Path, upstream: str, file: str) -> Iterator[_Found]:
    try:
        yield _Found(path, upstream, certificate_in(file))
    except UnusableError:
        return


def _block(place: int) -> Path:
    return ("tls", "more", place - 1) if place else ("tls",)
