"""The JSON Schema of routes.yaml: what editors complete, explain and mark.

Rule 1: it is made from the very models that load the file; nothing is described twice.
Rule 2: it speaks of the text before the environment is read, so that a `${…}` may stand for any single value.
Rule 3: what has not landed yet is known and forbidden, so that an editor says the same as Banyan.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.config.schema import LATER, FileBlock

_DIALECT = "http://json-schema.org/draft-07/schema#"
_VARIABLE = {"type": "string", "pattern": r"\$\{"}
_NULL = {"type": "null"}
_RULES = frozenset(("type", "enum", "const", "pattern", "minimum", "maximum"))
_SINGLE = frozenset(("string", "integer", "number", "boolean"))

Schema = dict[str, Any]


def schema_text(*, included: bool = False) -> str:
    """The schema as JSON text, indented by two; `included`: that of a file which routes.yaml includes."""
    return json.dumps(schema_included() if included else schema(), indent=2, ensure_ascii=False)


def schema_included() -> Schema:
    """The same keys, none of which has to be there."""
    whole = schema()
    del whole["required"]
    return {**whole, "title": "A file that routes.yaml of Banyan includes"}


def schema() -> Schema:
    """The schema as JSON values (draft 7, the newest that every editor knows)."""
    made = FileBlock.model_json_schema(ref_template="#/definitions/{model}")
    blocks: Schema = made.pop("$defs")
    for model, names in LATER.items():
        block = made if model is FileBlock else blocks[model.__name__]
        block["properties"] |= {name: _not_landed(name) for name in names}
    made["properties"]["upstreams"]["additionalProperties"] = False
    top = _revised({**made, "definitions": blocks})
    return {"$schema": _DIALECT, **top, "title": "routes.yaml of Banyan"}


def _not_landed(name: str) -> Schema:
    """`doNotSuggest` and `deprecationMessage` are the language server's: offer no completion, and say this."""
    sentence = f"{name} has not landed in this version of Banyan."
    return {"not": {}, "description": sentence, "doNotSuggest": True, "deprecationMessage": sentence}


def _revised(node: Schema) -> Schema:
    """Without what speaks of Python (null for a missing key, titles made out of names), and open to `${…}`."""
    kept: Schema = {}
    for key, value in node.items():
        match key:
            case "title" | "default":
                continue
            case "properties" | "definitions":
                kept[key] = {name: _revised(inner) for name, inner in value.items()}
            case "anyOf":
                kept[key] = _flat([_revised(choice) for choice in value if choice != _NULL])
            case "items" | "additionalProperties" if isinstance(value, dict):
                kept[key] = _revised(value)
            case _:
                kept[key] = value
    choices = kept.get("anyOf", ())
    if len(choices) == 1:
        kept = {**choices[0], **{key: value for key, value in kept.items() if key != "anyOf"}}
    return _opened(kept)


def _flat(choices: list[Schema]) -> list[Schema]:
    """Choices among choices are choices; none stands twice."""
    found: list[Schema] = []
    for choice in choices:
        found += [one for one in (choice["anyOf"] if choice.keys() == {"anyOf"} else [choice]) if one not in found]
    return found


def _opened(node: Schema) -> Schema:
    """A single value with rules of its own may also be a variable."""
    rules = {key: value for key, value in node.items() if key in _RULES}
    if rules.get("type", "string") not in _SINGLE or not rules or rules == {"type": "string"}:
        return node
    return {"anyOf": [rules, _VARIABLE], **{key: value for key, value in node.items() if key not in _RULES}}
