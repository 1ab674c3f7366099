"""`resolve:`, at the top and of an upstream: how its names become addresses.

Rule 1: what an upstream leaves out is said at the top; what neither says is the default of `proxy.core.routing.route`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, optional, said_by
from proxy.config.readers import scalars, units
from proxy.config.text.problem import FileProblem, Path
from proxy.core.routing.route import Resolve

LEAST = 0.5
"""Seconds: a name that cannot be reached is not looked up more often than that."""
_RESOLVE = Resolve()


class ResolveBy(StrEnum):
    """Who is asked for the addresses of a name."""

    DNS = "dns"
    SYSTEM = "system"


ResolveWord = Annotated[ResolveBy, BeforeValidator(scalars.Choice(ResolveBy))]


class ResolveBlock(Block):
    """How names become addresses."""

    by: ResolveWord | None = optional(
        "dns, the default: the hosts file, then the name servers of resolv.conf; system: the modules of nsswitch.conf, "
        "for names that only these know.",
        ResolveBy.SYSTEM.value,
    )
    least: units.LengthAboveZero | None = optional(
        f"How long addresses are used at least, whatever their TTL. Default {_RESOLVE.least:g}s.", "1s"
    )
    most: units.LengthAboveZero | None = optional(
        f"How long at most; so long where no TTL is told. Default {_RESOLVE.most:g}s.", "30s"
    )


def read_resolve(value: object) -> object:
    """The short form, dns or system alone, as the mapping that it stands for."""
    return {"by": value} if isinstance(value, str) else value


AnyResolve = Annotated[ResolveBlock, BeforeValidator(read_resolve, json_schema_input_type=ResolveWord | ResolveBlock)]
"""The mapping, or who is asked alone."""


class ResolveKeys(Block):
    """How names become addresses, at the top."""

    resolve: AnyResolve | None = optional(
        "How names of upstreams become addresses: a mapping, or dns or system alone. Default dns.",
        {"least": "1s", "most": "30s"},
        "system",
    )


class ResolveOfUpstream(Block):
    """How names of one upstream become addresses."""

    resolve: AnyResolve | None = optional(
        "How its names become addresses, and how long those are used; what it leaves out is that of the top.",
        {"most": "10s"},
        "system",
    )


def resolve_of(top: ResolveBlock | None, own: ResolveBlock | None) -> Resolve:
    """The value of an upstream's block over that at the top, key by key."""
    said = said_by(top) | said_by(own)
    by = said.pop("by", ResolveBy.DNS)
    return replace(_RESOLVE, system=by is ResolveBy.SYSTEM, **said)


def resolve_bounds_fit(draft: Draft) -> Iterator[FileProblem]:
    """The least is no more than the most, also of what an upstream says over the top."""
    top = draft.top(ResolveKeys).resolve
    yield from _bounds(draft, ("resolve",), None, top)
    for name, block in draft.of_upstreams(ResolveOfUpstream).items():
        yield from _bounds(draft, ("upstreams", name, "resolve"), top, block.resolve)


def _bounds(draft: Draft, path: Path, top: ResolveBlock | None, own: ResolveBlock | None) -> Iterator[FileProblem]:
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


def _of_upstream(keys: ResolveOfUpstream, draft: Draft) -> Mapping[str, object]:
    return {"resolve": resolve_of(draft.top(ResolveKeys).resolve, keys.resolve)}


RESOLVE = Section(
    top=KeysAt(ResolveKeys, lambda _, __: {}),
    upstream=KeysAt(ResolveOfUpstream, _of_upstream),
    checks=(resolve_bounds_fit,),
)
