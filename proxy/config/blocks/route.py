"""What a route is: its name, requests, stage, split and cohorts; its two sides; or an answer of Banyan's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional, said_by
from proxy.config.blocks.grants import GrantsAtTop, GrantsOfRoute
from proxy.config.blocks.match import AnyMatch, placed, predicates_of
from proxy.config.readers import scalars, sources, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT
from proxy.config.text.problem import FileProblem, Path, where
from proxy.core.nearest import nearest
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY
from proxy.core.routing.cohort import CLIENT_IP, FACTS, SourceKind
from proxy.core.routing.effects import Effects
from proxy.core.routing.route import Respond
from proxy.core.stage import Stage

_BODYLESS = frozenset({204, 205, 304})
_CONTENT_TYPE = re.compile(r"[\x21-\x7e]+/[\x20-\x7e]{1,200}")
_RESPOND = Respond(status=200)


def read_body(value: object) -> bytes:
    """Text, sent as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8")
    raise fault("must be text", cure=f'write "{value}" in quotes' if units.can_be_repeated(value) else "")


def read_content_type(value: object) -> str:
    """What a Content-Type field may hold."""
    if isinstance(value, str) and _CONTENT_TYPE.fullmatch(value):
        return str(value)
    raise fault("must be a media type such as application/json")


StageWord = Annotated[Stage, BeforeValidator(scalars.Choice(Stage))]
EffectsWord = Annotated[Effects, BeforeValidator(scalars.Choice(Effects))]
Body = Annotated[bytes, BeforeValidator(read_body), TEXT]
ContentType = Annotated[str, BeforeValidator(read_content_type), TEXT]


class RouteKeys(Block):
    """Which requests it takes, and which of them go where."""

    name: scalars.Name = needed("Stable id: metric label, evidence key, CLI argument.", "orders.show")
    was: scalars.Name | None = optional(
        "The name that it began with: position, latch, evidence and draws are kept under it. It stays here for as long "
        "as the route is between its two sides.",
        "orders.get",
    )
    match: AnyMatch = needed("METHOD[,METHOD] path, a path alone, or a mapping.", "GET /orders/{id}", "/**")
    stage: StageWord | None = optional(
        "Who answers. legacy, shadow: legacy. canary: new for the split's cohorts, else legacy. live, complete: new. "
        "retired: nobody any more (410).",
        "legacy",
        "canary",
    )
    split: units.Share | None = optional(
        "At canary, the share of cohorts that new serves; at retired, the share that is answered with 410.", "10%"
    )
    cohort: sources.Cohort | None = optional(
        f"What is never split between sides: {sources.forms_with_notes()}; of a list, the first one present.",
        "header:X-Tenant-Id",
    )
    group: scalars.Name | None = optional(
        "Routes of one group share the draw: a cohort moves on all of them.", "orders"
    )


class SideKeys(Block):
    """The two upstreams of a route, and what asking both of them may do."""

    legacy: scalars.Name | None = optional("The upstream that is legacy on this route. Default legacy.", "legacy")
    new: scalars.Name | None = optional("The upstream that is new on this route. Default new.", "new")
    effects: EffectsWord | None = optional(
        "What repeating a request may do. Default by method: GET, HEAD, OPTIONS safe; PUT, DELETE idempotent; the rest "
        "unsafe, or keyed with an Idempotency-Key. Declared safe: legacy may be asked twice, to learn its noise; "
        "declared otherwise: not shadowed at all.",
        "safe",
    )


class RespondBlock(Block):
    """An answer that Banyan gives itself."""

    status: units.Status = needed("The status code, 200 to 599.", 403)
    body: Body | None = optional("Text of the answer, sent as UTF-8. Default none.", "Closed.")
    content_type: ContentType | None = optional(f"Its media type. Default {_RESPOND.content_type}.", "application/json")


class RespondKeys(Block):
    """An answer of Banyan's own."""

    respond: RespondBlock | None = optional("An answer of Banyan's own, instead of a stage.", {"status": 403})


class RouteWithSides(RouteKeys, SideKeys):
    """What rules ask of a route that goes to upstreams."""


class RouteWithAnswer(RouteWithSides, RespondKeys, GrantsOfRoute):
    """What rules ask of any route."""


