"""A step of an adapter: one word that says what it does, with the keys that this word takes.

Rule 1: what is wrong with a step as a whole is a `StepFault`: the key that has to change, and a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from proxy.config.block import Block, optional, said_by
from proxy.config.blocks.translation.step_values import (
    HeaderName,
    MemberName,
    PathText,
    StatusPairs,
    StepValue,
    ZoneText,
    as_header_name,
    is_field_value,
)
from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.body_path import BodyPath, parse_body_path
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.field_lines import DropHeader, MapStatus, RenameHeader, SetHeader
from proxy.core.translation.field_steps import Add, Drop, MoveMember, Rename
from proxy.core.translation.key_case import ChangeCase, KeyCase
from proxy.core.translation.number_form import NumberForm, WriteNumber
from proxy.core.translation.query_steps import DropQuery, RenameQuery, SetQuery
from proxy.core.translation.time_form import WriteTime, parse_time_form

IS_NULL: Final = "is_null"
DROP: Final = "drop"


class StepBlock(Block):
    """One step."""

    rename: PathText | None = optional("A member that is called otherwise: to is its new name.", "$.tel")
    move: PathText | None = optional("A member that stands elsewhere: to is the path there.", "$.address.zip")
    case: PathText | None = optional("Keys in another case, at and below this path: to is camel or snake.", "$")
    drop: PathText | None = optional("A member that is left out; with when: is_null only where it is null.", "$.note")
    add: PathText | None = optional("A member that is put in where it is absent: value, without it null.", "$.fax")
    default: PathText | None = optional("A member that is put in where it is absent or null: value.", "$.currency")
    number: PathText | None = optional("A number in another form: to is text or number.", "$.amount")
    time: PathText | None = optional(
        "A moment in another form: from what reads says to what to says, each unix (seconds), unix_ms, rfc3339, or a "
        "pattern of %Y, %m, %d, %H, %M, %S.",
        "$.created_at",
    )
    wrap: MemberName | None = optional("The whole body becomes this member of an object.", "data")
    unwrap: MemberName | None = optional(
        "This member becomes the whole body; what stands beside it may be left out by others: drop.", "data"
    )
    status: StatusPairs | None = optional("Statuses of answers by those that they become.", {"201": 200})
    header: HeaderName | None = optional("A header field that is called otherwise: to is its new name.", "X-Tel")
    drop_header: HeaderName | None = optional("A header field that is left out.", "X-Tel")
    set_header: HeaderName | None = optional("A header field that has this value: value.", "X-Api")
    query: MemberName | None = optional("A parameter of the query that is called otherwise: to is its new name.", "p")
    drop_query: MemberName | None = optional("A parameter of the query that is left out.", "p")
    set_query: MemberName | None = optional("A parameter of the query that has this value: value.", "limit")
    to: MemberName | None = optional("What it becomes: a name, a path or a form.", "phone", "$.zip", "camel")
    reads: MemberName | None = optional("Of time: the form that it has.", "unix")
    zone: ZoneText | None = optional(
        "Of time: the zone in which rfc3339 is written and a pattern read and written. Default UTC.", "+09:00"
    )
    value: StepValue | None = optional("What is put in.", "JPY", 0)
    when: MemberName | None = optional("Of drop: is_null.", IS_NULL)
    others: MemberName | None = optional("Of unwrap: drop, to leave out what stands beside the member.", DROP)


class StepFault(NamedTuple):
    """What is wrong with a step: the key, empty for all of it, and the sentence."""

    key: str
    message: str


class Word(NamedTuple):
    """What a step's word takes: keys that it needs, keys that it may have."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


WORDS: Final[Mapping[str, Word]] = {
    "rename": Word(("to",)),
    "move": Word(("to",)),
    "case": Word(("to",)),
    "drop": Word((), ("when",)),
    "add": Word((), ("value",)),
    "default": Word(("value",)),
    "number": Word(("to",)),
    "time": Word(("reads", "to"), ("zone",)),
    "wrap": Word(),
    "unwrap": Word((), ("others",)),
    "status": Word(),
    "header": Word(("to",)),
    "drop_header": Word(),
    "set_header": Word(("value",)),
    "query": Word(("to",)),
    "drop_query": Word(),
    "set_query": Word(("value",)),
}
_OF_MEMBERS = frozenset({"rename", "move", "drop", "add", "default", "number", "time"})


def step_of(block: StepBlock) -> Step | StepFault:
    """The step, or what is wrong with it."""
    said = said_by(block)
    words = [word for word in WORDS if word in said]
    if len(words) != 1:
        meant = f"{' and '.join(words)} are two steps; write two" if words else f"needs one of {', '.join(WORDS)}"
        return StepFault(words[1] if words else "", meant)
    word = words[0]
    fault = _fault_of_keys(word, said)
    return _MAKERS[word](block) if fault is None else fault


