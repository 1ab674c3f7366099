from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.jsonschema import schema, schema_included, schema_text
from proxy.config.schema import LATER, NOT_LANDED, RouteBlock
from tests.config.editor import Editor
from tests.config.every_block import all_blocks
from tests.config.given_files import FILE, with_routes
from tests.config.test_load import EVERYTHING

SCHEMA = schema()
MODELS = {block.__name__: block for block in all_blocks()}


def block(name: str) -> Any:  # noqa: ANN401 - JSON
    return SCHEMA if name == "FileBlock" else SCHEMA["definitions"][name]


def within(node: object) -> Iterator[dict[str, Any]]:
    """Every mapping of the schema, itself included."""
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from within(each)
    elif isinstance(node, list):
        for each in node:
            yield from within(each)


def test_the_text_is_the_schema() -> None:
    """What is printed is JSON, names its dialect and says what it is for."""
    text = schema_text()

    assert json.loads(text) == SCHEMA
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMA["title"] == "routes.yaml of Banyan"
    assert '\n  "properties"' in text


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"Block", "SettingsBlock"}))
def test_every_key_is_there_with_description_and_example(name: str) -> None:
    """Every block forbids other keys and explains its own."""
    properties = block(name)["properties"]

    assert block(name)["additionalProperties"] is False
    assert properties.keys() >= MODELS[name].model_fields.keys()
    for key in MODELS[name].model_fields:
        assert properties[key]["description"], key
        assert properties[key]["examples"], key


def test_what_has_not_landed_is_known_and_forbidden() -> None:
    """Each promised block stands somewhere, accepts nothing and says why."""
    later = {
        key: each
        for name in ("FileBlock", "UpstreamBlock", "RouteBlock", "MatchBlock")
        for key, each in block(name)["properties"].items()
        if "not" in each
    }

    assert later.keys() == set(NOT_LANDED)
    for key, each in later.items():
        assert each["not"] == {}
        assert each["description"] == f"{key} has not landed in this version of Banyan."


def test_nothing_of_python_is_left() -> None:
    """No key may be null, and no title or default repeats what the description says."""
    key_of_that_name = block("StepBlock")["properties"]["default"]
    assert not [each for each in within(SCHEMA) if each.get("type") == "null"]
    assert [each["default"] for each in within(SCHEMA) if "default" in each] == [key_of_that_name]
    assert [each["title"] for each in within(SCHEMA) if isinstance(each.get("title"), str)] == [SCHEMA["title"]]


def test_every_single_value_may_be_a_variable() -> None:
    """Wherever a single value has rules, a text with a variable in it is right, too."""
    variable = {"type": "string", "pattern": "\\$\\{"}
    ruled = [
        each for each in within(SCHEMA) if each.keys() & {"pattern", "enum", "const", "minimum"} and each != variable
    ]
    open_to = [each for node in within(SCHEMA) if variable in node.get("anyOf", []) for each in node["anyOf"]]

    assert ruled
    assert all(each in open_to for each in ruled)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Editor, str]]:
    """A language server, and the line that leads it to the schema."""
    path = tmp_path_factory.mktemp("schema") / "routes.schema.json"
    path.write_text(schema_text(), encoding="utf-8")
    with Editor() as server:
        yield server, f"# yaml-language-server: $schema={path.as_uri()}\n"


def marked(editor: tuple[Editor, str], text: str) -> list[tuple[int, str]]:
    """Line (from 1, of the text) and message of each diagnostic."""
    server, modeline = editor
    return [(each["range"]["start"]["line"], each["message"]) for each in server.open(modeline + text)]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text",
    [
        FILE,
        EVERYTHING,
        (Path(__file__).parent.parent.parent / "routes.yaml").read_text(encoding="utf-8"),
        FILE
        + 'workers: ${WORKERS:-2}\ndrain: ${DRAIN}\nstate: ${DATABASE_URL:-memory}\nlimits: {connections: "${MANY}"}\n',
    ],
    ids=["least", "everything", "routes.yaml", "variables"],
)
def test_an_editor_marks_nothing_in_a_right_file(editor: tuple[Editor, str], text: str) -> None:
    """What Banyan loads has no mark in an editor."""
    assert marked(editor, text) == []


@pytest.mark.thorough
def test_an_editor_marks_typos(editor: tuple[Editor, str]) -> None:
    """A misspelt key, a misspelt stage, a bare number and a block that has not landed are marked on their lines."""
    text = with_routes(
        "name: a, match: GET /a, stage: canry",
        "name: b, match: /b, stage: canary, splitt: 10%",
        "name: c, match: {path: /c, metods: GET}, stage: canary, split: 10",
        "name: d, match: /d, stage: legacy, handover: {}",
    )
    found = marked(editor, text)

    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert [(line, message) for line, message in found if line != 9] == [
        (7, 'Value is not accepted. Valid values: "legacy", "shadow", "canary", "live", "complete", "retired".'),
        (8, "Property splitt is not allowed."),
        (10, "Matches a schema that is not allowed."),
        (10, "handover has not landed in this version of Banyan."),
    ]
    assert {message for line, message in found if line == 9} == {
        "Property metods is not allowed.",
        'Incorrect type. Expected "string".',
    }


@pytest.mark.thorough
def test_an_editor_completes_and_explains(editor: tuple[Editor, str]) -> None:
    """Editors offer the stages, and the keys of a route but none that has not landed; and they explain a key."""
    server, modeline = editor
    text = modeline + FILE.replace("  - {name: rest, match: /**, stage: legacy}\n", "  - name: rest\n    match: /**\n")
    server.open(text + "    stage: \n")
    line = text.count("\n")
    stages = {each["label"] for each in server.at("completion", line, 11)["items"]}
    hover = server.at("hover", line, 6)["contents"]["value"]
    server.open(text + "    \n")
    keys = {each["label"] for each in server.at("completion", line, 4)["items"]}

    assert stages == {"legacy", "shadow", "canary", "live", "complete", "retired"}
    assert "Who answers." in hover
    assert {"stage", "split", "cohort", "respond"} <= keys
    assert "name" not in keys
    assert not keys & set(LATER[RouteBlock])


def test_an_included_file_needs_no_key() -> None:
    """What routes.yaml must say stands in one of its files; blocks and routes need what they always do."""
    found = schema_included()

    assert "required" not in found
    assert found["definitions"] == schema()["definitions"]
    assert json.loads(schema_text(included=True)) == found
