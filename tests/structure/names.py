"""Names that stand in two places, and why they may: one thing seen from two sides, not two things of one name.

`CLASSES` and `STEMS` say in words what the one thing is. A name without such words means two things, and fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.structure.measures import Places, classes_twice, stems_twice
from tests.structure.tree import Tree

NAMED_FOR = ("proxy/api/", "proxy/config/blocks/")
"""A shape of the API is called as its resource, a block as its key: the same thing, whoever else acts on it."""
STEMS: Mapping[str, str] = {
    "address": "host and port of an upstream: as text in config, with its connections in edge",
    "check": "`banyan check`: the command, and the rules that it applies",
    "evidence": "what comparisons found: in memory, in PostgreSQL, and shown by the admin port",
    "connections": "who is connected, bounded: clients of a worker, and to PostgreSQL",
    "errors": "how something says no",
    "grants": "tokens that exist once: their command, and who answers with them",
    "history": "the record of orders: as JSON, who answers with it, and its command",
    "kill": "the kill switch, as its command and as the admin port turn it",
    "kill_switch": "the kill switch: the rule in core, the object in a worker",
    "legacy": "the system that is left behind: what the judge knows of it, and the demo's own",
    "model": "what a command has to say, for text and JSON alike",
    "orders": "what is ordered of routes: as JSON, and obeyed in a worker",
    "picture": "what a command prints",
    "plan": "`banyan plan`: the command, and what it computes",
    "positions": "the store of positions: what it can do, in memory, in PostgreSQL",
    "problem": "one thing that is wrong, said to whoever can mend it",
    "reconcile": "the command, and what the admin port says of its runs",
    "reconcile_runs": "runs of reconciliations: the store, in memory, in PostgreSQL, and as the judge knows them",
    "recent": "recent requests: as JSON, who answers with them, and their command",
    "redact": "taking secrets out: of a log line, of a kept exchange",
    "replay": "requests once more: the command, and how they are decided again",
    "request": "one request: its head, and what it is on its way through steps and taps",
    "route": "one route: as a value, and as `status --route` shows it",
    "routes": "where routes run: as JSON, and who answers with it",
    "routes_file": "the routes.yaml that a command reads, and that the demo writes",
    "rows": "rows of a store, in a database or in memory",
    "schema": "what routes.yaml may say: the models, and the command that prints them",
    "standing": "everything that stands: as a value, as JSON, and who answers with it",
    "usage": "who calls a route, and when: the record, the store, in memory, in PostgreSQL, and as JSON",
    "upstreams": "the systems behind Banyan: as JSON, who answers with it, and what workers say of them",
}
CLASSES: Mapping[str, str] = {}


def two_things(places: Places, one_thing: Mapping[str, str]) -> Places:
    """What stands in more than one place and has no words why."""
    return {name: where for name, where in places.items() if name not in one_thing}


def unexplained_stems(tree: Tree) -> Places:
    """File names that mean two things."""
    elsewhere = {name: text for name, text in tree.items() if not name.startswith(NAMED_FOR)}
    return two_things(stems_twice(elsewhere), STEMS)


def unexplained_classes(tree: Tree) -> Places:
    """Public class names that mean two things."""
    return two_things(classes_twice(tree), CLASSES)
