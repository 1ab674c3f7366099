from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxy.config.text.plain_values import BROKEN, Reader
from proxy.config.text.problem import FromEnvironment
from tests.config.given_files import NOTHING, document


def read(text: str, env: Mapping[str, str] = NOTHING) -> tuple[object, list[str]]:
    root = document(text).root
    assert root is not None
    reader = Reader("routes.yaml", env)
    return reader.value(root, ()), [str(each) for each in reader.problems]


def test_nodes_become_plain_values() -> None:
    """Mappings, lists and scalars become what they say; quotes make text of anything."""
    values, problems = read("a: [1, 2.5, true, x, '1', \"true\"]\nb: {c: {}}\nd: []\n")

    assert values == {"a": [1, 2.5, True, "x", "1", "true"], "b": {"c": {}}, "d": []}
    assert problems == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${PORT}", 8080),
        ("'${PORT}'", "8080"),
        (":${PORT}", ":8080"),
        ("${YES}", True),
        ("${NO}", "no"),
        ("${EMPTY}", ""),
        ("'a$$b'", "a$b"),
        ("a$$b", "a$b"),
        ("a$b", "a$b"),
    ],
)
def test_variables_are_read_as_if_they_stood_there(text: str, value: object) -> None:
    """What a variable brings is a number or truth value where an unquoted scalar would be one, and text in quotes."""
    env = {"PORT": "8080", "YES": "true", "NO": "no", "EMPTY": ""}

    assert read(f"a: {text}", env) == ({"a": value}, [])


def test_text_out_of_the_environment_remembers_it() -> None:
    """Such a text knows how it was written, so that problems repeat that instead of the value."""
    values, _ = read("a: x-${SECRET}", {"SECRET": "s"})

    assert isinstance(values, dict)
    assert isinstance(values["a"], FromEnvironment)
    assert (str(values["a"]), values["a"].raw) == ("x-s", "x-${SECRET}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: on", '1:4: a: on is true to some readers of YAML and text to others; write true, or "on" in quotes'),
        ("a:\n  - x\n  -", "3:4: a[1]: is empty; give it a value, or take it out"),
        ("a: {b: }", "1:8: a.b: is empty; give it a value, or take it out"),
        ("a: ~", "1:4: a: is empty; give it a value, or take it out"),
        ("a: ${NONE}", "1:4: a: the environment has no NONE; set it, or give a default: ${NONE:-…}"),
    ],
)
def test_a_value_that_cannot_be_had_is_told_and_broken(text: str, problem: str) -> None:
    """A surprise, an empty value and a missing variable are problems at their place, and no value for later steps."""
    values, problems = read(text)

    assert problems == [f"routes.yaml:{problem}"]
    assert "Broken" in repr(values)


def test_every_missing_variable_is_told() -> None:
    """Two variables missing in one value are two problems."""
    values, problems = read("a: ${A}${B}")

    assert values == {"a": BROKEN}
    assert len(problems) == 2
