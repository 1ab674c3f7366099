"""`shadow:`, at the top and of a route: how requests are sent to the other side as well, and what is kept of them.

Rule 1: what a route leaves out, the file says; what neither says is the default of `proxy.core.routing.shadow`.
Rule 2: the memory of captures is one worker's, so it stands at the top alone.
Rule 3: a warning is for what certainly goes wrong: a route that only clients with credentials reach, shadowed without.
Rule 4: a remark tells what shadows do that nobody may have thought of: how often each side is asked, in whose name. One
        line stands for all routes that it is about.
Rule 5: what the file says outright is meant: `effects`, or `credentials: drop`, on the route or at the top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.blocks.route import RouteWithAnswer
from proxy.config.blocks.upstream import UpstreamKeys
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.schema_patterns import TEXT, words
from proxy.config.readers.sources import read_field_name
from proxy.config.text.problem import FileProblem, Path
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import HeaderAbsent
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import MEMORY, Carry, ShadowPolicy, is_shadowed
from proxy.core.routing.shadow_headers import CREDENTIALS
from proxy.core.secret import Secret

_PLAIN = ShadowPolicy()
_WORDS = (Carry.FORWARD.value, Carry.DROP.value)
_MOST_FIELDS = 16
MOST_NAMED = 20
"""Routes that one remark names."""
_READS = frozenset({b"GET", b"HEAD"})
_UNDECLARED = (
    "legacy is asked once for each request, and noise is learned from requests that repeat within a minute; "
    "effects: safe lets legacy be asked twice. Where both sides share a store, a GET that changes something must be "
    "declared effects: unsafe, or new's shadow changes it too"
)
_BY_CREDENTIAL = (
    "which the shadow's copy does not carry (credentials: drop is the default); where answers depend on it, write "
    "shadow: {credentials: forward}, or replace"
)
_BARE = (
    "only requests with credentials come here, and the shadow's copy does not carry them (credentials: drop is the "
    "default); write shadow: {credentials: forward}, or replace, or drop if new answers without"
)


class ShadowedWrites(StrEnum):
    """What becomes of requests that are not safe."""

    NEVER = "never"
    DRY_RUN = "dry_run"


def read_credentials(value: object) -> object:
    """The short form, a word, as the mapping that it stands for."""
    if isinstance(value, dict):
        return value
    if value not in _WORDS:
        raise one_of(value, (*_WORDS, "{replace: {NAME: value}}"))
    return {"carry": value}


def read_line_name(value: object) -> str:
    """A header field's name, as it will be sent."""
    read_field_name(str(value))
    return str(value)


def read_line_value(value: object) -> str:
    """What a header field may hold."""
    if isinstance(value, str) and value and value == value.strip() and value.isascii() and value.isprintable():
        return str(value)
    raise fault("must be visible ASCII characters without blanks around them", got="")


def read_replacements(value: object) -> object:
    """A mapping of some fields."""
    if isinstance(value, dict) and 1 <= len(value) <= _MOST_FIELDS:
        return value
    raise fault(f"must be a mapping of 1 to {_MOST_FIELDS} header fields", got="")


LineName = Annotated[str, BeforeValidator(read_line_name), TEXT]
LineValue = Annotated[str, BeforeValidator(read_line_value), TEXT]
FieldName = Annotated[str, BeforeValidator(read_line_name), TEXT]
CarryWord = Annotated[str, BeforeValidator(scalars.Choice(Carry)), words(_WORDS)]
WritesWord = Annotated[ShadowedWrites, BeforeValidator(scalars.Choice(ShadowedWrites))]


class CredentialsBlock(Block):
    """What becomes of a client's credentials on the shadow's copy."""

    carry: CarryWord | None = optional("forward or drop; the same as that word alone.", *_WORDS)
    replace: (
        Annotated[
            dict[LineName, LineValue],
            BeforeValidator(read_replacements, json_schema_input_type=dict[LineName, LineValue]),
        ]
        | None
    ) = optional(
        "Fields that are sent where the client sent credentials.", {"Authorization": "Bearer of-a-test-account"}
    )


AnyCredentials = Annotated[
    CredentialsBlock, BeforeValidator(read_credentials, json_schema_input_type=CarryWord | CredentialsBlock)
]
"""The mapping, or a word alone."""


