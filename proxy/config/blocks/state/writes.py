"""`writes:` of a route: both sides get its writes; `applies:` of an upstream: where it says that it takes such.

Rule 1: whoever is sent a write that was done before has to have agreed to it, or mail goes out twice. Either side may
        be the other one, so both have to.
Rule 2: a write that one side may have done is never sent to the other instead, so `fallback` excludes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.fallback import FallbackKeys
from proxy.config.blocks.match import placed
from proxy.config.blocks.route import RouteWithSides
from proxy.config.blocks.server import ServerKeys
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching, words
from proxy.config.readers.sources import read_source
from proxy.config.text.problem import FileProblem, Path
from proxy.core.journal.writes import (
    MAX_BODY,
    MAX_UNDONE,
    MAX_UNDONE_BYTES,
    MOST_BODY,
    AnswerKey,
    JsonPath,
    MintedId,
    SentOn,
    WriteKey,
    WriteMode,
    Writes,
    parse_json_path,
)
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.path import PathPattern

_ANSWER = "answer:"
_FORMS = "path:NAME, header:NAME, query:NAME, $.MEMBER of the body, or answer:$.MEMBER"
_KINDS = frozenset({SourceKind.PATH, SourceKind.HEADER, SourceKind.QUERY})
_KEY = re.compile(r"(?:path|header|query):.+|(?:answer:)?\$[.\[].+")
_PATH = re.compile(r"\$[.\[].+")
_PLACE = re.compile(r"path:.+|\$[.\[].+")


def read_json_path(value: object) -> JsonPath:
    """`$.id`, `$.account.id`."""
    found = parse_json_path(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a path of members such as $.id or $.account.id")
    return found


def read_key(value: object) -> WriteKey:
    """What a write is about."""
    if isinstance(value, str) and value.startswith(_ANSWER):
        return AnswerKey(read_json_path(value.removeprefix(_ANSWER)))
    if isinstance(value, str) and value.startswith("$"):
        return read_json_path(value)
    source = read_source(value)
    if source.kind not in _KINDS:
        raise fault(f"is not what a write is about; write {_FORMS}")
    return source


def read_place(value: object) -> CohortSource | JsonPath:
    """Where a request holds an identifier that one side has made."""
    if isinstance(value, str) and value.startswith("$"):
        return read_json_path(value)
    source = read_source(value)
    if source.kind is not SourceKind.PATH:
        raise fault("must be path:NAME, or $.MEMBER of the body")
    return source


KeyForm = Annotated[WriteKey, BeforeValidator(read_key), matching(_KEY)]
AnswerPath = Annotated[JsonPath, BeforeValidator(read_json_path), matching(_PATH)]
IdForm = Annotated[CohortSource | JsonPath, BeforeValidator(read_place), matching(_PLACE)]
ModeWord = Annotated[WriteMode, BeforeValidator(scalars.Choice(WriteMode)), words(WriteMode)]
SentWord = Annotated[SentOn, BeforeValidator(scalars.Choice(SentOn)), words(SentOn)]


class MintedIdBlock(Block):
    """An identifier that each side makes for itself."""

    answer: AnswerPath | None = optional("Where the answer brings it, on the route that makes such a thing.", "$.id")
    request: list[IdForm] | None = optional(
        "Where requests hold it: path:NAME, or $.MEMBER of the body.", ["path:id", "$.account_id"]
    )
    kind: scalars.Name | None = optional(
        "Of what, where a group has things of several kinds: account 7 and order 7 are two then. All of a group have "
        "one, or none has.",
        "account",
    )


class WritesBlock(Block):
    """How writes reach both sides."""

    mode: ModeWord = needed("dual: both sides get each write.", "dual")
    key: KeyForm = needed(
        f"What a write is about; writes of one key reach the other side in order: {_FORMS} where it is made.",
        "path:id",
        "answer:$.id",
    )
    send: SentWord | None = optional(
        "What the other side gets. request, the default: the same; result: the first side's answer, with PUT, as the "
        "thing's new state.",
        "request",
        "result",
    )
    ids: list[MintedIdBlock] | None = optional(
        "Identifiers that each side makes for itself: the other side gets its own in their place. They are known to "
        "all routes of a group.",
        [{"answer": "$.id", "request": ["path:id", "$.account_id"]}],
    )
    max_body: units.Bytes | None = optional(
        "Largest body of a write, and of an answer that is waited for; a larger write is answered with 413. Default "
        "1MiB.",
        "1MiB",
    )
    max_undone: units.AtLeastOne | None = optional(
        "Writes of the route that the journal keeps at most, for a side that is away or whose word is awaited; beyond, "
        "writes are answered with 503. Default 1000000.",
        1_000_000,
    )
    max_undone_bytes: units.Size | None = optional(
        "What they come to, requests and answers; beyond, likewise. Default 4GiB.", "4GiB"
    )


class WritesKeys(Block):
    """How writes of a route reach both sides."""

    writes: WritesBlock | None = optional(
        "Writes go to both sides while both are there: first to the one that answers, then, out of a journal, to the "
        "other. Needs a database (state), and both upstreams' consent (applies).",
        {"mode": "dual", "key": "path:id"},
    )


class AppliesKeys(Block):
    """Whether an upstream takes writes that were done before."""

    applies: scalars.HealthPath | None = optional(
        "Asked with OPTIONS and X-Banyan-Replay: 1. A side that answers X-Banyan-Replay: accepted agrees to apply such "
        "a write once for each Idempotency-Key, and to tell nobody outside: no mail, no webhook.",
        "/banyan/applies",
    )


class _Route(RouteWithSides, WritesKeys, FallbackKeys):
    """What rules here ask of a route."""


def writes_have_a_database(draft: Draft) -> Iterator[FileProblem]:
    """What is in a process's memory is lost with it, and one side would not get it."""
    written = [index for index, block in draft.of_routes(WritesKeys) if block.writes is not None]
    if written and draft.top(ServerKeys).state == "memory":
        message = "needs a journal, which state: memory does not keep; write state: embedded, or postgresql://…"
        yield draft.problem(("routes", written[0], "writes"), message, at_key=True)


