"""`adapters:` at the top and `adapter:` of a route: between whose contract and whose, and by which steps.

Rule 1: whatever undoes what was done or does nothing is a mistake: renames that lead back, an adapter that no route
        names, or one without a step.
Rule 2: an adapter is refused beside what would need another translation than there is: writes to both sides, tunnels,
        requests that are signed, and a fallback to the side for which messages are translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.fallback import FallbackKeys
from proxy.config.blocks.identity.upstream_auth import UpstreamAuthKeys
from proxy.config.blocks.route import RouteWithSides
from proxy.config.blocks.state.writes import WritesKeys
from proxy.config.blocks.translation.adapter_steps import StepBlock, StepFault, step_of
from proxy.config.blocks.translation.renames import rename_that_leads_back
from proxy.config.blocks.waits import WaitKeys
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching, words
from proxy.config.text.document import ListNode, MapNode
from proxy.config.text.problem import FileProblem, Path
from proxy.core.nearest import nearest
from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode
from proxy.core.translation.adapter_policy import IN_WORKER, MAX_BODY, MOST_STEPS, TIMEOUT, AdapterPolicy, Step
from proxy.core.translation.code.pure_code import faults_in
from proxy.core.translation.field_lines import MapStatus
from proxy.core.translation.query_steps import DropQuery, RenameQuery, SetQuery
from proxy.core.translation.translate_message import FIRST_ERROR

LONGEST_TIMEOUT: Final = 10.0
_LISTS: Final = ("request", "answer", "error")
_OTHER: Final = {"answer": "error", "error": "answer"}
_CODE_FILE = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.py")


def read_code_file(value: object) -> str:
    """`adapters/contacts.py`."""
    if not isinstance(value, str) or not _CODE_FILE.fullmatch(value):
        raise fault("must be the path of a file beside routes.yaml, such as adapters/contacts.py")
    return value


SpokenSide = Annotated[Side, BeforeValidator(scalars.Choice(Side)), words(Side)]
CodeFile = Annotated[str, BeforeValidator(read_code_file), matching(_CODE_FILE)]
Steps = Annotated[list[StepBlock], Field(max_length=MOST_STEPS)]


class AdapterBlock(Block):
    """One adapter."""

    speaks: SpokenSide = needed(
        "The side whose contract clients use. Requests to the other side are translated, and its answers are "
        "translated back.",
        "legacy",
    )
    max_body: units.Bytes | None = optional(
        f"Longest body that is translated, before and after. A longer request gets 413, a longer answer becomes 502. "
        f"Up to {IN_WORKER // 1024}KiB it is translated in the worker, beyond that in a process of its own. At most "
        f"{MAX_BODY // 1024**2}MiB, which is the default.",
        "64KiB",
    )
    timeout: units.LengthAboveZero | None = optional(
        "How long the translation of one message may take in that process, which is killed then: the message cannot be "
        f"translated. At most {LONGEST_TIMEOUT:g}s; default {TIMEOUT:g}s.",
        "500ms",
    )
    code: CodeFile | None = optional(
        "A file of Python with four pure functions, in place of steps; each message is translated in a process of its "
        "own. Its path is relative to routes.yaml.",
        "adapters/contacts.py",
    )
    request: Steps | None = optional(
        "Steps on each request that goes to the other side, in their order.", [{"rename": "$.tel", "to": "phone"}]
    )
    answer: Steps | None = optional(
        "Steps on each of its answers below 400.", [{"rename": "$.phone", "to": "tel"}, {"add": "$.fax"}]
    )
    error: Steps | None = optional(
        "Steps on each of its answers from 400 on; one whose body is no JSON keeps its body.",
        [{"move": "$.detail", "to": "$.error.message"}],
    )


class AdaptersAtTop(Block):
    """All adapters."""

    adapters: dict[scalars.Name, AdapterBlock] | None = optional(
        "How messages of one contract become those of another, by name.",
        {"contacts": {"speaks": "legacy", "request": [{"rename": "$.tel", "to": "phone"}]}},
    )


class AdapterOfRoute(Block):
    """The adapter of a route."""

    adapter: scalars.Name | None = optional(
        "One of adapters: what goes to the side whose contract clients do not use is translated, and its answers are "
        "translated back. Parity compares after translation.",
        "contacts",
    )


class _Route(RouteWithSides, AdapterOfRoute, WritesKeys, WaitKeys, FallbackKeys):
    """What rules here ask of a route."""


class PlacedStep(NamedTuple):
    """A step of one list, with the way to it."""

    where: Path
    kind: str
    block: StepBlock


def _adapters(draft: Draft) -> dict[str, AdapterBlock]:
    return dict(draft.top(AdaptersAtTop).adapters or {})


def _placed(name: str, adapter: AdapterBlock) -> Iterator[PlacedStep]:
    for kind in _LISTS:
        for at, block in enumerate(getattr(adapter, kind) or ()):
            yield PlacedStep(("adapters", name, kind, at), kind, block)


def steps_are_whole(draft: Draft) -> Iterator[FileProblem]:
    """Each says one thing to do, with all that this takes, on messages that have it."""
    for name, adapter in _adapters(draft).items():
        for placed in _placed(name, adapter):
            found = step_of(placed.block)
            fault = found if isinstance(found, StepFault) else _misplaced(placed.kind, found)
            if fault is not None:
                path = (*placed.where, fault.key) if fault.key else placed.where
                yield draft.problem(path, fault.message)


def _misplaced(kind: str, step: Step) -> StepFault | None:
    if kind == "request" and isinstance(step, MapStatus):
        return StepFault("status", "has no place in request: a request has no status; write it in answer or error")
    if kind != "request" and isinstance(step, RenameQuery | DropQuery | SetQuery):
        return StepFault("", f"has no place in {kind}: an answer has no query; write it in request")
    return None


def statuses_come(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1: `answer` and `error` have statuses of their own, and what an earlier step has made of them."""
    for name, adapter in _adapters(draft).items():
        for kind in ("answer", "error"):
            made: set[int] = set()
            for at, block in enumerate(getattr(adapter, kind) or ()):
                step = step_of(block)
                if isinstance(step, MapStatus):
                    lost = next((one for one, _ in step.pairs if not _comes(kind, one) and one not in made), None)
                    if lost is not None:
                        yield draft.problem(("adapters", name, kind, at, "status"), _never(kind, lost))
                    made.update(other for _, other in step.pairs)


