"""What ties requests to a side: `cookies` and `pins` at the top, `affinity`, `stay` and `pin` of a route.

Rule 1: a short form stands for the block: `stay: [query:state]` is `stay: {by: [query:state]}`.
Rule 2: a key that is too short to be secret is refused, and never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.match import placed
from proxy.config.blocks.route import RouteWithSides
from proxy.config.blocks.server import ServerKeys
from proxy.config.readers import address, sources, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching
from proxy.config.readers.sources import Flow
from proxy.config.text.problem import FileProblem, Path
from proxy.core.outcome import Side
from proxy.core.routing.cohort import FLOWS, CohortSource, SourceKind
from proxy.core.routing.tie import PLAIN_COOKIES, Cookies, Tie
from proxy.core.secret import Secret

_LEAST_KEY = 32
_KEY = re.compile(rf".{{{_LEAST_KEY},}}")
_MOST_PINS = 1000
_MOST_FLOWS = 8
_MOST_DAYS = 400
"""More than browsers keep any cookie (RFC 6265bis section 5.5)."""
_LONGEST_KEY = 256
_PLAIN = Tie()


def read_cookie_key(value: object) -> bytes:
    """Text that nobody guesses, as 32 bytes."""
    if not isinstance(value, str) or len(value) < _LEAST_KEY:
        message = f"must be text of at least {_LEAST_KEY} characters that nobody guesses"
        raise fault(message, got="", cure="make one with: openssl rand -base64 32")
    return sha256(value.encode()).digest()


def read_stay(value: object) -> object:
    """The short form, sources alone, as the mapping that it stands for."""
    return value if isinstance(value, dict) else {"by": value}


def read_flows(value: object) -> object:
    """One source, or a few."""
    found = sources.read_cohort(value)
    if isinstance(found, tuple) and len(found) > _MOST_FLOWS:
        raise fault(f"must be at most {_MOST_FLOWS} sources", got=f"{len(found)}")
    return found


def read_pins(value: object) -> frozenset[bytes]:
    """Cohort keys, as requests carry them."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY for key in values):
        number = isinstance(value, int | float)
        cure = "write the number in quotes" if number else ""
        raise fault("must be a cohort's key, or a list of them: text as requests carry it", cure=cure)
    if len(values) > _MOST_PINS:
        raise fault(f"must be at most {_MOST_PINS} keys", got=f"{len(values)}")
    return frozenset(str(key).encode("utf-8", "surrogateescape") for key in values)


Flows = Annotated[tuple[Flow, ...], BeforeValidator(read_flows, json_schema_input_type=Flow | list[Flow])]
_PINS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": _MOST_PINS}
Pins = Annotated[frozenset[bytes], BeforeValidator(read_pins), WithJsonSchema({"anyOf": [_PINS, {"type": "string"}]})]
CookieKey = Annotated[bytes, BeforeValidator(read_cookie_key), matching(_KEY)]
CookieName = Annotated[str, BeforeValidator(sources.read_cookie_name), TEXT]
Days = Annotated[int, units.Whole(1, _MOST_DAYS)]


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

    header: list[address.NetworkText] = needed(
        "Addresses and networks of clients whose X-Banyan-Side: legacy or new is obeyed.", ["10.20.0.0/16"]
    )


class PinBlock(Block):
    """Cohorts that are on a side whatever their draw."""

    new: Pins | None = optional("Keys of cohorts that new serves.", "acme", ["acme", "initech"])
    legacy: Pins | None = optional("Keys of cohorts that legacy serves.", ["umbrella"])


class StayBlock(Block):
    """Which requests belong to one flow, which stays on its side."""

    by: Flows = needed(
        f"{sources.either(map(sources.written, FLOWS))}; several are asked in this order.",
        ["query:state", "cookie:sid"],
    )
    lasts: units.LengthAboveZero | None = optional(
        f"How long after its last request a flow is over. Default {_PLAIN.stay_for:g}s.", "10m"
    )


AnyStay = Annotated[StayBlock, BeforeValidator(read_stay, json_schema_input_type=Flow | list[Flow] | StayBlock)]
"""The mapping, or its sources alone."""


class StickinessAtTop(Block):
    """The cookies, and who may choose a side."""

    cookies: CookiesBlock | None = optional("The cookies that Banyan sets itself.", {"side": "banyan_side"})
    pins: PinsBlock | None = optional("Who may choose a side for a request.", {"header": ["10.20.0.0/16"]})


class StickinessOfRoute(Block):
    """What ties its requests to a side."""

    affinity: units.LengthAboveZero | None = optional(
        "For so long after a cohort has written on a side, what it reads on this route, or in its group, comes from "
        "there. Without it reads go by the draw.",
        "5s",
    )
    stay: AnyStay | None = optional(
        "Values by which requests are known to belong to one flow, which stays on its side.", ["query:state"]
    )
    pin: PinBlock | None = optional("Cohorts that are on a side whatever their draw.", {"new": ["acme"]})


class _Route(RouteWithSides, StickinessOfRoute):
    """What is asked of a route here."""