def writes_do_not_fall_back(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2."""
    for index, block in draft.of_routes(_Route):
        if block.writes is not None and block.fallback is not None:
            message = "and writes exclude each other: a write that one side may have done is not given to the other"
            yield draft.problem(("routes", index, "fallback"), f"{message}; take it out", at_key=True)


def both_sides_agree(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1; upstreams that do not exist are another rule's."""
    upstreams = draft.of_upstreams(AppliesKeys)
    for index, block in draft.of_routes(_Route):
        if block.writes is None:
            continue
        for name in (block.legacy or "legacy", block.new or "new"):
            upstream = upstreams.get(name)
            if upstream is not None and upstream.applies is None:
                message = f"needs a handshake: write applies: PATH at upstream {name}, where it says that it agrees"
                yield draft.problem(("routes", index, "writes"), message, at_key=True)


def bodies_fit(draft: Draft) -> Iterator[FileProblem]:
    """They go to the clerk in one piece, and what goes there is bounded (`link/questions.py`)."""
    for index, block in draft.of_routes(_Route):
        if block.writes is not None and (block.writes.max_body or 0) > MOST_BODY:
            message = "must be at most 4MiB: it is kept in the journal whole"
            yield draft.problem(("routes", index, "writes", "max_body"), message)


def keys_can_be_found(draft: Draft) -> Iterator[FileProblem]:
    """`path:NAME` names a parameter of the route's own path."""
    for index, block in draft.of_routes(_Route):
        if block.writes is None:
            continue
        pattern, path = block.match.path, ("routes", index, "writes")
        places: list[tuple[Path, object]] = [((*path, "key"), block.writes.key)]
        for number, minted in enumerate(block.writes.ids or ()):
            asked = minted.request or ()
            places += [((*path, "ids", number, "request", at), place) for at, place in enumerate(asked)]
        for where, place in places:
            if isinstance(place, CohortSource) and _is_missing(place, pattern):
                known = ", ".join(name for name, _ in pattern.parameters) or "none"
                yield draft.problem(where, f"the path has no {{{place.name}}}; its parameters are: {known}")


def kinds_are_named(draft: Draft) -> Iterator[FileProblem]:
    """An identifier of a group that is of no kind could be one of any."""
    named: dict[str, bool] = {}
    for index, block in draft.of_routes(_Route):
        for number, minted in enumerate((block.writes.ids if block.writes else None) or ()):
            scope = block.group or block.name
            if named.setdefault(scope, minted.kind is not None) is not (minted.kind is not None):
                message = f"in group {scope} some have a kind and some have none; write kind: NAME for each of them"
                yield draft.problem(("routes", index, "writes", "ids", number), message)


def _is_missing(place: CohortSource, pattern: PathPattern) -> bool:
    return place.kind is SourceKind.PATH and pattern.position(place.name) < 0


def _step(keys: _Route, _: Draft) -> Writes | None:
    """The value of the block."""
    block, pattern = keys.writes, keys.match.path
    if block is None:
        return None
    ids = tuple(
        MintedId(each.answer, tuple(_placed(place, pattern) for place in each.request or ()), each.kind or "")
        for each in block.ids or ()
    )
    key = placed(block.key, pattern) if isinstance(block.key, CohortSource) else block.key
    most = MAX_BODY if block.max_body is None else block.max_body
    return Writes(
        keyed_by=key,
        mode=block.mode,
        send=block.send or SentOn.REQUEST,
        ids=ids,
        max_body=most,
        max_undone=block.max_undone or MAX_UNDONE,
        max_undone_bytes=block.max_undone_bytes or MAX_UNDONE_BYTES,
    )


def _placed(place: CohortSource | JsonPath, pattern: PathPattern) -> CohortSource | JsonPath:
    return placed(place, pattern) if isinstance(place, CohortSource) else place


def _upstream(keys: AppliesKeys, _: Draft) -> Mapping[str, object]:
    return {"applies": keys.applies or ""}


WRITES = Section(
    upstream=KeysAt(AppliesKeys, _upstream),
    route=KeysAt(WritesKeys, lambda _, __: {}, step=_step),
    checks=(
        writes_have_a_database,
        writes_do_not_fall_back,
        both_sides_agree,
        bodies_fit,
        keys_can_be_found,
        kinds_are_named,
    ),
)