def names_are_unique(draft: Draft) -> Iterator[FileProblem]:
    """A route's name is its identity in metrics, evidence and commands."""
    seen: dict[str, int] = {}
    for index, block in draft.of_routes(RouteKeys):
        first = seen.setdefault(block.name, index)
        if first != index:
            yield draft.problem(("routes", index, "name"), f'"{block.name}" is taken by {_place(draft, first)}')


def renames_are_clear(draft: Draft) -> Iterator[FileProblem]:
    """`was` names a route that is no more, and each such name has one heir."""
    names = {block.name: index for index, block in reversed(draft.of_routes(RouteKeys))}
    heirs: dict[str, int] = {}
    for index, block in draft.of_routes(RouteKeys):
        if block.was is None:
            continue
        path: Path = ("routes", index, "was")
        first = heirs.setdefault(block.was, index)
        if block.was == block.name:
            yield draft.problem(path, "is its own name; take it out")
        elif block.was in names:
            other = _place(draft, names[block.was])
            message = f'"{block.was}" still stands: {other} has that name; rename that one, or take this out'
            yield draft.problem(path, message)
        elif first != index:
            message = f'"{block.was}" stands twice: {_place(draft, first)} was it too; take it out of one'
            yield draft.problem(path, message)


def _place(draft: Draft, index: int) -> str:
    path: Path = ("routes", index, "name")
    return f"{where(draft.shown(path[:2]))} ({draft.place(path)})"


def answers_fit_their_status(draft: Draft) -> Iterator[FileProblem]:
    """Some statuses have no body."""
    for index, block in draft.of_routes(RespondKeys):
        if block.respond is not None and block.respond.body and block.respond.status in _BODYLESS:
            path: Path = ("routes", index, "respond", "body")
            yield draft.problem(path, f"an answer with status {block.respond.status} has no body; take it out")


def canaries_have_splits(draft: Draft) -> Iterator[FileProblem]:
    """Canary needs a split; elsewhere one is a warning, so that `stage: legacy` in an emergency is taken."""
    for index, block in draft.of_routes(RouteKeys):
        path: Path = ("routes", index, "split")
        if block.stage is not None and block.stage.facts.draws and block.split is None:
            yield draft.problem(path, "is missing; at canary say which share new serves, such as split: 10%")


def upstreams_exist(draft: Draft) -> Iterator[FileProblem]:
    """Every name that a route says, and every role that its stage needs, is an upstream."""
    if draft.declared is None:
        return
    for index, block in draft.of_routes(RouteWithSides):
        for role in ("legacy", "new"):
            said: str | None = getattr(block, role)
            name = said or role
            if name in draft.declared or not (said or name in needed_upstreams(block)):
                continue
            path: Path = ("routes", index, role if said else "stage")
            meant = nearest(name, draft.declared)
            cure = f"did you mean {meant}?" if meant else f"add it below upstreams, or name another: {role}: NAME"
            yield draft.problem(path, f'there is no upstream "{name}"; {cure}')


def cohorts_can_be_found(draft: Draft) -> Iterator[FileProblem]:
    """`path:NAME` names a parameter of the route's own path; nothing follows what is always present or said before."""
    for index, block in draft.of_routes(RouteKeys):
        cohort = block.cohort or ()
        for place, source in enumerate(cohort):
            path: Path = ("routes", index, "cohort", place)
            if source.kind is SourceKind.PATH and block.match.path.position(source.name) < 0:
                parameters = ", ".join(name for name, _ in block.match.path.parameters) or "none"
                message = f"the path has no {{{source.name}}}; its parameters are: {parameters}"
                yield draft.problem(path, message)
            if source in cohort[:place]:
                yield draft.problem(path, "stands twice; take one out")
            elif sure := [before.kind for before in cohort[:place] if FACTS[before.kind].always]:
                message = f"is never asked: {sure[0]} before it is always present; put {sure[0]} last"
                yield draft.problem(path, message)


def needed_upstreams(block: RouteWithSides) -> tuple[str, ...]:
    """Names of the upstreams that answer on this route as it stands."""
    legacy, new = block.legacy or "legacy", block.new or "new"
    if block.stage is None:
        return ()
    facts, split = block.stage.facts, _split(block.stage, block.split)
    return tuple(name for side, name in ((Side.LEGACY, legacy), (Side.NEW, new)) if facts.needs(side, split))