class ShadowBlock(Block):
    """How requests are sent to the other side as well, and what is kept of them."""

    sample: units.ShareOrFraction | None = optional(
        "Share of the requests that may be shadowed. Default 100% at stage shadow, 10% at canary (more while a step of "
        "the ramp needs it) and live; 0% is none.",
        "100%",
        0.1,
    )
    concurrency: units.Connections | None = optional(
        f"Most shadows of one worker at one upstream at once; more are shed. Default {_PLAIN.concurrency}.", 64
    )
    timeout: units.LengthAboveZero | None = optional(
        f"From a shadow's start to its last byte. Default {_PLAIN.timeout:g}s.", "5s"
    )
    max_body: units.Bytes | None = optional(
        "Largest body, of a request that is shadowed and of an answer that is compared whole; at most 2MiB are "
        "compared. Default 1MiB.",
        "1MiB",
    )
    credentials: AnyCredentials | None = optional(
        "Authorization, Cookie and their like on the shadow's copy. drop, the default: they are left out; forward: as "
        "the client sent them; replace: these fields instead.",
        "drop",
        {"replace": {"Authorization": "Bearer of-a-test-account"}},
    )
    second: units.ShareOrFraction | None = optional(
        "Share of the shadowed requests for which legacy is asked a second time, later, to learn what it does not "
        "repeat; always for the first 500 of a route in a worker. Only where the route declares effects: safe, and "
        "never with a session, code, token or cursor in the target. Default 2%; at 0% nothing is learned as noise: "
        "every value that differs counts, but for what compare says.",
        "2%",
    )
    writes: WritesWord | None = optional(
        "What is not safe. never, the default; dry_run: sent to new, marked, while new says that it will not do it.",
        "never",
        "dry_run",
    )
    version_header: FieldName | None = optional(
        "Field of an answer in which each side says its version: another one begins evidence anew.", "X-App-Version"
    )


class FileShadowBlock(ShadowBlock):
    """The same for every route, and what one worker may hold for all of them."""

    memory: units.Size | None = optional(
        "Most that the captures of one worker may hold; beyond, shadows are shed. Default 64MiB.", "64MiB"
    )


class ShadowAtTop(Block):
    """How requests are sent to the other side as well, on every route."""

    shadow: FileShadowBlock | None = optional(
        "How requests are sent to the other side as well, on every route.", {"memory": "64MiB"}
    )


class ShadowOfRoute(Block):
    """How requests of one route are."""

    shadow: ShadowBlock | None = optional(
        "How requests of this route are sent to the other side as well.", {"sample": "25%", "credentials": "forward"}
    )


class RouteWithShadow(RouteWithAnswer, ShadowOfRoute):
    """What is asked of a route here."""


def shadows_have_somebody(draft: Draft) -> Iterator[FileProblem]:
    """Stage shadow is for calling new, so new has to be there."""
    if draft.declared is None:
        return
    for index, block in draft.of_routes(RouteWithShadow):
        shadows = block.stage is not None and block.stage.facts.shadows_all
        if shadows and block.new is None and "new" not in draft.declared:
            message = 'needs both sides, and there is no upstream "new"; add it, or name another: new: NAME'
            yield draft.problem(("routes", index, "stage"), message)


def dry_runs_can_be_proven(draft: Draft) -> Iterator[FileProblem]:
    """ShadowedWrites go to a side that is asked, again and again, whether it can dry-run."""
    for index, block in draft.of_routes(RouteWithShadow):
        if _writes(draft, block) is not ShadowedWrites.DRY_RUN or block.respond is not None:
            continue
        name = block.new or "new"
        upstream = draft.of_upstreams(UpstreamKeys).get(name)
        if upstream is not None and not upstream.dry_run:
            own = block.shadow is not None and block.shadow.writes is not None
            path: Path = ("routes", index, "shadow", "writes") if own else ("shadow", "writes")
            message = f"needs a handshake: write dry_run: PATH at upstream {name}, where it says that it can dry-run"
            yield draft.problem(path, message)


def credentials_are_one_thing(draft: Draft) -> Iterator[FileProblem]:
    """A word and a replacement contradict each other; neither says nothing."""
    said: list[tuple[Path, ShadowBlock | None]] = [(("shadow",), draft.top(ShadowAtTop).shadow)]
    said += [(("routes", index, "shadow"), block.shadow) for index, block in draft.of_routes(RouteWithShadow)]
    for path, block in said:
        if block is not None and block.credentials is not None:
            both = (block.credentials.carry is None) is (block.credentials.replace is None)
            if both:
                yield draft.problem((*path, "credentials"), "is forward, drop, or a mapping of replace alone")


def _writes(draft: Draft, block: ShadowOfRoute) -> ShadowedWrites | None:
    own = block.shadow.writes if block.shadow is not None else None
    top = draft.top(ShadowAtTop).shadow
    return own or (top.writes if top is not None else None)


