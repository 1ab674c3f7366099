from __future__ import annotations

import pytest
import yaml

from proxy.config.text.insertion import with_block, yaml_text
from proxy.config.text.plain_values import substitute

RULE = {"path": "$.id", "kinds": ["missing", "extra"], "reason": 'costs "$5"'}
WORDS = ['path: "$.id"', "kinds: [missing, extra]", 'reason: "costs \\"$5\\""']
FLOW = f"{{ {', '.join(WORDS)} }}"
PATH = ("routes", 1, "compare", "ignore")

HEAD = """\
# what it is for: Größe € 日本
routes:
  - name: first   # one
    stage: legacy
  - name: second
"""
TAIL = """
  # about the third
  - name: third
"""


def lines(indent: int) -> str:
    """The rule as an item of a list whose dash stands in this column."""
    first, *rest = WORDS
    gap = " " * indent
    return f"{gap}- {first}\n" + "".join(f"{gap}  {line}\n" for line in rest)


def placed(entry: str, added: str, after: str) -> tuple[str, str]:
    """A file whose second route ends with `entry`, and what it has to become: `added` behind `after`."""
    assert entry.count(after) == 1
    return HEAD + entry + TAIL, HEAD + entry.replace(after, after + added) + TAIL


@pytest.mark.parametrize(
    ("entry", "added", "after"),
    [
        ("    stage: shadow # s\n", "    compare:\n      ignore:\n" + lines(8), "shadow # s\n"),
        ("    match: { path: /a,\n      host: b }\n", "    compare:\n      ignore:\n" + lines(8), "host: b }\n"),
        ("    why: a text\n      of two lines\n", "    compare:\n      ignore:\n" + lines(8), "of two lines\n"),
        ("    why: |\n      a text\n\n", "    compare:\n      ignore:\n" + lines(8), "a text\n"),
        ("    why: *first\n", "    compare:\n      ignore:\n" + lines(8), "*first\n"),
        ("    compare:\n      secrets: [a]\n    stage: live\n", "      ignore:\n" + lines(8), "secrets: [a]\n"),
        (
            "    compare:\n      ignore:\n        - path: $.a # a\n      # the end\n    stage: live\n",
            lines(8),
            "$.a # a\n",
        ),
        ("    compare:\n        ignore:\n        -   path: $.a\n    stage: live\n", lines(8), "path: $.a\n"),
        ("    compare:\n      ignore: &x\n        - &y path: $.a\n", lines(8), "path: $.a\n"),
        ("    compare:\n      ignore: []\n", FLOW, "ignore: ["),
        ("    compare:\n      ignore: [{ path: $.a }, ] # a\n", f", {FLOW}", "path: $.a }"),
        ("    compare:\n      ignore: [\n        { path: $.a }, # a\n      ]\n", f", {FLOW}", "path: $.a }"),
        ("    compare: { secrets: [a] }\n", f", ignore: [{FLOW}]", "secrets: [a]"),
        ("    compare: {}\n", f" ignore: [{FLOW}] ", "compare: {"),
    ],
)
def test_a_block_goes_behind_what_is_there(entry: str, added: str, after: str) -> None:
    """Whatever way a person writes lists and mappings, every other byte stays, comments and blank lines too."""
    text, wanted = placed(entry.replace("*first", "&first a"), added, after.replace("*first", "&first a"))
    found = with_block(text, PATH, RULE)

    assert found is not None
    assert found.text == wanted
    assert yaml.safe_load(found.text)["routes"][1]["compare"]["ignore"][-1] == RULE
    assert found.line == wanted[: wanted.index(added)].count("\n") + 1


def test_a_route_on_one_line_stays_on_it() -> None:
    """Between braces the rule goes there too, whatever the lists around it look like."""
    text = "routes: [ { name: a }, { name: b, stage: live } ] # all\n"
    found = with_block(text, PATH, RULE)

    assert found is not None
    assert found.text == text.replace("live }", f"live, compare: {{ ignore: [{FLOW}] }} }}")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_lines_end_as_they_do_there(end: str) -> None:
    """A file from another system keeps its line ends, and one without a last one gets none."""
    text = f"routes:{end or chr(10)}- name: a{end or chr(10)}- name: b{end}"
    found = with_block(text, PATH, RULE)
    more = f"  compare:\n    ignore:\n{lines(6)}".rstrip("\n").split("\n")

    assert found is not None
    assert found.text == text + (end or "\n") * (not end) + (end or "\n").join(more) + end
    assert found.line == 4


@pytest.mark.parametrize(
    "text",
    [
        "routes:\n  - &a { name: a }\n  - *a\n",
        "routes:\n  - { name: a, compare: &c { ignore: [] } }\n  - { name: b, compare: *c }\n",
        "routes:\n  - { name: a, compare: { ignore: &i [] } }\n  - { name: b, compare: { ignore: *i } }\n",
        "routes:\n  - &a\n    name: a\n  - name: b\n    compare:\n      ignore: plain\n",
    ],
)
def test_nothing_goes_where_it_would_be_anothers_too(text: str) -> None:
    """Behind an alias stands what other entries say, and a single value takes no block."""
    assert with_block(text, PATH, RULE) is None


def test_nothing_is_written_into_what_others_name() -> None:
    """A list with an anchor that another route stands for is left alone, though its own text could take the block."""
    text = "routes:\n  - { name: b, compare: { ignore: &i [] } }\n  - { name: a, compare: { ignore: *i } }\n"

    assert with_block(text, ("routes", 0, "compare", "ignore"), RULE) is None


@pytest.mark.parametrize("text", ["costs $5", "$$", "${HOME}", "$${HOME}", "$$$", 'a "quote" \\ and ü'])
def test_a_text_is_itself_when_it_is_read(text: str) -> None:
    """Nothing in it is taken for a variable, an escape or a quote."""
    assert substitute(yaml.safe_load(yaml_text(text)), {}) == (text, [])
