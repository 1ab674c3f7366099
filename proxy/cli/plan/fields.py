"""What differs between two values of one kind, field by field, in words.

Rule 1: a field is named as near to routes.yaml as can be: `split`, `guard.budget`, `timeouts.response`.
Rule 2: of a secret only that it differs is written.
Rule 3: a value is written as a person writes it there, and of something whole only what was said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath

from proxy.cli.explain.model import match_of
from proxy.core.judge.policy import GuardPolicy
from proxy.core.parity.rules.rules import Rule
from proxy.core.routing.placement import place_of
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import Snapshot
from proxy.core.secret import Secret
from proxy.core.traffic.remembered_request import sources_text

NOTHING, ANOTHER = "nothing", "another"
_OF_ROUTE = frozenset({"name", "index", "line", "pattern", "methods", "predicates", "stage", "split", "cohort"})
_OF_SNAPSHOT = frozenset({"revision", "upstreams", "table"})
_LONGEST = 80
_DAY = 86_400
_WRITTEN = {
    (ShadowPolicy, "carry"): "credentials",
    (ShadowPolicy, "replacements"): "credentials.replace",
    (ShadowPolicy, "dry_run"): "writes",
    (GuardPolicy, "door"): "one_way_door",
}
"""Fields that have another name in routes.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field: what it said, and what it says."""

    field: str
    before: str
    after: str


def route_changes(before: Route, after: Route) -> list[Change]:
    """Of one route, first what says which requests it takes and who answers them."""
    pairs = {
        "name": (before.name, after.name),
        "match": (match_of(before), match_of(after)),
        "stage": (str(place_of(before)), str(place_of(after))),
        "cohort": (sources_text(before), sources_text(after)),
    }
    first = [Change(field=name, before=old, after=new) for name, (old, new) in pairs.items() if old != new]
    return [*first, *_differences(before, after, _OF_ROUTE)]


def upstream_changes(before: Mapping[str, Upstream], after: Mapping[str, Upstream]) -> list[Change]:
    """Upstreams that come, go, or are others."""
    changes = [_whole(name, "", _url(new)) for name, new in after.items() if name not in before]
    changes += [_whole(name, _url(old), "") for name, old in before.items() if name not in after]
    for name in before.keys() & after.keys():
        found = _differences(before[name], after[name], frozenset({"name"}))
        changes += [Change(field=f"{name}.{each.field}", before=each.before, after=each.after) for each in found]
    return sorted(changes, key=lambda each: each.field)


def settings_changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """Of everything at the top of the file."""
    return list(_differences(before, after, _OF_SNAPSHOT))


def _whole(name: str, before: str, after: str) -> Change:
    return Change(field=name, before=before or NOTHING, after=after or NOTHING)


def _url(upstream: Upstream) -> str:
    return upstream.url


def _differences(before: object, after: object, without: frozenset[str], prefix: str = "") -> Iterator[Change]:
    if isinstance(before, Secret) and isinstance(after, Secret):
        yield _whole(prefix, str(before), ANOTHER if before and after else str(after))
        return
    if not is_dataclass(before) or type(before) is not type(after):
        yield Change(field=prefix, before=_text(before), after=_text(after))
        return
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in without and old != new:
            name = _WRITTEN.get((type(before), field.name), field.name)
            old, new = _as_written(name, old), _as_written(name, new)
            yield from _differences(old, new, frozenset(), f"{prefix}.{name}" if prefix else name)


def _as_written(name: str, value: object) -> object:
    """Of fields whose value has another form in routes.yaml."""
    match name, value:
        case "until", None:
            return "never"
        case "until", float():  # the end of the last day
            return datetime.fromtimestamp(value - _DAY, UTC).date().isoformat()
        case "writes", bool():
            return "dry_run" if value else "never"
        case _:
            return value


def _text(value: object) -> str:
    """Short, and in the words of the file where it has words."""
    match value:
        case None | "" | () | frozenset() | Secret() if not value:
            return NOTHING
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case Enum():
            return str(value.value)
        case bytes():
            return value.decode("latin-1")
        case tuple() | list():
            text = ", ".join(map(_text, value))
        case frozenset() | set():
            text = ", ".join(sorted(map(_text, value)))
        case str() | int() | PurePath():
            text = str(value)
        case _:
            text = _described(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _described(value: object) -> str:
    if not is_dataclass(value):
        return str(value)
    shown = [each for each in fields(value) if each.repr and _is_said(value, each)]
    return " ".join(f"{each.name} {_text(_as_written(each.name, getattr(value, each.name)))}" for each in shown)


def _is_said(value: object, field: Field[object]) -> bool:
    """Not what a person left out; but an end that is `never` is always written, and a rule's id by nobody."""
    if isinstance(value, Rule) and field.name == "id":
        return False
    return field.name == "until" or getattr(value, field.name) != field.default
