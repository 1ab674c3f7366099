"""What is wrong between the values that say how upstreams and clients are found, though each of them is right."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.blocks.upstream_blocks import ResolveBlock, resolve_of
from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem

LEAST = 0.5
"""Seconds: a name that cannot be reached is not looked up more often than that."""


def resolve_bounds_fit(draft: Draft) -> Iterator[Problem]:
    """The least is no more than the most, also of what an upstream says over the top."""
    top = draft.settings.resolve
    yield from _bounds(draft, ("resolve",), None, top)
    for name, block in draft.upstreams.items():
        yield from _bounds(draft, ("upstreams", name, "resolve"), top, block.resolve)


def _bounds(draft: Draft, path: Path, top: ResolveBlock | None, own: ResolveBlock | None) -> Iterator[Problem]:
    """At the key that this block says itself."""
    if own is None:
        return
    found = resolve_of(top, own)
    if own.least is not None and own.least < LEAST:
        yield draft.problem((*path, "least"), f"must be {LEAST:g}s or longer: a lost name is asked for so often")
    elif found.least > found.most and own.least is not None:
        yield draft.problem((*path, "least"), f"is longer than most, {found.most:g}s; make one of them fit")
    elif found.least > found.most and own.most is not None:
        yield draft.problem((*path, "most"), f"is shorter than least, {found.least:g}s; make one of them fit")


def sockets_speak_plain(draft: Draft) -> Iterator[Problem]:
    """TLS is for a port: whoever may open a socket's path is on this machine."""
    if draft.settings.listen.is_unix and draft.settings.tls is not None:
        message = "is for an address and a port, and listen is a socket, which speaks plain HTTP; take one of them out"
        yield draft.problem(("tls",), message, at_key=True)


NAME_RULES = (resolve_bounds_fit, sockets_speak_plain)
