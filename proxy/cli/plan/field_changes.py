"""What an edit changes, field by field, in the words of routes.yaml (`proxy.cli.plan.file_words`).

Rule 1: of a secret only that it differs is written; so it is with pins and conditions where they are credentials.
Rule 2: items of a list that have a name, or are rules for a path, are compared by it, and others by their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, get_args

from proxy.cli.explain.model import match_of
from proxy.cli.plan.file_words import NOTHING, FileKey, key_of, text
from proxy.core.http.redact import is_secret_name
from proxy.core.judge.policy import Freeze, Window
from proxy.core.parity.rules.rules import NoiseWord, Rule
from proxy.core.routing.cohort import SourceKind
from proxy.core.routing.placement import place_of
from proxy.core.routing.predicate import ClaimHolds, HeaderIs, Predicate, QueryIs
from proxy.core.routing.route import RateLimit, Route, Upstream
from proxy.core.routing.shadow_headers import CREDENTIALS
from proxy.core.routing.snapshot import Hook, Snapshot
from proxy.core.secret import HIDDEN, Secret
from proxy.core.steps.step_policy import StepPolicy
from proxy.core.tls import CertificateFiles
from proxy.core.traffic.plan import in_effect
from proxy.core.traffic.remembered_request import sources_text
from proxy.core.translation.adapter_policy import Step

ANOTHER = "another"
_OF_ROUTE = frozenset({"name", "index", "line", "file", "pattern", "methods", "predicates", "stage", "split", "cohort"})
_OF_UPSTREAM = frozenset({"name", "scheme", "host", "port", "more"})
_OF_SNAPSHOT = frozenset({"revision", "upstreams", "table"})
_WHERE = ("url", "endpoints")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field: what it said, and what it says."""

    field: str
    before: str
    after: str


def is_address(change: FieldChange) -> bool:
    """Whether an upstream is somewhere else."""
    return change.field.rpartition(".")[2] in _WHERE


def route_changes(before: Route, after: Route) -> list[FieldChange]:
    """Of one route, first what says which requests it takes and who answers them."""
    pairs = {
        "name": (before.name, after.name),
        "match": _matches(before, after),
        "stage": (str(place_of(before)), str(place_of(after))),
        "cohort": (sources_text(before), sources_text(after)),
    }
    first = [FieldChange(field=name, before=old, after=new) for name, (old, new) in pairs.items() if old != new]
    rest = _differences(in_effect(before), in_effect(after), _OF_ROUTE)
    if any(map(_is_drawn_by_credential, (before, after))):
        rest = map(_without_keys, rest)
    return [*first, *rest]


def upstream_changes(before: Mapping[str, Upstream], after: Mapping[str, Upstream]) -> list[FieldChange]:
    """Upstreams that come, go, or are others."""
    changes = [_changed(name, "", _places(new)) for name, new in after.items() if name not in before]
    changes += [_changed(name, _places(old), "") for name, old in before.items() if name not in after]
    for name in before.keys() & after.keys():
        found = _of_upstream(before[name], after[name])
        changes += [replace(change, field=f"{name}.{change.field}") for change in found]
    return sorted(changes, key=lambda change: change.field)


def settings_changes(before: Snapshot, after: Snapshot) -> list[FieldChange]:
    """Of everything at the top of the file."""
    return list(_differences(before, after, _OF_SNAPSHOT))


def _of_upstream(before: Upstream, after: Upstream) -> Iterator[FieldChange]:
    old, new = _places(before), _places(after)
    if old != new:
        yield _changed(_WHERE[bool(before.more or after.more)], old, new)
    yield from _differences(before, after, _OF_UPSTREAM)


def _places(upstream: Upstream) -> str:
    """Its url, or all of its endpoints'."""
    urls = [replace(upstream, host=place.host, port=place.port).url for place in upstream.endpoints]
    return urls[0] if len(urls) == 1 else f"[{', '.join(urls)}]"


