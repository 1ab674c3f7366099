from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml import MarkedYAMLError, YAMLError

from proxy.config.text import document as module
from proxy.config.text.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    Entry,
    ListNode,
    MapNode,
    ScalarNode,
    explain_syntax,
)
from tests.config.given_files import document

FILE = "routes.yaml"


def said(text: str) -> list[str]:
    return [str(each).removeprefix("routes.yaml:") for each in document(text).problems]


def test_every_key_and_value_knows_its_place() -> None:
    """Nodes carry lines and columns from 1, in characters, and whether a scalar stood without quotes."""
    root = document("é: 'ü'\nb:\n  - x\n  - {c: 1}\n").root

    assert root == MapNode(
        {
            "é": Entry(ScalarNode("ü", plain=False, line=1, column=4, file=FILE), 1, 1, FILE),
            "b": Entry(
                ListNode(
                    [
                        ScalarNode("x", plain=True, line=3, column=5, file=FILE),
                        MapNode(
                            {"c": Entry(ScalarNode("1", plain=True, line=4, column=9, file=FILE), 4, 6, FILE)},
                            4,
                            5,
                            FILE,
                        ),
                    ],
                    3,
                    3,
                    FILE,
                ),
                2,
                1,
                FILE,
            ),
        },
        1,
        1,
        FILE,
    )


BEGIN = "begin with version: 1, then listen, upstreams and routes (the README has a file to copy)"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "1:1: the file is empty"),
        ("\n\n", "1:1: the file is empty"),
        ("---\n", "2:1: the file is empty"),
        ("# nothing\n", "1:1: the file holds comments alone"),
    ],
)
def test_an_empty_file_is_told(text: str, what: str) -> None:
    """A file without any value says how one begins."""
    assert said(text) == [f"{what}; {BEGIN}"]


QUOTED = "between { } or [ ] a path with {id} needs quotes: write"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: { m: GET /orders/{id}, s: x }", f'1:9: {QUOTED} "GET /orders/{{id}}"'),
        ("a: {m: /{id}/{item}/x , s: x }", f'1:8: {QUOTED} "/{{id}}/{{item}}/x"'),
        ("a: { p: [/a, /b/{id}] }", f'1:14: {QUOTED} "/b/{{id}}"'),
        ("a: {\n  m: GET /a/{id},\n  s: x }", f'2:6: {QUOTED} "GET /a/{{id}}"'),
        ("a: { m: x{id} }", "1:10: what opens in line 1 is not closed, or a comma is missing"),
        ("a: { m: /x{1} }", "1:11: what opens in line 1 is not closed, or a comma is missing"),
    ],
)
def test_a_path_that_needs_quotes_is_told(text: str, problem: str) -> None:
    """Between braces and brackets a `{name}` breaks a path off: it is pointed at, and written as it should be."""
    assert said(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "1:1: the file must be a mapping that begins with version: 1, got a list"),
        ("\nhello", '2:1: the file must be a mapping that begins with version: 1, got "hello"'),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here; drop the ---"),
        ("\ufeffa: 1", "1:1: the file begins with a byte order mark; save it as UTF-8 without one"),
        ("a: 1\nb: \ud800", "2:1: half a surrogate pair is not text; save the file as UTF-8"),
        (
            "a: " + "é" * MAX_BYTES,
            f"1:1: the file has {2 * MAX_BYTES + 3} bytes, more than the {MAX_BYTES} that are read",
        ),
        ("? [a]\n: b", "1:3: a key must be text"),
        ("a: {? {b: c} : d}", "1:7: a: a key must be text"),
        ("a: *b", "1:4: a: *b stands for nothing that ended above; put &b before it"),
        ("a: &x [*x]", "1:8: a[0]: *x stands for nothing that ended above; put &x before it"),
        ("a: " + "[" * 100_000, f"1:36: a[0][0]: values are nested more than {MAX_DEPTH} deep"),
    ],
)
def test_what_is_no_routes_file_is_refused_at_its_place(text: str, problem: str) -> None:
    """What cannot be read at all ends the reading with one problem."""
    assert document(text).root is None
    assert said(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\n'a': 3", "3:1: a: stands twice; the first is in line 1"),
        ("r:\n  - {b: 1, b: 2}", "2:12: r[0].b: stands twice; the first is in line 2"),
        ("a: !!int '3'", "1:4: a: tags such as tag:yaml.org,2002:int have no meaning here; write the value alone"),
        ("a: !x [b]", "1:4: a: tags such as !x have no meaning here; write the value alone"),
        ("on: 1", '1:1: on: on is true to some readers of YAML and text to others; write true, or "on" in quotes'),
        (
            "a: {<<: {b: 1}}",
            "1:5: a.<<: merge keys are not part of YAML 1.2; write the keys out, or use an alias for a whole value",
        ),
    ],
)
def test_what_is_wrong_in_one_place_does_not_end_the_reading(text: str, problem: str) -> None:
    """Duplicate keys, tags, merge keys and surprising keys are collected, and the rest is read."""
    assert document(text).root is not None
    assert said(text) == [problem]