def _split(stage: Stage, written: float | None) -> float:
    """What runs: a split that waits for its stage is none."""
    if stage.facts.ends:
        return 1.0 if written is None else written
    return written or 0.0 if stage.facts.draws else 0.0


def unused_upstreams(draft: Draft) -> Iterator[FileProblem]:
    """An upstream that plays no role on any route."""
    with_stage = [block for _, block in draft.of_routes(RouteWithSides) if block.stage is not None]
    used = {name for block in with_stage for name in (block.legacy or "legacy", block.new or "new")}
    used |= {block.upstream for block in (draft.top(GrantsAtTop).grants or {}).values()}
    for name in draft.upstreams:
        if name not in used:
            message = f"no route uses it; name it on one (legacy: {name} or new: {name}), or take it out"
            yield draft.problem(("upstreams", name), message, at_key=True)


def one_upstream_twice(draft: Draft) -> Iterator[FileProblem]:
    """A route that moves from an upstream to itself."""
    for place, block in draft.of_routes(RouteWithSides):
        if block.stage is not None and (block.legacy or "legacy") == (block.new or "new"):
            yield draft.problem(("routes", place), "legacy and new are the same upstream, so the stage changes nothing")


def idle_splits(draft: Draft) -> Iterator[FileProblem]:
    """A split that waits for its stage: an operator went back by the stage alone."""
    for place, block in draft.of_routes(RouteKeys):
        if block.split is not None and block.stage is not None and not block.stage.facts.has_split:
            message = f"has no meaning at stage {block.stage.value}; it waits for stage: canary"
            yield draft.problem(("routes", place, "split"), message, at_key=True)


def lonely_groups(draft: Draft) -> Iterator[FileProblem]:
    """A group of one shares its draw with nobody."""
    sizes = Counter(block.group for _, block in draft.of_routes(RouteKeys))
    for place, block in draft.of_routes(RouteKeys):
        if block.group is not None and sizes[block.group] == 1:
            yield draft.problem(("routes", place, "group"), f'no other route is in group "{block.group}"')


def misleading_groups(draft: Draft) -> Iterator[FileProblem]:
    """The draw of a group and that of a route alone come from their names, so equal names move together."""
    alone = {block.was or block.name for _, block in draft.of_routes(RouteKeys) if block.group is None}
    for place, block in draft.of_routes(RouteKeys):
        if block.group in alone:
            message = f'a route outside the group is called "{block.group}" and so shares its draw; rename the group'
            yield draft.problem(("routes", place, "group"), message)


def _build(keys: RouteKeys, draft: Draft) -> Mapping[str, object]:
    stage, match = keys.stage or LEGACY.stage, keys.match
    return {
        "name": keys.name,
        "was": keys.was or "",
        "pattern": match.path,
        "methods": draft.shared(match.methods),
        "predicates": tuple(predicates_of(match)),
        "stage": stage,
        "split": draft.shared(_split(stage, keys.split)),
        "cohort": draft.shared(tuple(placed(source, match.path) for source in keys.cohort or (CLIENT_IP,))),
        "group": keys.group or "",
    }


def _sides(keys: SideKeys, _: Draft) -> Mapping[str, object]:
    return {"legacy": keys.legacy or "legacy", "new": keys.new or "new", "effects": keys.effects}


def _answer(keys: RespondKeys, _: Draft) -> Mapping[str, object]:
    return {"respond": None if keys.respond is None else Respond(**said_by(keys.respond))}


ROUTE = Section(
    route=KeysAt(RouteKeys, _build, beside_respond=frozenset({"name", "match"})),
    checks=(names_are_unique, renames_are_clear, canaries_have_splits, upstreams_exist, cohorts_can_be_found),
    warnings=(unused_upstreams, one_upstream_twice, idle_splits, lonely_groups, misleading_groups),
)
SIDES = Section(route=KeysAt(SideKeys, _sides))
RESPOND = Section(
    route=KeysAt(RespondKeys, _answer, beside_respond=frozenset({"respond"})), checks=(answers_fit_their_status,)
)
