"""docs/architecture.md names every part and folder of the product, and its arrows are those that are enforced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import MAY_IMPORT

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TABLE_ROW = re.compile(r"^\| `([\w./]+)` \| ([^|]+) \|", re.MULTILINE)


def section(title: str) -> str:
    """The text below one heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def arrows_of_the_page() -> dict[str, set[str]]:
    """By part what it may import besides itself, as `MAY_IMPORT` calls them."""
    return {part_of(name): imports_of(cell) for name, cell in TABLE_ROW.findall(section("Parts"))}


def part_of(name: str) -> str:
    match name.removesuffix("/").removesuffix(".py"):
        case "__init__":
            return "proxy"
        case "adapters":
            return "adapters"
        case part:
            return f"proxy.{part}"


def imports_of(cell: str) -> set[str]:
    if cell == "nothing":
        return set()
    return {"proxy" if name == "version" else f"proxy.{name}" for name in cell.split(", ")}


def folders() -> set[str]:
    """Every folder of the product that holds a source file."""
    found = {path.parent.relative_to(ROOT / "proxy").as_posix() for path in (ROOT / "proxy").rglob("[!_]*.py")}
    return {f"{folder}/" for folder in found - {"."}}


def test_every_part_and_top_module_has_its_row() -> None:
    """A part has a row where its code lies in `proxy/`, and there is no row for what is gone."""
    assert arrows_of_the_page().keys() == MAY_IMPORT.keys()


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_the_arrows_of_the_page_are_those_that_are_enforced(part: str) -> None:
    """What a part may import, by the page, is what the test of the architecture lets it import."""
    assert arrows_of_the_page().get(part) == MAY_IMPORT[part] - {part}


def test_every_folder_has_its_row() -> None:
    """Each folder of `proxy/` that holds sources has a row that says what is there, and no row is of a folder gone."""
    assert {name for name, _ in TABLE_ROW.findall(section("Folders"))} == folders()
