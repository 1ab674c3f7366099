from __future__ import annotations

import json
from pathlib import Path

from proxy.cli import schema
from tests.cli.conftest import Banyan


def test_the_schema_is_json(banyan: Banyan) -> None:
    """`schema` prints one JSON Schema that knows the keys of routes.yaml."""
    result = banyan("schema")

    assert result.exit_code == 0
    assert {"version", "listen", "admin", "upstreams", "routes"} <= json.loads(result.stdout)["properties"].keys()


def test_the_example_writes_the_file(banyan: Banyan, folder: Path) -> None:
    """What the help shows as an example leaves the printed schema in the file that the editor line names."""
    result = banyan(schema.LESSON.example.removeprefix("banyan "))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "routes.schema.json" in schema.LESSON.more
    assert (folder / "routes.schema.json").read_text(encoding="utf-8") == banyan("schema").stdout


def test_a_file_that_cannot_be_written_is_said(banyan: Banyan) -> None:
    """A folder that is not there is exit 2 and a sentence, not a trace."""
    result = banyan("schema --write nowhere/routes.schema.json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere/routes.schema.json cannot be written" in result.stderr


def test_an_included_file_may_have_any_key_and_needs_none(banyan: Banyan) -> None:
    """`schema --included` is for the others: an editor marks neither a lone list of routes nor a missing version."""
    whole, included = (json.loads(banyan(command).stdout) for command in ("schema", "schema --included"))

    assert "required" not in included
    assert included["properties"] == whole["properties"]
    assert included["title"] == "A file that routes.yaml of Banyan includes"