def _comes(kind: str, status: int) -> bool:
    return (status >= FIRST_ERROR) is (kind == "error")


def _never(kind: str, status: int) -> str:
    bound = f"from {FIRST_ERROR} on" if kind == "error" else f"below {FIRST_ERROR}"
    return f"has {status}, which {kind} never gets: its statuses are {bound}; write it in {_OTHER[kind]}"


def adapters_do_something(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1: steps that lead somewhere."""
    for name, adapter in _adapters(draft).items():
        if not list(_placed(name, adapter)) and adapter.code is None:
            message = "has no steps; write request, answer or error, or code"
            yield draft.problem(("adapters", name), message, at_key=True)
        for kind in _LISTS:
            steps = [step_of(block) for block in getattr(adapter, kind) or ()]
            found = rename_that_leads_back([None if isinstance(step, StepFault) else step for step in steps])
            if found is not None:
                message = f"is a cycle: {found.sentence}; take one out"
                yield draft.problem(("adapters", name, kind, found.at), message)


def code_can_be_used(draft: Draft) -> Iterator[FileProblem]:
    """Files that are there, whose functions are whole and pure, and nothing else that would translate as well."""
    for name, adapter in _adapters(draft).items():
        if adapter.code is None:
            continue
        path = ("adapters", name, "code")
        if list(_placed(name, adapter)):
            yield draft.problem(path, "and steps exclude each other: write the steps as code, or take it out")
        source = code_source(draft, adapter.code)
        if isinstance(source, AdapterCode):
            file = str(FilePath(draft.directory, adapter.code))
            for fault in faults_in(source.source):
                yield FileProblem(file=file, line=fault.line, column=fault.column, where="", message=fault.message)
        else:
            yield draft.problem(path, source)


def code_source(draft: Draft, file: str) -> AdapterCode | str:
    """The code, or why there is none."""
    data = draft.read_file(file)
    if isinstance(data, str):
        return f"names a file that {data}"
    try:
        return AdapterCode(file, data.decode("utf-8"))
    except UnicodeDecodeError:
        return "names a file that is not UTF-8"


def adapters_fit(draft: Draft) -> Iterator[FileProblem]:
    """A body is translated in one piece, and its client waits."""
    for name, adapter in _adapters(draft).items():
        if (adapter.max_body or 0) > MAX_BODY:
            message = f"must be at most {MAX_BODY // 1024**2}MiB: a body is held whole to be translated"
            yield draft.problem(("adapters", name, "max_body"), message)
        if (adapter.timeout or 0) > LONGEST_TIMEOUT:
            message = f"must be at most {LONGEST_TIMEOUT:g}s: a client waits"
            yield draft.problem(("adapters", name, "timeout"), message)


def adapters_are_used(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1: each is named by a route, and each route names one that there is."""
    known, written = _adapters(draft), _written(draft)
    named = {block.adapter for _, block in draft.of_routes(AdapterOfRoute)}
    for index, block in draft.of_routes(AdapterOfRoute):
        if block.adapter is not None and block.adapter not in written:
            meant = nearest(block.adapter, written)
            cure = f"did you mean {meant}?" if meant else "name one of adapters"
            yield draft.problem(("routes", index, "adapter"), f'there is no adapter "{block.adapter}"; {cure}')
    if len(draft.routes) == _routes_written(draft):
        for name in known:
            if name not in named:
                message = "is named by no route; write adapter: NAME on one, or take it out"
                yield draft.problem(("adapters", name), message, at_key=True)


def _written(draft: Draft) -> frozenset[str]:
    """The names of all adapters, right or wrong: what is wrong with one is told once."""
    entry = draft.root.entries.get("adapters")
    return frozenset(entry.value.entries) if entry is not None and isinstance(entry.value, MapNode) else frozenset()


def _routes_written(draft: Draft) -> int:
    """How many routes the file has, right or wrong: of a wrong one nobody knows what it names."""
    entry = draft.root.entries.get("routes")
    return len(entry.value.items) if entry is not None and isinstance(entry.value, ListNode) else 0


def adapters_stand_alone(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2."""
    known, upstreams = _adapters(draft), draft.of_upstreams(UpstreamAuthKeys)
    for index, block in draft.of_routes(_Route):
        adapter = known.get(block.adapter or "")
        if adapter is None:
            continue
        path, other = ("routes", index), Side.NEW if adapter.speaks is Side.LEGACY else Side.LEGACY
        if block.writes is not None:
            message = "and writes exclude each other: the journal sends both sides the same; take one out"
            yield draft.problem((*path, "adapter"), message, at_key=True)
        if block.upgrades:
            message = "and adapter exclude each other: what goes through a tunnel is not translated; take one out"
            yield draft.problem((*path, "upgrades"), message, at_key=True)
        if block.fallback is not None and block.fallback.to != adapter.speaks.value:
            message = (
                f"must lead to {adapter.speaks.value}, whose contract clients use (adapters.{block.adapter}.speaks)"
            )
            yield draft.problem((*path, "fallback"), message)
        upstream = upstreams.get((block.new or "new") if other is Side.NEW else (block.legacy or "legacy"))
        if upstream is not None and upstream.auth is not None and upstream.auth.sigv4 is not None:
            message = (
                "is for a side whose requests are signed (sigv4), and what is signed is not translated; take it out"
            )
            yield draft.problem((*path, "adapter"), message)


def _policy(keys: AdapterOfRoute, draft: Draft) -> AdapterPolicy | None:
    """Of a route that names one which is right; what is wrong with it is told elsewhere."""
    adapter = _adapters(draft).get(keys.adapter or "")
    if adapter is None or keys.adapter is None:
        return None
    code = None if adapter.code is None else code_source(draft, adapter.code)
    made: dict[str, Any] = {kind: tuple(_made(getattr(adapter, kind))) for kind in _LISTS}
    return draft.shared(
        AdapterPolicy(
            name=keys.adapter,
            speaks=adapter.speaks,
            max_body=adapter.max_body or MAX_BODY,
            timeout=adapter.timeout or TIMEOUT,
            code=code if isinstance(code, AdapterCode) else None,
            **made,
        )
    )


def _made(blocks: list[StepBlock] | None) -> Iterator[Step]:
    for block in blocks or ():
        step = step_of(block)
        if not isinstance(step, StepFault):
            yield step


ADAPTERS = Section(
    top=KeysAt(AdaptersAtTop, lambda _, __: {}),
    route=KeysAt(AdapterOfRoute, lambda _, __: {}, step=_policy),
    checks=(
        steps_are_whole,
        code_can_be_used,
        adapters_do_something,
        adapters_fit,
        adapters_are_used,
        adapters_stand_alone,
    ),
    warnings=(statuses_come,),
)
