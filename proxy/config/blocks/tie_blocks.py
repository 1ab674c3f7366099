"""The blocks that tie requests to a side: `cookies` and `pins` at the top, `affinity`, `stay` and `pin` of a route.

Rule 1: a short form stands for the block: `stay: [query:state]` is `stay: {by: [query:state]}`.
Rule 2: a key that is too short to be secret is refused, and never repeated.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.readers import match_values, value_types
from proxy.config.readers.errors import fault
from proxy.config.readers.units import Whole
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.tie import PLAIN_COOKIES, Cookies, Tie
from proxy.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_KEY = 32
_MOST_PINS = 1000
_MOST_FLOWS = 8
_MOST_DAYS = 400
"""More than browsers keep any cookie (RFC 6265bis section 5.5)."""
_LONGEST_KEY = 256
_PLAIN = Tie()
_TEXT = WithJsonSchema({"type": "string"})


def read_cookie_key(value: object) -> bytes:
    """Text that nobody guesses, as 32 bytes."""
    if not isinstance(value, str) or len(value) < _LEAST_KEY:
        message = f"must be text of at least {_LEAST_KEY} characters that nobody guesses"
        raise fault(message, got="", cure="make one with: openssl rand -base64 32")
    return sha256(value.encode()).digest()


def read_flow(value: object) -> CohortSource:
    """What a flow is known by: a source that belongs to the flow and not to the client."""
    source = match_values.read_source(value)
    if source.kind in (SourceKind.CLIENT_IP, SourceKind.ANONYMOUS):
        raise fault("is no flow's own; write query:, cookie:, header: or path: and a name")
    return source


def read_stay(value: object) -> object:
    """The short form, sources alone, as the mapping that it stands for."""
    return value if isinstance(value, dict) else {"by": value}


def read_flows(value: object) -> object:
    """One source, or a few."""
    sources = match_values.read_cohort(value)
    if isinstance(sources, tuple) and len(sources) > _MOST_FLOWS:
        raise fault(f"must be at most {_MOST_FLOWS} sources", got=f"{len(sources)}")
    return sources


def read_pins(value: object) -> frozenset[bytes]:
    """Cohort keys, as requests carry them."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and 0 < len(each) <= _LONGEST_KEY for each in values):
        number = isinstance(value, int | float)
        cure = "write the number in quotes" if number else ""
        raise fault("must be a cohort's key, or a list of them: text as requests carry it", cure=cure)
    if len(values) > _MOST_PINS:
        raise fault(f"must be at most {_MOST_PINS} keys", got=f"{len(values)}")
    return frozenset(str(each).encode("utf-8", "surrogateescape") for each in values)


_FLOW = WithJsonSchema({"type": "string", "pattern": "^(header|cookie|query|path):.+$"})
Flow = Annotated[CohortSource, BeforeValidator(read_flow), _FLOW]
Flows = Annotated[tuple[Flow, ...], BeforeValidator(read_flows, json_schema_input_type=Flow | list[Flow])]
_PINS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": _MOST_PINS}
Pins = Annotated[frozenset[bytes], BeforeValidator(read_pins), WithJsonSchema({"anyOf": [_PINS, {"type": "string"}]})]
CookieKey = Annotated[
    bytes, BeforeValidator(read_cookie_key), WithJsonSchema({"type": "string", "pattern": "^.{32,}$"})
]
CookieName = Annotated[str, BeforeValidator(match_values.read_cookie_name), _TEXT]
Days = Annotated[
    int,
    BeforeValidator(Whole(1, _MOST_DAYS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_DAYS}),
]


class CookiesBlock(Block):
    """The cookies that Banyan sets itself."""

    key: CookieKey | None = optional(
        "What they are signed with, out of the environment: the same for all replicas. Default: a key that is made in "
        "the state directory.",
        "a text of 32 characters, or more, that nobody guesses",
    )
    cohort: CookieName | None = optional(
        f"The name of the cookie of anonymous cohorts. Default {PLAIN_COOKIES.cohort}.", "banyan_cohort"
    )
    days: Days | None = optional(
        f"How long an anonymous cohort is known after its last visits. Default {PLAIN_COOKIES.days}.", 180
    )
    side: CookieName | None = optional(
        "The name of a cookie that tells other replicas what stay and affinity hold. Without it none is set.",
        "banyan_side",
    )


class PinsBlock(Block):
    """Who may choose a side for a request."""

    header: list[value_types.NetworkText] = needed(
        "Addresses and networks of clients whose X-Banyan-Side: legacy or new is obeyed.", ["10.20.0.0/16"]
    )


class PinBlock(Block):
    """Cohorts that are on a side whatever their draw."""

    new: Pins | None = optional("Keys of cohorts that new serves.", "acme", ["acme", "initech"])
    legacy: Pins | None = optional("Keys of cohorts that legacy serves.", ["umbrella"])


class StayBlock(Block):
    """Which requests belong to one flow, which stays on its side."""

    by: Flows = needed(
        "query:NAME, cookie:NAME, header:NAME or path:NAME; several are asked in this order.",
        ["query:state", "cookie:sid"],
    )
    lasts: value_types.LengthAboveZero | None = optional(
        f"How long after its last request a flow is over. Default {_PLAIN.stay_for:g}s.", "10m"
    )


AnyStay = Annotated[StayBlock, BeforeValidator(read_stay, json_schema_input_type=Flow | list[Flow] | StayBlock)]
"""The mapping, or its sources alone."""


def cookies_of(block: CookiesBlock | None) -> Cookies:
    """What holds, defaults filled in."""
    if block is None:
        return PLAIN_COOKIES
    return Cookies(
        key=Secret(block.key or b""),
        cohort=block.cohort or PLAIN_COOKIES.cohort,
        side=block.side or "",
        days=block.days or PLAIN_COOKIES.days,
    )


def tie_of(
    affinity: float | None, stay: StayBlock | None, pin: PinBlock | None, place: Callable[[CohortSource], CohortSource]
) -> Tie | None:
    """One route's; None where it says nothing. `place` finds a source's place in the route's path."""
    if not affinity and stay is None and pin is None:
        return None
    sides = () if pin is None else ((Side.NEW, pin.new), (Side.LEGACY, pin.legacy))
    return Tie(
        affinity=affinity or 0.0,
        stay=() if stay is None else tuple(place(each) for each in stay.by),
        stay_for=_PLAIN.stay_for if stay is None or stay.lasts is None else stay.lasts,
        pins=tuple((key, side) for side, keys in sides for key in sorted(keys or ())),
    )