def _fault_of_keys(word: str, said: Mapping[str, object]) -> StepFault | None:
    takes, path = WORDS[word], said[word]
    for key in takes.needs:
        if key not in said:
            return StepFault("", f"{word} needs {key}")
    for key in said:
        if key != word and key not in (*takes.needs, *takes.may):
            return StepFault(key, f"has no meaning beside {word}; take it out")
    if word in _OF_MEMBERS and isinstance(path, BodyPath) and not path.names_member:
        return StepFault(word, "must name a member, such as $.items[*].price")
    return None


def _rename(block: StepBlock) -> Step:
    return Rename(_path(block.rename), str(block.to))


def _move(block: StepBlock) -> Step | StepFault:
    to = parse_body_path(str(block.to))
    if to is None or not to.names_member:
        return StepFault("to", "must be the path of a member, such as $.address.zip")
    step = MoveMember(_path(block.move), to)
    one, other, at = step.path.parts, to.parts, step.shared
    if one[:at] != other[:at] or "[*]" in other[at:]:
        return StepFault("to", "must stay within the same element: up to the last [*] both paths have to be the same")
    if other[: len(one)] == one:
        return StepFault("to", "must not lead into what is moved")
    return step


def _case(block: StepBlock) -> Step | StepFault:
    if block.to not in set(KeyCase):
        return StepFault("to", "must be camel or snake")
    return ChangeCase(_path(block.case), KeyCase(str(block.to)))


def _drop(block: StepBlock) -> Step | StepFault:
    if block.when not in (None, IS_NULL):
        return StepFault("when", "must be is_null")
    return Drop(_path(block.drop), when_null=block.when is not None)


def _add(block: StepBlock) -> Step:
    return Add(_path(block.add), block.value)


def _default(block: StepBlock) -> Step:
    return Add(_path(block.default), block.value, or_null=True)


def _number(block: StepBlock) -> Step | StepFault:
    if block.to not in set(NumberForm):
        return StepFault("to", "must be text or number")
    return WriteNumber(_path(block.number), NumberForm(str(block.to)))


def _time(block: StepBlock) -> Step | StepFault:
    forms = {key: parse_time_form(str(getattr(block, key))) for key in ("reads", "to")}
    for key, form in forms.items():
        if form is None:
            return StepFault(key, "must be unix, unix_ms, rfc3339, or a pattern with %Y, %m and %d, such as %Y/%m/%d")
    reads, to = forms["reads"], forms["to"]
    if reads is None or to is None or reads == to:
        return StepFault("to", "is the form that it has; take the step out")
    return WriteTime(_path(block.time), reads, to, block.zone or 0)


def _unwrap(block: StepBlock) -> Step | StepFault:
    if block.others not in (None, DROP):
        return StepFault("others", "must be drop")
    return Unwrap(str(block.unwrap), drops_others=block.others is not None)


def _header(block: StepBlock) -> Step | StepFault:
    to = as_header_name(str(block.to))
    if to is None:
        return StepFault("to", "must be the name of a header field to which nothing else gives a meaning")
    return RenameHeader(str(block.header), to)


def _set_header(block: StepBlock) -> Step | StepFault:
    if not is_field_value(block.value):
        return StepFault("value", "must be a text of visible ASCII characters")
    return SetHeader(str(block.set_header), str(block.value))


def _set_query(block: StepBlock) -> Step | StepFault:
    if not isinstance(block.value, str):
        return StepFault("value", 'must be a text; write a number in quotes: "100"')
    return SetQuery(str(block.set_query), str(block.value))


_MAKERS: Final[Mapping[str, Callable[[StepBlock], Step | StepFault]]] = {
    "rename": _rename,
    "move": _move,
    "case": _case,
    "drop": _drop,
    "add": _add,
    "default": _default,
    "number": _number,
    "time": _time,
    "wrap": lambda block: Wrap(str(block.wrap)),
    "unwrap": _unwrap,
    "status": lambda block: MapStatus(block.status or ()),
    "header": _header,
    "drop_header": lambda block: DropHeader(str(block.drop_header)),
    "set_header": _set_header,
    "query": lambda block: RenameQuery(str(block.query), str(block.to)),
    "drop_query": lambda block: DropQuery(str(block.drop_query)),
    "set_query": _set_query,
}


def _path(path: BodyPath | None) -> BodyPath:
    """Of a step that has one."""
    return BodyPath(()) if path is None else path