def shadows_without_credentials(draft: Draft) -> Iterator[FileProblem]:
    """Rule 3."""
    for route in _bare(draft):
        asked = (predicate.fields for predicate in route.predicates if not isinstance(predicate, HeaderAbsent))
        if any(not CREDENTIALS.isdisjoint(fields) for fields in asked):
            yield draft.problem(("routes", route.index, "match"), _BARE)


def shadows_to_know(draft: Draft) -> Iterator[FileProblem]:
    """Rule 4."""
    undeclared = [route for route in _shadowed(draft) if route.effects is None and _reads(route)]
    if undeclared:
        yield draft.problem(
            ("routes", undeclared[0].index), f"nobody declared the GETs of {_named(undeclared)}: {_UNDECLARED}"
        )
    told_apart = [route for route in _bare(draft) if any(map(_is_credential, route.cohort))]
    if told_apart:
        sentence = f"clients of {_named(told_apart)} are told apart by a credential, {_BY_CREDENTIAL}"
        yield draft.problem(("routes", told_apart[0].index, "cohort"), sentence)


def _is_credential(source: CohortSource) -> bool:
    """The anonymous cohort's cookie is Banyan's own."""
    return source.kind is not SourceKind.ANONYMOUS and not CREDENTIALS.isdisjoint(source.fields)


def _shadowed(draft: Draft) -> Iterator[Route]:
    return (route for route in draft.built if is_shadowed(route.shadow, route.stage))


def _reads(route: Route) -> bool:
    return route.methods is None or not _READS.isdisjoint(route.methods)


def _bare(draft: Draft) -> Iterator[Route]:
    """Those whose shadows drop credentials, and nobody said so."""
    top = draft.top(ShadowAtTop).shadow
    if top is not None and top.credentials is not None:
        return
    routes = draft.of_routes(ShadowOfRoute)
    said = {place for place, block in routes if block.shadow is not None and block.shadow.credentials}
    for route in _shadowed(draft):
        if route.index not in said and route.shadow is not None and route.shadow.carry is Carry.DROP:
            yield route


def _named(routes: Sequence[Route]) -> str:
    more = len(routes) - MOST_NAMED
    return ", ".join(route.name for route in routes[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def policy_of(*blocks: ShadowBlock | None) -> ShadowPolicy:
    """One route's policy; a later block goes before an earlier one, key by key."""
    said: dict[str, object] = {}
    for block in blocks:
        if block is not None:
            said |= _said_by(block)
    return ShadowPolicy(**said)  # type: ignore[arg-type]  # names and types are the policy's


def _said_by(block: ShadowBlock) -> dict[str, object]:
    kept = ("sample", "concurrency", "timeout", "max_body", "second")
    said: dict[str, object] = {name: value for name in kept if (value := getattr(block, name)) is not None}
    if block.writes is not None:
        said["dry_run"] = block.writes is ShadowedWrites.DRY_RUN
    if block.version_header is not None:
        said["version_header"] = block.version_header.lower().encode("ascii")
    if block.credentials is not None:
        fields = block.credentials.replace or {}
        said["replacements"] = Secret(tuple(f"{name}: {value}".encode("ascii") for name, value in fields.items()))
        said["carry"] = Carry.REPLACE if fields else Carry(block.credentials.carry or Carry.DROP)
    return said


def memory_of(block: FileShadowBlock | None) -> int:
    """The bound of one worker's captures in bytes."""
    return MEMORY if block is None or block.memory is None else block.memory


def shadow_of(keys: RouteWithShadow, draft: Draft) -> ShadowPolicy | None:
    """One route's; None where there are no two upstreams to ask."""
    legacy, new = keys.legacy or "legacy", keys.new or "new"
    both = legacy in draft.upstreams and new in draft.upstreams and legacy != new
    return policy_of(draft.top(ShadowAtTop).shadow, keys.shadow) if both and keys.respond is None else None


def _secrets(draft: Draft) -> Iterator[Path]:
    for index, block in draft.of_routes(ShadowOfRoute):
        credentials = block.shadow.credentials if block.shadow is not None else None
        for name in (credentials.replace or ()) if credentials is not None else ():
            yield ("routes", index, "shadow", "credentials", "replace", name)


SHADOW = Section(
    top=KeysAt(ShadowAtTop, lambda keys, _: {"shadow_memory": memory_of(keys.shadow)}),
    route=KeysAt(ShadowOfRoute, lambda keys, draft: {"shadow": shadow_of(keys, draft)}),
    checks=(shadows_have_somebody, dry_runs_can_be_proven, credentials_are_one_thing),
    warnings=(shadows_without_credentials,),
    remarks=(shadows_to_know,),
    secrets=_secrets,
)
