"""Puts edits of routes.yaml on record: what each route says otherwise, and files that were refused.

Rule 1: names of keys are told, and no values: some are secrets. Of a rule of `compare:` also who accepted it, and why.
Rule 2: where a route runs is told by its moves (`reconciling.py`); where the file alone rules it has none, so that its
        stage and split are told here.
Rule 3: each replica reads its own file, so each has its own record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from proxy.control.position.record_writer import RecordWriter
from proxy.core.judge.policy import GuardPolicy, Needs, Ramp
from proxy.core.parity.rules.rules import NoiseWord, Rule, Rules
from proxy.core.position.record import OrderKind
from proxy.core.routing.route import Route, Timeouts
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import Snapshot

ACTOR = "routes.yaml"
MOST = 20
"""Routes of one edit that have a record each; of more there is one for all."""
_KEYS = {
    "pattern": "match",
    "methods": "match",
    "predicates": "match",
    "timeouts": "timeout",
    "websocket": "upgrades",
    "body_limit": "limits",
    "tie": "pin, stay, affinity",
}
"""Keys of routes.yaml, where a route's field has another name."""
_BLOCKS: Mapping[type, Mapping[str, str]] = {
    Ramp: {},
    Needs: {},
    GuardPolicy: {"door": "one_way_door"},
    ShadowPolicy: {"carry": "credentials", "replacements": "credentials.replace", "dry_run": "writes"},
    Timeouts: {},
}
"""Blocks of which the keys within are told, where their names are others."""
_NOWHERE = frozenset({"index", "line"})
_PLACE = frozenset({"stage", "split"})
_NO_SETTINGS = frozenset({"revision", "table", "upstreams"})


class EditRecords:
    """Of one instance. `has_moves`: whether this route's places are on record as moves."""

    def __init__(self, records: RecordWriter, has_moves: Callable[[str], bool]) -> None:
        """Nothing is recorded yet."""
        self._records = records
        self._has_moves = has_moves

    def taken(self, before: Snapshot, after: Snapshot) -> None:
        """The file was edited, and serves."""
        found = dict(self._said(before, after))
        if len(found) > MOST:
            named = ", ".join(list(found)[:MOST])
            found = {"": f"{named} and {len(found) - MOST} more"}
        settings = ", ".join(_settings(before, after))
        if settings:
            found[""] = "; ".join(filter(None, (settings, found.get("", ""))))
        for route, what in found.items():
            self._records.add(OrderKind.EDIT, ACTOR, f"{what} (revision {after.revision})", route=route)

    def refused(self, problems: Sequence[str]) -> None:
        """The file was edited, and is not taken: the last good one goes on."""
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        self._records.add(OrderKind.REFUSE, ACTOR, f"not taken: {problems[0]}{more}")

    def _said(self, before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str]]:
        """By route what is said of it."""
        was = {route.origin: route for route in before.routes}
        for route in after.routes:
            old = was.pop(route.origin, None)
            what = "it is new" if old is None else "; ".join(_changes(old, route, self._without(route)))
            if what:
                yield route.name, what
        yield from ((route.name, "it is gone") for route in was.values())

    def _without(self, route: Route) -> frozenset[str]:
        return _NOWHERE | _PLACE if self._has_moves(route.name) else _NOWHERE


def _changes(before: Route, after: Route, without: frozenset[str]) -> Iterator[str]:
    """Keys that say something else, then rules that came or went."""
    names = [each.name for each in fields(before) if each.name not in without and each.name != "compare"]
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if changed:
        keys = (key for name in changed for key in _within(name, getattr(before, name), getattr(after, name)))
        yield ", ".join(dict.fromkeys(keys))
    if before.compare != after.compare:
        yield from _rules(before.compare, after.compare) or ("compare",)


def _within(name: str, before: object, after: object) -> Iterator[str]:
    """The key, or those within its block where both have one."""
    key, names = _KEYS.get(name, name), _BLOCKS.get(type(before))
    if names is None or not is_dataclass(before) or type(before) is not type(after):
        yield key
        return
    for each in fields(before):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if each.compare and old != new:
            yield from (f"{key}.{found}" for found in _within(names.get(each.name, each.name), old, new))


def _rules(before: Rules, after: Rules) -> list[str]:
    old, new = _named(before), _named(after)
    said = [f"compare: {name} ({_accepted(rule)})" for name, rule in new.items() if old.get(name) != rule]
    return [*said, *(f"compare: {name} is gone" for name in old if name not in new)]


def _named(rules: Rules) -> Mapping[str, Rule | NoiseWord]:
    words = {f"{'noisy' if word.noisy else 'exact'} {word.path}": word for word in rules.words}
    return {**{rule.id: rule for rule in rules.rules}, **words}


def _accepted(rule: Rule | NoiseWord) -> str:
    return ": ".join(filter(None, (rule.owner, rule.reason)))


def _settings(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What is no route's: upstreams by name, and keys at the top."""
    for name in sorted(before.upstreams.keys() | after.upstreams.keys()):
        if before.upstreams.get(name) != after.upstreams.get(name):
            yield f"upstreams.{name}"
    for each in fields(before):
        if each.compare and each.name not in _NO_SETTINGS and getattr(before, each.name) != getattr(after, each.name):
            yield each.name
