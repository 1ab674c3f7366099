"""What is right by itself and wrong together, or allowed and probably not meant: the rules of all blocks, and of none.

Rule 1: a rule about one block stands in its file; here stand those about all routes at once and about every block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from proxy.config.block import Draft
from proxy.config.blocks.route import RouteWithAnswer
from proxy.config.checks.overlap import MAX_SIGNATURES, RouteConditions, conditions_of, conflicts, crowded
from proxy.config.checks.unreachable import unreachable
from proxy.config.schema import BLOCKS, levels
from proxy.config.text.problem import FileProblem, Path, where
from proxy.core.routing.route import Route

_BESIDE_RESPOND = frozenset(key for level in levels("route") for key in level.beside_respond)
_NOT_BESIDE_RESPOND = [
    key for level in levels("route") for key in level.keys.model_fields if key not in _BESIDE_RESPOND
]
_ANSWERS = ("respond", "grants")
_VARIABLES = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})+")
"""A value that is nothing but this is in the environment; a default (`${NAME:-…}`) stands in the file."""
_PASSWORD = re.compile(r"[a-z]+://[^/@:]*:(?P<password>[^@/]+)@")
_IN_THE_FILE = "stands in the file and in the kept copy of it; write ${NAME} and put it into the environment"


def check(draft: Draft) -> Iterator[FileProblem]:
    """Every problem between two values of the file, once its routes are built."""
    yield from stage_or_answer(draft)
    for block in BLOCKS:
        for rule in block.checks:
            yield from rule(draft)
    compared = [conditions_of(route) for route in draft.built]
    too_many = list(not_crowded(draft, compared))
    yield from too_many
    if not too_many:
        yield from no_conflicts(draft, compared)
        yield from all_reachable(draft, compared)


def warn(draft: Draft) -> Iterator[FileProblem]:
    """Every warning, once the snapshot is built."""
    for block in BLOCKS:
        for rule in block.warnings:
            yield from rule(draft)
    yield from secrets_in_the_file(draft)


def remark(draft: Draft) -> Iterator[FileProblem]:
    """What is printed and is no warning: `--strict` passes it."""
    for block in BLOCKS:
        for rule in block.remarks:
            yield from rule(draft)


def stage_or_answer(draft: Draft) -> Iterator[FileProblem]:
    """A route has a stage, or is answered here and then has nothing that belongs to a side."""
    for index, block in draft.of_routes(RouteWithAnswer):
        said = [key for key in _ANSWERS if getattr(block, key) is not None]
        if not said:
            if block.stage is None:
                yield draft.problem(("routes", index, "stage"), "is missing; a route needs a stage, respond or grants")
            continue
        for key in (*_NOT_BESIDE_RESPOND, *said[1:]):
            if getattr(block, key) is not None:
                path: Path = ("routes", index, key)
                yield draft.problem(path, f"{key} and {said[0]} exclude each other; take one out", at_key=True)


def secrets_in_the_file(draft: Draft) -> Iterator[FileProblem]:
    """Whoever reads the file, its history or the kept copy of it has them; of an address only the password counts."""
    for block in BLOCKS:
        for path in block.secrets(draft):
            text = draft.written(path)
            if text and not _VARIABLES.fullmatch(text):
                yield draft.problem(path, _IN_THE_FILE)
        for path in block.addresses(draft):
            found = _PASSWORD.match(draft.written(path))
            if found is not None and not _VARIABLES.fullmatch(found["password"]):
                yield draft.problem(path, f"its password {_IN_THE_FILE}")


def not_crowded(draft: Draft, routes: Sequence[RouteConditions]) -> Iterator[FileProblem]:
    """The conditions on one path stay few enough to be compared."""
    for route in crowded(routes):
        message = f"more than {MAX_SIGNATURES} different sets of conditions stand on this path; ask fewer things of it"
        yield draft.problem(("routes", route.index, "match"), message)


def no_conflicts(draft: Draft, routes: Sequence[RouteConditions]) -> Iterator[FileProblem]:
    """No request may fit two routes between which the table cannot choose."""
    for later, earlier in conflicts(routes):
        message = (
            f"takes requests that {_named(draft, earlier)} takes too, on the same path and with as many conditions; "
        )
        yield draft.problem(("routes", later.index, "match"), message + "take one out, or add a condition to one")


def all_reachable(draft: Draft, routes: Sequence[RouteConditions]) -> Iterator[FileProblem]:
    """A route that no request can reach is a mistake."""
    for route, covering in unreachable(routes):
        names = " and ".join(_named(draft, each) for each in covering)
        message = f"can never be reached: every request that fits it is taken by {names}"
        yield draft.problem(("routes", route.index, "match"), message)


def _named(draft: Draft, route: Route) -> str:
    path: Path = ("routes", route.index)
    return f'{where(draft.shown(path))} "{route.name}" ({draft.place(path)})'
