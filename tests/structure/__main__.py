"""`python -m tests.structure [--against COMMIT]`: figures of the product's tree, beside those of an earlier one.

A change is measured by what its addition in a copy touches (tests/additions); the earlier figures were found by trial
and by reading at commit 65eae55.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from tests.structure.changes import CHANGES
from tests.structure.measures import Places, classes_twice, figures, full_folders, stage_namers, stems_twice
from tests.structure.names import CLASSES, STEMS, two_things, unexplained_classes, unexplained_stems
from tests.structure.tree import Tree, at_commit, on_disk


def main() -> None:
    """Print the table, and below it what is behind its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__)
    parser.add_argument("--against", metavar="COMMIT", help="a commit to stand beside the tree")
    against = parser.parse_args().against
    now = on_disk()
    columns = [_column(now)] if against is None else [_column(at_commit(against)), _column(now)]
    print("\n".join(table(["figure", *([against] if against else []), "now"], columns)))
    for title, lines in _behind(now):
        print(f"\n{title}: " + ("\n- ".join(["", *lines]) if lines else "none"))
    print("\nProduct files that a change touches (before: at 65eae55, by trial or by reading)")
    for change in CHANGES:
        print(f"- {change.name}: {change.earlier} before, {len(change.files)} now: {', '.join(change.files)}")


def _column(tree: Tree) -> dict[str, str]:
    names = len(unexplained_classes(tree)) + len(unexplained_stems(tree))
    return {**figures(tree), "names that mean two things": str(names)}


def table(head: list[str], columns: list[dict[str, str]]) -> list[str]:
    """Markdown: one row per figure, one column per tree."""
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    rule = ["---", *("---:" for _ in columns)]
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rows)]


def _behind(tree: Tree) -> Iterable[tuple[str, list[str]]]:
    yield "Folders above the limit", [f"{name}: {files}" for name, files in full_folders(tree).items()]
    yield "Class names that mean two things", _places(unexplained_classes(tree))
    yield "File names that mean two things", _places(unexplained_stems(tree))
    yield (
        "Names in two places, and the one thing that they mean",
        [
            *_reasons(classes_twice(tree), CLASSES),
            *_reasons(stems_twice(tree), STEMS),
        ],
    )
    yield "Files that name a stage", list(stage_namers(tree))


def _places(places: Places) -> list[str]:
    return [f"{name}: {', '.join(where)}" for name, where in two_things(places, {}).items()]


def _reasons(places: Places, one_thing: Mapping[str, str]) -> list[str]:
    return [f"{name}: {one_thing[name]} ({', '.join(places[name])})" for name in places if name in one_thing]


if __name__ == "__main__":
    main()
