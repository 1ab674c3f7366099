from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.config.block import Block, needed, optional
from proxy.config.load import Loaded, load_text
from tests.config.given_files import draft


class Example(Block):
    must: int = needed("Must be there.", 1)
    may: int | None = optional("May be there.", 2, 3)


def test_a_key_that_is_needed_must_be_there_and_another_need_not() -> None:
    """What is left out is None; both keep their description and examples."""
    fields = Example.model_fields

    assert Example.model_validate({"must": 1}).may is None
    assert [(each.description, each.examples) for each in fields.values()] == [
        ("Must be there.", [1]),
        ("May be there.", [2, 3]),
    ]


@pytest.mark.parametrize("wrong", [{}, {"must": 1, "other": 2}, {"must": "1"}])
def test_a_block_takes_what_it_knows_and_nothing_else(wrong: dict[str, object]) -> None:
    """Missing keys, unknown ones and other types are refused."""
    with pytest.raises(ValidationError):
        Example.model_validate(wrong)


TABLE = """\
version: 1
listen: 127.0.0.1:8080
upstreams: {legacy: {url: "http://l"}, new: {url: "http://n"}}
routes:
  - {name: a, match: "GET /a/items/{id}", stage: canary, split: 12.5%, cohort: "header:X-Tenant"}
  - {name: b, match: "GET /b/items/{id}", stage: canary, split: 12.5%, cohort: "header:X-Tenant"}
"""


def test_equal_values_of_one_type_become_one() -> None:
    """What Python takes for equal but is of another type stays what it is."""
    shared = draft(TABLE).shared
    first, second = frozenset(["a", "b"]), frozenset(["b", "a"])

    assert shared(first) is shared(second) is first
    assert [shared(value) for value in (1, True, 1.0)] == [1, True, 1.0]
    assert [type(shared(value)) for value in (1, True, 1.0)] == [int, bool, float]


def test_routes_share_what_they_have_in_common() -> None:
    """Of a table's routes, equal methods, cohorts and splits are the same objects."""
    loaded = load_text(TABLE, "routes.yaml", {})
    assert isinstance(loaded, Loaded)
    one, other = loaded.snapshot.routes

    assert one.methods is other.methods
    assert one.cohort is other.cohort
    assert one.split is other.split


def test_a_file_is_read_from_the_folder_of_routes_yaml(tmp_path: Path) -> None:
    """What a block names is found beside the file, whatever the folder of the process, and becomes part of the load."""
    (tmp_path / "keys").write_bytes(b"one")
    found = draft(TABLE)
    found.name = str(tmp_path / "routes.yaml")

    assert (found.read_file("keys"), found.read_file("other")) == (b"one", "is not there")
    assert found.named.signature