def _changed(field: str, before: str, after: str) -> FieldChange:
    return FieldChange(field=field, before=before or NOTHING, after=after or NOTHING)


def _matches(before: Route, after: Route) -> tuple[str, str]:
    """Short, as `explain` says it, unless nothing but the values that are asked for differ."""
    old, new = match_of(before), match_of(after)
    if old != new or before.predicates == after.predicates:
        return old, new
    old, new = (f"{match_of(route)}: {', '.join(map(_wanted, route.predicates))}" for route in (before, after))
    return old, new if old != new else ANOTHER


def _wanted(predicate: Predicate) -> str:
    match predicate:
        case HeaderIs(name=name, values=values):
            is_secret = name in CREDENTIALS or is_secret_name(name.decode("latin-1"))
            return HIDDEN if is_secret else text(values)
        case ClaimHolds(claim=claim):
            return text(claim.values)
        case QueryIs(name=name, values=values):
            return HIDDEN if is_secret_name(name) else text(values)
        case _:
            return "absent"


def _is_drawn_by_credential(route: Route) -> bool:
    """Whether a key of its cohorts may let somebody act in a client's name; the anonymous cookie is Banyan's own."""
    named = (source for source in route.cohort if source.kind is not SourceKind.ANONYMOUS)
    return any(not CREDENTIALS.isdisjoint(source.fields) for source in named)


def _without_keys(change: FieldChange) -> FieldChange:
    """Rule 1, of pins."""
    if change.field != "pin":
        return change
    before, after = (NOTHING if said == NOTHING else HIDDEN for said in (change.before, change.after))
    return _changed("pin", before, after if before != after else ANOTHER)


def _differences(
    before: Any,  # noqa: ANN401
    after: Any,  # noqa: ANN401
    without: frozenset[str] = frozenset(),
    path: str = "",
) -> Iterator[FieldChange]:
    """Of two values of one class."""
    for field in fields(before):
        (key, old), (_, new) = key_of(before, field), key_of(after, field)
        if field.name not in without and field.compare and old != new:
            yield from _difference(old, new, key, ".".join(filter(None, (path, key.name))))


def _difference(before: Any, after: Any, key: FileKey, path: str) -> Iterator[FieldChange]:  # noqa: ANN401
    if isinstance(before, Secret):
        yield _changed(path, str(before), ANOTHER if before and after else str(after))
    elif is_dataclass(before) and type(before) is type(after) and not isinstance(before, RateLimit | Step):
        yield from _differences(before, after, path=path)
    elif _are_blocks(before) or _are_blocks(after):
        yield from _of_blocks(before, after, path)
    else:
        old, new = key.write(before), key.write(after)
        yield _changed(path, old, new if old != new else ANOTHER)


_BLOCKS: Mapping[type, Callable[[int, Any], str]] = {
    Rule: lambda _, rule: f".{rule.id}",
    NoiseWord: lambda _, word: f".{'noisy' if word.noisy else 'exact'} {word.path}",
    Window: lambda _, window: f".{window.name}",
    Freeze: lambda _, window: f".{window.name}",
    Hook: lambda at, _: f"[{at}]",
    CertificateFiles: lambda at, _: f".more[{at - 1}]" if at else "",
    **dict.fromkeys(get_args(Step), lambda at, _: f"[{at}]"),
}
"""Rule 2: what leads to one of a list's blocks; the first certificate stands beside the others, a step by itself.

Steps of an adapter are told whole and without their values (`file_words.py`).
"""


def _are_blocks(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and (type(value[0]) in _BLOCKS or isinstance(value[0], StepPolicy))


def _of_blocks(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[FieldChange]:
    old, new = _named(before), _named(after)
    for name in old | new:
        if old.get(name) != new.get(name):
            yield from _difference(old.get(name), new.get(name), FileKey(""), f"{path}{name}")


def _named(blocks: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, block in enumerate(blocks):
        name = block.key if isinstance(block, StepPolicy) else _BLOCKS[type(block)](at, block)
        found[f"{name}[{at}]" if name in found else name] = block
    return found
