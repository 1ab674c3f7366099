"""Every example of docs/routes.md is executed, and its tables name every key with its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.config.blocks.limits import LimitsBlock
from proxy.config.blocks.upstream import TimeoutBlock
from proxy.config.load import Loaded, load_text
from proxy.config.readers.sources import written
from proxy.config.schema import NOT_LANDED, FileBlock, RouteBlock, UpstreamBlock
from proxy.core.routing.cohort import SourceKind
from tests.config.every_block import all_blocks

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "routes.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
FENCES = re.compile(r"^```yaml\n(?P<yaml>.*?)^```\n(?:\n```text\n(?P<text>.*?)^```\n)?", re.DOTALL | re.MULTILINE)
LEFT_OUT = (
    ("version:", "version: 1\n"),
    ("listen:", "listen: :8080\n"),
    ("upstreams:", 'upstreams: {legacy: {url: "http://legacy.internal"}, new: {url: "http://new.internal"}}\n'),
)


class Example(NamedTuple):
    """One example, and the lines that stand below it."""

    line: int
    yaml: str
    said: list[str]


EXAMPLES = [
    Example(TEXT.count("\n", 0, found.start()) + 1, found["yaml"], (found["text"] or "").splitlines())
    for found in FENCES.finditer(TEXT)
]


def whole(example: str) -> str:
    """The example with what it leaves out behind it, so that its lines keep their numbers."""
    return example + "".join(line for key, line in LEFT_OUT if not re.search(f"^{key}", example, re.MULTILINE))


SECRETS = {
    "BANYAN_COOKIE_KEY": "k" * 40,
    "HOOK_SECRET": "s" * 20,
    "TEST_ACCOUNT": "Bearer x",
    "GRANTS_HASH_KEY": "11" * 32,
    "GRANTS_DATA_KEY": "22" * 32,
    "CARDS_PASSWORD": "p",
    "NEW_SECRET": "s" * 20,
}
"""What the examples take from the environment."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_an_example_does_what_the_document_says(example: Example) -> None:
    """An example loads without a word, or says exactly what stands below it."""
    found = load_text(whole(example.yaml), "routes.yaml", SECRETS)

    said = list(found.warnings) if isinstance(found, Loaded) else [str(each) for each in found]
    assert said == example.said
    assert example.said or isinstance(found, Loaded)


def test_all_examples_are_found() -> None:
    """No fence of the document escapes the test."""
    assert len(EXAMPLES) == TEXT.count("```yaml")
    assert sum(bool(example.said) for example in EXAMPLES) == TEXT.count("```text") > 5


def test_every_key_is_documented() -> None:
    """Every key of every block stands in the document, and so does everything that has not landed."""
    keys = {key for block in all_blocks() for key in block.model_fields} | set(NOT_LANDED)

    assert [key for key in sorted(keys) if f"`{key}`" not in TEXT] == []


def test_the_defaults_of_the_document_are_those_of_the_schema() -> None:
    """A default that a key's description names is the one in the document's table."""
    described = [
        (key, found[1].replace("3600s", "1h"))
        for block in (FileBlock, LimitsBlock, TimeoutBlock, UpstreamBlock)
        for key, field in block.model_fields.items()
        if (found := re.search(r"Default ([0-9.:]+[0-9a-z%]*?)\.$", field.description or ""))
    ]
    rows = re.findall(r"(?=`(\w+)`(?: \||:)[^|\n]*\| `?([^|`\n]*?)`? \|$)", TEXT, re.MULTILINE)

    assert len(described) > 10
    assert [each for each in described if each not in rows] == []


def test_every_source_of_a_cohort_is_documented() -> None:
    """Whatever the reader takes for a cohort stands in the document and in what editors show of the key."""
    assert [form for form in map(written, SourceKind) if f"`{form}`" not in TEXT] == []
    description = RouteBlock.model_fields["cohort"].description or ""
    assert [form for form in map(written, SourceKind) if form not in description] == []
