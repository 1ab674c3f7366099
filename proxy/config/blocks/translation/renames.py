"""Whether names lead back to where they began: what one step calls otherwise, a later one calls as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.field_lines import RenameHeader
from proxy.core.translation.field_steps import MoveMember, Rename
from proxy.core.translation.query_steps import RenameQuery


class LeadsBack(NamedTuple):
    """The step at which a name is again what it was, and the way there in words."""

    at: int
    sentence: str


def rename_that_leads_back(steps: Sequence[Step | None]) -> LeadsBack | None:
    """The first; None where there is none. A swap by a third name leads nowhere back."""
    renames = [(at, pair) for at, step in enumerate(steps) for pair in _pairs(step)]
    for first, (_, (began, _)) in enumerate(renames):
        way = [began]
        for at, (one, other) in renames[first:]:
            if one == way[-1]:
                way.append(other)
            if way[-1] == began:
                return LeadsBack(at, ", which becomes ".join(way).replace(", which", "", 1))
    return None


def _pairs(step: Step | None) -> Iterator[tuple[str, str]]:
    """What it calls otherwise: names of different things are told apart."""
    match step:
        case Rename():
            yield step.path.text, step.path.beside(step.to).text
        case MoveMember():
            yield step.path.text, step.to.text
        case RenameHeader():
            yield f"header:{step.name.title()}", f"header:{step.to.title()}"
        case RenameQuery():
            yield f"query:{step.name}", f"query:{step.to}"
        case _:
            pass
