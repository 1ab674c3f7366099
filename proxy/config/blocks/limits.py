"""`limits:`, of the clients' side and of a route."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, optional, said_by
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching
from proxy.config.readers.units import SIZE, SIZE_SCHEMA, read_size, with_unit
from proxy.config.text.problem import FileProblem, Path
from proxy.core.routing.route import RateLimit
from proxy.core.routing.snapshot import AUTO, Limits

_RATE = re.compile(r"([1-9][0-9]{0,8}) ?/ ?(s|m|h)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_BYTE_RATE = re.compile(rf"(?P<size>{SIZE.pattern}) ?/ ?s")
_OF_MEMORY = ("auto", "off")
_LIMITS = Limits()


def read_rate(value: object) -> RateLimit:
    """`100/s`, `600/m` or `1000/h`: so many at once, and as many again over the unit."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a rate such as 100/s, 600/m or 1000/h", cure=with_unit(value, "/s"))
    return RateLimit(requests=int(found[1]), seconds=_UNITS[found[2]])


def read_byte_rate(value: object) -> int:
    """`240B/s` as bytes per second; `0B/s` is no bound."""
    found = _BYTE_RATE.fullmatch(value) if isinstance(value, str) else None
    if found is not None and found["size"] == "0B":
        return 0
    try:
        return read_size(found["size"] if found is not None else None)
    except ValueError:
        cure = with_unit(value, "B/s")
        raise fault("must be a size per second such as 240B/s, or 0B/s for no bound", cure=cure) from None


def read_memory(value: object) -> int:
    """A size, 0 for `off`, or `AUTO`."""
    if isinstance(value, str) and value in _OF_MEMORY:
        return AUTO if value == "auto" else 0
    try:
        return read_size(value)
    except ValueError:
        cure = "in quotes, since off alone is false to some readers of YAML" if value is False else ""
        raise fault('must be a size such as 512MiB, auto, or "off"', cure=cure) from None


RateText = Annotated[RateLimit, BeforeValidator(read_rate), matching(_RATE)]
ByteRate = Annotated[int, BeforeValidator(read_byte_rate), matching(_BYTE_RATE)]
Memory = Annotated[
    int, BeforeValidator(read_memory), WithJsonSchema({"anyOf": [SIZE_SCHEMA, {"enum": list(_OF_MEMORY)}]})
]


class RateBy(StrEnum):
    """Whose requests a route's rate counts together."""

    CLIENT = "client"
    COHORT = "cohort"


class RouteLimitsBlock(Block):
    """Bounds of one route."""

    body_size: units.Size | None = optional("Largest request body; a larger one is answered with 413.", "10MiB")
    rate: RateText | None = optional(
        "Requests on this route: so many at once, refilled evenly over the unit; more are answered with 429.", "10/s"
    )
    rate_by: Annotated[RateBy, BeforeValidator(scalars.Choice(RateBy))] | None = optional(
        "Whose requests count together: client, the default, is an address; cohort what the route says.", "cohort"
    )


class LimitsBlock(Block):
    """Bounds of the clients' side."""

    connections: units.Connections | None = optional(
        f"Most client connections of one worker. Default {_LIMITS.connections}.", 16_000
    )
    connections_per_client: units.AtLeastOne | None = optional(
        "Most connections of one worker from one address; not for trusted_proxies. Without it there is no bound.", 100
    )
    requests_per_connection: units.AtLeastOne | None = optional(
        "After so many, a connection is closed. Without it there is no bound.", 1000
    )
    pipeline: units.AtLeastOne | None = optional(
        f"Requests that may wait behind one; then the client is not read. Default {_LIMITS.pipeline}.", 100
    )
    rate: RateText | None = optional(
        "Requests of one client's address: so many at once, refilled evenly over the unit; more are answered with 429. "
        "Without it there is no bound.",
        "100/s",
    )
    failed_checks: RateText | None = optional(
        "How often tokens of one client's address may be found bad (auth) before a new one of that address is answered "
        "with 429 unread; tokens that were found good still pass. Default 20/s.",
        "20/s",
    )
    memory: Memory | None = optional(
        "What one worker may take: near it, it sheds. auto, the default, is 90 % of what the control group allows, "
        "divided by the workers.",
        "512MiB",
        "auto",
    )
    head: units.LengthAboveZero | None = optional(f"For a whole request head. Default {_LIMITS.head:g}s.", "10s")
    body: units.LengthAboveZero | None = optional(
        f"Without a byte of a request's body. Default {_LIMITS.body:g}s.", "30s"
    )
    body_rate: ByteRate | None = optional(
        f"The least that a body brings, over each body timeout; 0B/s is no bound. Default {_LIMITS.body_rate}B/s.",
        "240B/s",
    )
    write: units.LengthAboveZero | None = optional(
        f"For a client that does not read what is written to it. Default {_LIMITS.write:g}s.", "60s"
    )
    idle: units.LengthAboveZero | None = optional(
        f"Between two requests of a connection. Default {_LIMITS.idle:g}s.", "75s"
    )
    tunnel: units.LengthAboveZero | None = optional(
        f"Without a byte in a tunnel, such as a WebSocket. Default {_LIMITS.tunnel:g}s.", "1h"
    )
    body_size: units.Size | None = optional(
        "Largest request body; a larger one is answered with 413. Without it there is no bound.", "10MiB"
    )
    request_line: units.Bytes | None = optional("Longest request line; a longer one is 414. Default 16KiB.", "16KiB")
    field: units.Bytes | None = optional("Longest header field; a longer one is 431. Default 16KiB.", "16KiB")
    head_size: units.Bytes | None = optional("Largest request head; a larger one is 431. Default 64KiB.", "64KiB")
    fields: units.AtLeastOne | None = optional(
        f"Most header fields; more are 431. Default {_LIMITS.fields}.", _LIMITS.fields
    )
    chunk_extension: units.Bytes | None = optional(
        "Longest extension of one chunk's size line; a longer one is 400. Default 256B.", "256B"
    )
    trailers: units.Bytes | None = optional("Largest trailer section; a larger one is 400. Default 8KiB.", "8KiB")


class LimitsAtTop(Block):
    """Bounds of the clients' side."""

    limits: LimitsBlock | None = optional("Bounds of the clients' side.", {"body_size": "10MiB"})


class LimitsOfRoute(Block):
    """Bounds of one route."""

    limits: RouteLimitsBlock | None = optional("Bounds of this route.", {"body_size": "10MiB"})


def rates_are_said(draft: Draft) -> Iterator[FileProblem]:
    """`rate_by` alone counts nothing."""
    for index, block in draft.of_routes(LimitsOfRoute):
        if block.limits is not None and block.limits.rate_by is not None and block.limits.rate is None:
            path: Path = ("routes", index, "limits", "rate_by")
            yield draft.problem(path, "has no rate to go with it; add one such as rate: 10/s, or take it out")


def _of_route(keys: LimitsOfRoute, _: Draft) -> Mapping[str, object]:
    limits = keys.limits
    return {"body_limit": (limits and limits.body_size) or 0}


def _rate(keys: LimitsOfRoute, _: Draft) -> RateLimit | None:
    limits = keys.limits
    if limits is None or limits.rate is None:
        return None
    return replace(limits.rate, by_cohort=limits.rate_by is RateBy.COHORT)


LIMITS = Section(
    top=KeysAt(LimitsAtTop, lambda keys, _: {"limits": replace(_LIMITS, **said_by(keys.limits))}),
    route=KeysAt(LimitsOfRoute, _of_route, beside_respond=frozenset({"limits"}), step=_rate),
    checks=(rates_are_said,),
)