def flows_can_be_found(draft: Draft) -> Iterator[FileProblem]:
    """`path:NAME` names a parameter of the route's own path; no source stands twice."""
    for index, block in draft.of_routes(_Route):
        if block.stay is None:
            continue
        for place, source in enumerate(block.stay.by):
            path: Path = ("routes", index, "stay", "by", place)
            if source.kind is SourceKind.PATH and block.match.path.position(source.name) < 0:
                parameters = ", ".join(name for name, _ in block.match.path.parameters) or "none"
                yield draft.problem(path, f"the path has no {{{source.name}}}; its parameters are: {parameters}")
            if source in block.stay.by[:place]:
                yield draft.problem(path, "stands twice; take one out")


def pins_are_clear(draft: Draft) -> Iterator[FileProblem]:
    """A cohort is on one side; keys are those of a source that has keys people know."""
    for index, block in draft.of_routes(_Route):
        if block.pin is None:
            continue
        path: Path = ("routes", index, "pin")
        if block.pin.new is None and block.pin.legacy is None:
            yield draft.problem(path, "pins nobody; say new: or legacy:, or take it out", at_key=True)
        both = (block.pin.new or frozenset()) & (block.pin.legacy or frozenset())
        for key in sorted(both):
            message = f'"{key.decode("utf-8", "replace")}" is pinned to both sides; take it out of one'
            yield draft.problem((*path, "legacy"), message)
        for role in ("new", "legacy"):
            name = getattr(block, role) or role
            if getattr(block.pin, role) and draft.declared is not None and name not in draft.declared:
                message = f'there is no upstream "{name}"; add it below upstreams, or take the pins out'
                yield draft.problem((*path, role), message, at_key=True)
        if _is_only(block.cohort, SourceKind.ANONYMOUS):
            message = "names keys, and anonymous cohorts have none that anybody knows; add a source to cohort"
            yield draft.problem(path, message, at_key=True)


def pins_may_count(draft: Draft) -> Iterator[FileProblem]:
    """Where cohorts are clients' addresses alone, other keys are no cohort's; a warning."""
    for index, block in draft.of_routes(_Route):
        if block.pin is None or not (block.cohort is None or _is_only(block.cohort, SourceKind.CLIENT_IP)):
            continue
        for side in ("new", "legacy"):
            for key in sorted(getattr(block.pin, side) or ()):
                text = key.decode("utf-8", "replace")
                written = _address(text)
                if written != text:
                    cure = f"write {written}" if written else "write one, or a cohort: that has such keys"
                    message = f'"{text}" is never a client\'s address, and the cohorts here are those; {cure}'
                    yield draft.problem(("routes", index, "pin", side), message)


def _address(text: str) -> str:
    """As addresses of clients are compared; empty: it is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _is_only(cohort: tuple[CohortSource, ...] | None, kind: SourceKind) -> bool:
    return cohort is not None and all(source.kind is kind for source in cohort)


def cookies_are_two(draft: Draft) -> Iterator[FileProblem]:
    """One name cannot stand for both."""
    cookies = draft.top(StickinessAtTop).cookies
    if cookies is not None and cookies.side == (cookies.cohort or PLAIN_COOKIES.cohort):
        yield draft.problem(("cookies", "side"), "is the name of the cohort's cookie, too; choose another")


def unshared_keys(draft: Draft) -> Iterator[FileProblem]:
    """Replicas that share a database are to know each other's cookies, too; a warning."""
    cookies = draft.top(StickinessAtTop).cookies
    if not draft.top(ServerKeys).state.startswith("postgres"):
        return
    for index, block in draft.of_routes(_Route):
        if SourceKind.ANONYMOUS in [source.kind for source in block.cohort or ()] and not (cookies and cookies.key):
            message = "each replica signs with a key of its own; give all of them the same: cookies: {key: ${NAME}}"
            yield draft.problem(("routes", index, "cohort"), message)
        for key in ("affinity", "stay"):
            if getattr(block, key) is not None and not (cookies and cookies.key and cookies.side):
                message = (
                    "holds on each machine by itself; for replicas write cookies: {key: ${NAME}, side: banyan_side}"
                )
                yield draft.problem(("routes", index, key), message)


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
        stay=() if stay is None else tuple(place(source) for source in stay.by),
        stay_for=_PLAIN.stay_for if stay is None or stay.lasts is None else stay.lasts,
        pins=tuple((key, side) for side, keys in sides for key in sorted(keys or ())),
    )


def _secrets(_: Draft) -> Iterator[Path]:
    yield ("cookies", "key")


def _at_top(keys: StickinessAtTop, _: Draft) -> Mapping[str, object]:
    return {"cookies": cookies_of(keys.cookies), "choosers": tuple(keys.pins.header) if keys.pins else ()}


def _of_route(keys: _Route, _: Draft) -> Mapping[str, object]:
    path = keys.match.path
    return {"tie": tie_of(keys.affinity, keys.stay, keys.pin, lambda source: placed(source, path))}


STICKINESS = Section(
    top=KeysAt(StickinessAtTop, _at_top),
    route=KeysAt(StickinessOfRoute, _of_route),
    checks=(flows_can_be_found, pins_are_clear, cookies_are_two),
    warnings=(unshared_keys, pins_may_count),
    secrets=_secrets,
)
