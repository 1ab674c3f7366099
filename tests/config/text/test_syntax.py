from __future__ import annotations

import pytest
from yaml import MarkedYAMLError, YAMLError

from proxy.config.text.syntax import explain_syntax
from tests.config.given_files import document


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
