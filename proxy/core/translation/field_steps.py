"""Steps on single members of a body: rename, move, drop, add, default.

Rule 1: `null` and absent are two things. `drop` with `when: is_null` makes absent of null, `add` makes null (or another
        value) of absent, `default` puts a value where there is either.
Rule 2: a member of a name that stands there already is not overwritten: that cannot be translated.
Rule 3: a key that stands twice is renamed, dropped and filled as often as it stands; it is moved nowhere, since which
        of the two is meant nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.translation.body_path import EACH, BodyPath, holders, values_at
from proxy.core.translation.json_document import Json, JsonObject, Number
from proxy.core.translation.untranslatable import Untranslatable

PlainValue = str | int | bool | None
"""What routes.yaml may say of a value; a list or object that it names is empty (`Empty`)."""


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty list, or an empty object."""

    is_list: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """The member `path` is called `to`, at its place."""

    path: BodyPath
    to: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"rename: {self.path.text}, to: {self.to}"


@dataclass(frozen=True, slots=True)
class MoveMember:
    """The member `path` stands at `to`; objects on the way there are made."""

    path: BodyPath
    to: BodyPath

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"move: {self.path.text}, to: {self.to.text}"

    @property
    def shared(self) -> int:
        """How many parts both paths begin with, down to the last list: elements are moved within their own element."""
        lists = [at for at, part in enumerate(self.path.parts) if part == EACH]
        return lists[-1] + 1 if lists else 0


@dataclass(frozen=True, slots=True)
class Drop:
    """The member is left out; `when_null`: only where it is null."""

    path: BodyPath
    when_null: bool = False

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"drop: {self.path.text}" + (", when: is_null" if self.when_null else "")


@dataclass(frozen=True, slots=True)
class Add:
    """Where the member is absent it is put in with this value; `or_null`: where it is null as well."""

    path: BodyPath
    value: PlainValue | Empty
    or_null: bool = False

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"{'default' if self.or_null else 'add'}: {self.path.text}"


def rename(value: Json, step: Rename) -> None:
    """In place."""
    for members in holders(value, step.path):
        found = members.named(step.path.name)
        if found and members.named(step.to):
            raise _taken(step.path.beside(step.to), step.text)
        for pair in found:
            pair.key = step.to


def move(value: Json, step: MoveMember) -> None:
    """In place, in each element of a list on its own."""
    shared = step.shared
    source, target = BodyPath(step.path.parts[shared:]), BodyPath(step.to.parts[shared:])
    for root in values_at(value, step.path.parts[:shared]):
        found = [(members, pair) for members in holders(root, source) for pair in members.named(source.name)]
        if len(found) > 1:
            raise Untranslatable(step.path.text, "it stands twice", step.text)
        for members, pair in found:
            members.drop(source.name)
            _put(root, target, pair.value, step)


def _put(root: Json, target: BodyPath, value: Json, step: MoveMember) -> None:
    here = root
    for part in target.parts[:-1]:
        here = _within(here, part[1:], step)
    if not isinstance(here, JsonObject):
        raise _in_the_way(step)
    if here.named(target.name):
        raise _taken(step.to, step.text)
    here.put(target.name, value)


def _within(here: Json, name: str, step: MoveMember) -> Json:
    """The object of this name, made where there is none."""
    if not isinstance(here, JsonObject):
        raise _in_the_way(step)
    found = here.named(name)
    if not found:
        made = JsonObject([])
        here.put(name, made)
        return made
    if len(found) > 1:
        raise Untranslatable(step.to.text, "a key on the way there stands twice", step.text)
    return found[0].value


def drop(value: Json, step: Drop) -> None:
    """In place."""
    for members in holders(value, step.path):
        name = step.path.name
        members.pairs = [
            pair for pair in members.pairs if pair.key != name or (step.when_null and pair.value is not None)
        ]


def add(value: Json, step: Add) -> None:
    """In place."""
    for members in holders(value, step.path):
        found = members.named(step.path.name)
        if not found:
            members.put(step.path.name, _made(step.value))
        for pair in found if step.or_null else ():
            if pair.value is None:
                pair.value = _made(step.value)


def _made(value: PlainValue | Empty) -> Json:
    match value:
        case Empty(is_list=True):
            return []
        case Empty():
            return JsonObject([])
        case int() if not isinstance(value, bool):
            return Number(value)
        case _:
            return value


def _taken(path: BodyPath, step: str) -> Untranslatable:
    return Untranslatable(path.text, "it is there already", step)


def _in_the_way(step: MoveMember) -> Untranslatable:
    return Untranslatable(step.to.text, "what is on the way there is no object", step.text)
