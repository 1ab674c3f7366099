"""Values → typed blocks, each checked by itself, so that one that is wrong hides no problem of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError

from proxy.config.block import Block, Draft, NumberedRoute
from proxy.config.blocks.server import EMBEDDED
from proxy.config.pydantic_messages import explain
from proxy.config.readers.scalars import read_name
from proxy.config.schema import FileBlock, RouteBlock, SettingsBlock, UpstreamBlock
from proxy.config.text.document import Document, MapNode
from proxy.config.text.plain_values import Broken, Reader
from proxy.config.text.problem import FromEnvironment, Path, show

_PLACE = re.compile(r"(?:[a-z+]+://)?[A-Za-z0-9_.:/\[\]-]*[.:/][A-Za-z0-9_.:/\[\]-]*")
"""What may be meant as an upstream's url."""
_ANYWHERE = '"http://HOST:PORT"'
_FILLERS: Mapping[str, object] = {"version": 1, "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "state": EMBEDDED}
"""What stands in for a value that is wrong, so that no rule complains of what follows from that alone."""


def read(document: Document, root: MapNode, env: Mapping[str, str], files: Mapping[str, int]) -> Draft:
    """Everything that is right by itself, and every problem that a single value or block has."""
    nothing = SettingsBlock.model_validate(_FILLERS)
    problems = [*document.problems]
    draft = Draft(name=document.name, root=root, env=env, problems=problems, settings=nothing, files=files)
    reader = Reader(env, draft.shown)
    values = {key: reader.value(entry.value, (key,)) for key, entry in root.entries.items()}
    _read_upstreams(draft, values.pop("upstreams", {}))
    _read_routes(draft, values.pop("routes", None))
    draft.settings = _settings(draft, values)
    draft.problems += reader.problems
    return draft


def _settings(draft: Draft, values: Mapping[str, object]) -> Block:
    """The settings; where some are wrong, the right ones beside ports in nobody's way, for rules that look at those."""
    try:
        return SettingsBlock.model_validate(values)
    except ValidationError as errors:
        _report(draft, errors, FileBlock, ())
        wrong = {str(error["loc"][0]) for error in errors.errors()}
    right = {key: value for key, value in values.items() if key not in wrong}
    fillers = {key: value for key, value in _FILLERS.items() if key in wrong}
    return SettingsBlock.model_validate(fillers | right)


def _read_upstreams(draft: Draft, values: object) -> None:
    if not isinstance(values, dict):
        _refuse(draft, ("upstreams",), "must be a mapping of names to upstreams", values)
        return
    draft.declared = frozenset(values)
    for name, value in values.items():
        path: Path = ("upstreams", name)
        try:
            read_name(name)
        except ValueError as error:
            draft.problems.append(draft.problem(path, str(error), at_key=True))
        if not isinstance(value, dict | Broken):
            draft.problems.append(draft.problem(path, _no_upstream(name, value)))
            continue
        block = _validate(draft, UpstreamBlock, value, path)
        if block is not None:
            draft.upstreams[name] = block


def _no_upstream(name: str, value: object) -> str:
    """The sentence for a value that stands where a mapping has to; an address with a user in it is not repeated."""
    written = value.raw if isinstance(value, FromEnvironment) else value
    if isinstance(written, list) and written and all(isinstance(url, str) and _PLACE.fullmatch(url) for url in written):
        urls = ", ".join(f'"{_with_scheme(url)}"' for url in written)
        return f"must be a mapping, got a list; write {name}: {{ endpoints: [{urls}] }}"
    is_place = isinstance(written, str) and _PLACE.fullmatch(written) is not None
    if isinstance(written, str) and "@" in written:
        return f"must be a mapping; write {name}: {{ url: {_ANYWHERE} }}"
    place = f'"{_with_scheme(str(written))}"' if is_place or isinstance(value, FromEnvironment) else _ANYWHERE
    return f"must be a mapping, got {show(value)}; write {name}: {{ url: {place} }}"


def _with_scheme(place: str) -> str:
    return place if "://" in place or place.startswith("$") else f"http://{place}"


def _read_routes(draft: Draft, values: object) -> None:
    if values is None and "routes" not in draft.root.entries:
        draft.problems.append(draft.problem(("routes",), "is missing"))
    elif not isinstance(values, list) or not values:
        _refuse(draft, ("routes",), "must be a list of at least one route", values)
    else:
        for index, value in enumerate(values):
            block = _validate(draft, RouteBlock, value, ("routes", index))
            if block is not None:
                draft.routes.append(NumberedRoute(index, block))


def _refuse(draft: Draft, path: Path, message: str, value: object) -> None:
    if not isinstance(value, Broken):
        draft.problems.append(draft.problem(path, f"{message}, got {show(value)}"))


def _validate(draft: Draft, model: type[Block], value: object, path: Path) -> Block | None:
    """The block, or None with its problems noted."""
    try:
        return model.model_validate(value)
    except ValidationError as errors:
        _report(draft, errors, model, path)
        return None


def _report(draft: Draft, errors: ValidationError, model: type[Block], path: Path) -> None:
    for error in errors.errors(include_url=False):
        said = explain(error, model)
        if said is not None:
            draft.problems.append(draft.problem((*path, *said.path), said.message, at_key=said.at_key))
