"""The blocks that say how failures of an upstream are met, and the values that they stand for."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.blocks.tls_block import Switch
from proxy.config.readers import scalars, value_types
from proxy.config.readers.errors import fault
from proxy.core.outcome import Side
from proxy.core.routing.route import BreakerPolicy, Eject, Fallback, Health, Resolve, Trigger

_HEALTH, _BREAKER, _EJECT, _RESOLVE = Health(path="/"), BreakerPolicy(), Eject(), Resolve()
_EITHER = "other"
_SWITCHED = (True, False)


def read_side(value: object) -> str:
    """The side that steps in."""
    if value in (Side.LEGACY.value, Side.NEW.value, _EITHER):
        return str(value)
    raise fault("must be legacy, new or other")


def read_fallback(value: object) -> object:
    """The short form, a side alone, as the mapping that it stands for."""
    return value if isinstance(value, dict) else {"to": value}


SideWord = Annotated[str, BeforeValidator(read_side), value_types.choices(Side.LEGACY, Side.NEW, _EITHER)]
TriggerWord = Annotated[Trigger, BeforeValidator(scalars.Choice(Trigger))]


class HealthBlock(Block):
    """How an upstream is asked how it is."""

    path: value_types.HealthPath = needed(
        "Asked with GET at each endpoint; below 400 says that it is well.", "/healthz"
    )
    host: value_types.Authority | None = optional(
        "The Host that it sees, perhaps with a port. Default its own.", "api.example.com"
    )
    every: value_types.LengthAboveZero | None = optional(f"How often. Default {_HEALTH.every:g}s.", "5s")
    unhealthy_after: value_types.AtLeastOne | None = optional(
        f"Bad answers in a row after which it counts as down. Default {_HEALTH.unhealthy_after}.", 3
    )
    healthy_after: value_types.AtLeastOne | None = optional(
        f"Good answers in a row after which it counts as up again. Default {_HEALTH.healthy_after}.", 2
    )


class BreakerBlock(Block):
    """When an upstream, or one operation of it, is left alone: by failed connects in a row, or the share that fails."""

    enabled: Switch | None = optional("false: it is always asked. Default true.", *_SWITCHED)
    failures: value_types.AtLeastOne | None = optional(
        f"Failures to connect in a row, within the window, after which it opens. Default {_BREAKER.failures}.", 5
    )
    share: value_types.Share | None = optional(
        f"Share of the window's requests whose failure opens it too. Default {_BREAKER.share:.0%}.", "50%"
    )
    volume: value_types.AtLeastOne | None = optional(
        f"Requests that the window must have for the share to count. Default {_BREAKER.volume}.", 20
    )
    window: value_types.LengthAboveZero | None = optional(f"Over which it counts. Default {_BREAKER.window:g}s.", "10s")
    open: value_types.LengthAboveZero | None = optional(
        f"How long nothing is sent, before real requests find out again. Default {_BREAKER.open:g}s.", "5s"
    )
    probes: value_types.Few | None = optional(f"How many requests find out at once. Default {_BREAKER.probes}.", 1)
    count_5xx: Switch | None = optional("true: answers 500 to 599 are failures too. Default false.", *_SWITCHED)


class EjectBlock(Block):
    """When one of several addresses of an upstream is left out."""

    enabled: Switch | None = optional("false: by health only. Default true.", *_SWITCHED)
    failures: value_types.AtLeastOne | None = optional(
        f"Failures to connect in a row after which it is left out. Default {_EJECT.failures}.", 3
    )
    share: value_types.Share | None = optional(
        f"Share of the window's requests to it whose failure leaves it out too. Default {_EJECT.share:.0%}.", "50%"
    )
    volume: value_types.AtLeastOne | None = optional(
        f"Requests to it that the window must have for the share to count. Default {_EJECT.volume}.", 10
    )
    window: value_types.LengthAboveZero | None = optional(f"Over which it counts. Default {_EJECT.window:g}s.", "10s")
    base: value_types.LengthAboveZero | None = optional(
        f"How long, times how often it was before. Default {_EJECT.base:g}s.", "30s"
    )
    cap: value_types.LengthAboveZero | None = optional(f"The longest. Default {_EJECT.cap:g}s.", "300s")
    max_ejected: value_types.Share | None = optional(
        f"The share of all addresses that may be out at once, by health too. Default {_EJECT.max_ejected:.0%}.", "50%"
    )


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
    least: value_types.LengthAboveZero | None = optional(
        f"How long addresses are used at least, whatever their TTL. Default {_RESOLVE.least:g}s.", "1s"
    )
    most: value_types.LengthAboveZero | None = optional(
        f"How long at most; so long where no TTL is told. Default {_RESOLVE.most:g}s.", "30s"
    )


def read_resolve(value: object) -> object:
    """The short form, dns or system alone, as the mapping that it stands for."""
    return {"by": value} if isinstance(value, str) else value


AnyResolve = Annotated[ResolveBlock, BeforeValidator(read_resolve, json_schema_input_type=ResolveWord | ResolveBlock)]
"""The mapping, or who is asked alone."""


class FallbackBlock(Block):
    """When the other side is asked instead."""

    to: SideWord = needed("The side that steps in: legacy, new, or other for either.", "legacy")
    after: list[TriggerWord] | None = optional(
        "connect: there is no connection (whatever the method: nothing was sent). What follows is for requests that "
        "may be repeated: failure: it broke off before its answer; timeout: it did not answer; 5xx: 502, 503 or 504. "
        "Default connect and failure.",
        ["connect", "failure", "timeout"],
    )


AnyFallback = Annotated[FallbackBlock, BeforeValidator(read_fallback, json_schema_input_type=SideWord | FallbackBlock)]
"""The mapping, or the side alone."""


def health_of(block: HealthBlock | None) -> Health | None:
    """The value of the block."""
    return None if block is None else replace(_HEALTH, **said_by(block))  # type: ignore[arg-type]


def breaker_of(block: BreakerBlock | None) -> BreakerPolicy | None:
    """The value of the block; None: there is none."""
    if block is None:
        return _BREAKER
    said = said_by(block)
    return None if said.pop("enabled", True) is False else replace(_BREAKER, **said)  # type: ignore[arg-type]


def eject_of(block: EjectBlock | None) -> Eject | None:
    """The value of the block; None: no address is left out for what it failed."""
    if block is None:
        return _EJECT
    said = said_by(block)
    return None if said.pop("enabled", True) is False else replace(_EJECT, **said)  # type: ignore[arg-type]


def resolve_of(top: ResolveBlock | None, own: ResolveBlock | None) -> Resolve:
    """The value of an upstream's block over that at the top, key by key."""
    said = {**({} if top is None else said_by(top)), **({} if own is None else said_by(own))}
    by = said.pop("by", ResolveBy.DNS)
    return replace(_RESOLVE, system=by is ResolveBy.SYSTEM, **said)  # type: ignore[arg-type]


def fallback_of(block: FallbackBlock | None) -> Fallback | None:
    """The value of the block."""
    if block is None:
        return None
    plain = Fallback(to=None if block.to == _EITHER else Side(block.to))
    return plain if block.after is None else replace(plain, after=frozenset(block.after))


def said_by(block: Block) -> dict[str, object]:
    """The keys that are there."""
    return {name: value for name in type(block).model_fields if (value := getattr(block, name)) is not None}