def test_all_problems_are_collected() -> None:
    """One reading finds every problem of the kind that does not end it."""
    assert len(said("a: 1\na: 2\non: 3\nb: !!str x\n")) == 3


def test_of_duplicate_keys_the_first_is_kept() -> None:
    """The value that goes on to the next step is the first, whatever stands behind it."""
    root = document("a: 1\na: 2").root

    assert root is not None
    assert root.entries["a"].value == ScalarNode("1", plain=True, line=1, column=4, file=FILE)


def test_a_merge_key_is_dropped_and_a_quoted_one_is_a_key() -> None:
    """What was refused as a merge key is told once and gone; in quotes it is a name like others."""
    found = document("a: {<<: {b: 1}, '<<': 2}")

    assert len(found.problems) == 1
    assert found.root is not None
    inner = found.root.entries["a"].value
    assert isinstance(inner, MapNode)
    assert inner.entries.keys() == {"<<"}
    assert inner.entries["<<"].value == ScalarNode("2", plain=True, line=1, column=23, file=FILE)


def test_an_alias_is_the_value_itself() -> None:
    """An alias stands for what its anchor named, place included."""
    root = document("a: &x {b: 1}\nc: [*x, *x]").root

    assert root is not None
    shared = root.entries["a"].value
    assert root.entries["c"].value == ListNode([shared, shared], 2, 4, FILE)
    assert shared.line == 1


def test_an_alias_bomb_is_refused_at_its_bound() -> None:
    """A file of a few lines that stands for a billion values is refused as soon as it has stood for too many."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [
        f"{name}: &{name} [{','.join(['*' + before] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]

    found = said("\n".join(lines))

    assert len(found) == 1
    assert f"the file holds more than {MAX_VALUES} values, aliases counted" in found[0]


def test_an_unquoted_scalar_is_told_from_a_quoted_one() -> None:
    """Only scalars without quotes may be numbers; block scalars are text."""
    root = document("a: 1\nb: '1'\nc: \"1\"\nd: |\n  1\ne: >\n  1\n").root

    assert root is not None
    kinds = [each.value.plain for each in root.entries.values() if isinstance(each.value, ScalarNode)]
    assert kinds == [True, False, False, False, False]


@given(st.text(max_size=60) | st.text("a:-[]{},&*!|>'\"%@`#?\n\t \\$é\ufeff", max_size=40))
def test_no_text_raises(text: str) -> None:
    """Every text is either read or answered with problems that have a place within it."""
    found = module.parse(text, "routes.yaml")

    assert found.root is not None or found.problems
    assert all(each.line >= 1 and each.column >= 1 for each in found.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\tb: 1", "2:1: tabs do not indent in YAML; use spaces"),
        ("a: x\n\ty", "2:1: tabs do not indent in YAML; use spaces"),
        ("a: @x", "1:4: a value cannot begin with this character; put it in quotes"),
        ("a: b: c", "1:5: a colon with a blank after it begins a mapping; indent it, or quote the value"),
        ("host: *.x", "1:8: what begins with * or & is an alias or an anchor; to mean text, quote it"),
        ('a: "\\q"', "1:5: in double quotes a backslash begins an escape; use single quotes, or two backslashes"),
        ("a: 'x\nb: 1\n", "1:4: the quote that opens here is never closed"),
        ("a: 1\nb: {c: 1\n", "3:1: what opens in line 2 is not closed, or a comma is missing"),
        ("a: [1 {", "1:7: what opens in line 1 is not closed, or a comma is missing"),
        ("a: [::1]:9090", "1:5: a value is missing here, or begins with a bracket, brace or comma: then quote it"),
        ("a: 1\nb\nc: 2", "3:1: a key without its colon, or a value that should be in quotes"),
        ("a:\n  - x\n y: 1", "3:2: the indentation fits nothing above"),
        ("  a: 1\n b: 2", "2:2: the indentation fits nothing above"),
        ("a: {b: ${X}}", '1:9: between { } or [ ] a variable must stand in quotes: "${NAME}"'),
        ("é: 1\nb: \x01", "2:4: the character U+0001 may not stand in YAML"),
        ("a: !x!y z", "1:4: found undefined tag handle"),
        ("%YAML 3.0\n---\na: 1", "1:1: found incompatible YAML document"),
    ],
)
def test_a_syntax_error_says_what_to_do(text: str, said: str) -> None:
    """What the YAML library finds is said in words that tell the cure, at the place where it is to be applied."""
    found = document(text)

    assert found.root is None
    assert [str(each) for each in found.problems] == [f"routes.yaml:{said}"]


def test_an_error_without_a_place_is_still_told() -> None:
    """Whatever the library may raise has a line, a column and a sentence."""
    assert explain_syntax(YAMLError("odd"), "") == (1, 1, "odd")
    assert explain_syntax(MarkedYAMLError(), "") == (1, 1, "this is not YAML")
