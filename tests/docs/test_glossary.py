"""docs/glossary.md has the words of metrics, of routes.yaml and of what both show; and its words are those of the code.

A word counts as there in its singular, its plural or its past: `route` explains `banyan_routes`.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.structure.tree import on_disk, parsed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS, _, REST = PAGE.partition("\n## Closed lists\n")
LISTS, _, PLAIN = REST.partition("\n## Plain words\n")
ROUTES = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
WORD, VALUE = re.compile(r"[a-z0-9]+"), re.compile(r"[a-z0-9_]+")
METRIC = re.compile(r"\bbanyan_[a-z_]+[a-z]\b")
NOT_METRICS = {"banyan_side", "banyan_cohort", "banyan_flow", "banyan_standing"}
"""Cookies, and a name in PostgreSQL."""
INTERNAL = {
    frozenset({"file", "operator", "judge"}),
    frozenset({"evidence", "unlatched", "unheld", "before_the_door"}),
    frozenset({"nowhere", "not_yours", "latched", "held", "door"}),
    frozenset({"counts", "noise", "waits"}),
    frozenset({"ignored", "mismatch", "undecided"}),
    frozenset({"token", "number", "url", "text", "word"}),
    frozenset({"trusted", "keep", "replace"}),
    frozenset({"basic", "post", "assertion", "none"}),
    frozenset(
        {
            *("stored", "refresh", "wait", "stranger", "other_client", "ended", "needs_consent", "heir", "past_until"),
            *("public", "regressed"),
        }
    ),
}
"""Lists that leave no process, or not whole: no metric, log, page or file shows them."""


def forms(word: str) -> set[str]:
    """A word and what it comes from: `retries` from `retry`, `killed` from `kill`."""
    ends = {"s": "", "es": "", "ies": "y", "ed": "", "d": "", "ing": ""}
    return {
        word,
        f"{word}s",
        *(word.removesuffix(end) + instead for end, instead in ends.items() if word.endswith(end)),
    }


def explained(text: str) -> set[str]:
    """The words of a text, in small letters."""
    return {form for word in WORD.findall(text.lower()) for form in forms(word)}


def metrics() -> set[str]:
    """The names of all metrics, and of families whose names are put together."""
    return {name for text in on_disk().values() for name in METRIC.findall(text)} - NOT_METRICS


@cache
def keys() -> frozenset[str]:
    """Every key of routes.yaml, as its JSON Schema has them."""
    said = subprocess.run(
        [sys.executable, "-m", "proxy", "schema"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return frozenset(_keys(json.loads(said.stdout)))


def _keys(schema: object) -> Iterator[str]:
    match schema:
        case dict():
            yield from schema.get("properties", {})
            for inner in schema.values():
                yield from _keys(inner)
        case list():
            for inner in schema:
                yield from _keys(inner)
        case _:
            pass


def words(names: set[str] | frozenset[str]) -> set[str]:
    """`banyan_log_lines_dropped` → log, lines, dropped."""
    return {word for name in names for word in name.removeprefix("banyan_").split("_") if word}


def closed_lists() -> dict[frozenset[str], str]:
    """The values of every enum of words in api, core, control and comparer, with the place of each."""
    found: dict[frozenset[str], str] = {}
    for name, text in on_disk().items():
        if name.startswith(("proxy/api/", "proxy/core/", "proxy/control/", "proxy/comparer/")) and "StrEnum" in text:
            for node in parsed(text).body:
                if isinstance(node, ast.ClassDef) and "StrEnum" in map(ast.unparse, node.bases):
                    found[frozenset(_values(node))] = f"{name}:{node.name}"
    return {
        values: where for values, where in found.items() if all(re.fullmatch(r"[a-z0-9_]+", each) for each in values)
    }


def _values(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        match statement:
            case ast.Assign(value=ast.Constant(value=str(value))):
                yield value
            case _:
                pass


def rows() -> list[frozenset[str]]:
    """The values of each row of the page's closed lists."""
    cells = re.findall(r"^\| [a-z][^|]+ \| (`[^|]+) \|$", LISTS, re.MULTILINE)
    return [frozenset(re.findall(r"`([a-z0-9_]+)`", cell)) for cell in cells]


def test_every_word_of_a_metric_is_explained_or_plain() -> None:
    """Whoever reads a metric's name finds each of its words in the glossary."""
    known = explained(PAGE)

    assert {word for word in words(metrics()) if not forms(word) & known} == set()


def test_every_word_of_a_key_is_explained_or_plain() -> None:
    """Whoever reads a key of routes.yaml finds each of its words in the glossary."""
    known = explained(PAGE)

    assert {word for word in words(keys()) if not forms(word) & known} == set()


def test_plain_words_are_used_and_explained_nowhere_else() -> None:
    """The list of plain words holds what metrics or keys use, and nothing that has a line of its own."""
    plain = set(WORD.findall(PLAIN.partition(":")[2]))

    assert plain - words(metrics()) - words(keys()) == set()
    assert plain & set(WORD.findall(TERMS.lower())) == set()


def test_every_closed_list_has_its_row() -> None:
    """What metrics, log and API choose from stands on the page, what routes.yaml offers in its reference."""
    offered = set(re.findall(r"`([a-z0-9_]+)[`:]", ROUTES))
    shown = closed_lists().keys() - INTERNAL - set(rows())

    assert {closed_lists()[values]: values - offered for values in shown if values - offered} == {}


def test_every_row_is_a_closed_list_of_the_code() -> None:
    """No row holds a value that the code does not have, or lacks one."""
    assert [sorted(row) for row in rows() if row not in closed_lists()] == []


def test_the_terms_are_words_of_the_code() -> None:
    """Each word of each term stands in the product's code: nothing is explained that is not there."""
    code = explained(" ".join(on_disk().values()).replace("_", " "))
    terms = {word for term in re.findall(r"\*\*([^*]+)\*\*", TERMS) for word in WORD.findall(term.lower())}

    assert terms - code == set()
