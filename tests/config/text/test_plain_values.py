from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.text.plain_values import BROKEN, Reader, substitute
from proxy.config.text.problem import FromEnvironment
from tests.config.given_files import NOTHING, document


def read(text: str, env: Mapping[str, str] = NOTHING) -> tuple[object, list[str]]:
    root = document(text).root
    assert root is not None
    reader = Reader(env)
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
        (
            "routes: [{auth: off}]",
            (
                "1:17: routes[0].auth: off is false to some readers of YAML and text to others; write false, or "
                '"off" in quotes; or anonymous, if anybody may call'
            ),
        ),
        (
            "auth: off",
            '1:7: auth: off is false to some readers of YAML and text to others; write false, or "off" in quotes',
        ),
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


ENV = {"PORT": "8080", "EMPTY": "", "ODD": "${PORT} $$"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${PORT}", "8080"),
        (":${PORT}", ":8080"),
        ("${PORT}-${PORT}", "8080-8080"),
        ("${PORT:-1}", "8080"),
        ("${NONE:-memory}", "memory"),
        ("${EMPTY:-memory}", "memory"),
        ("${EMPTY}", ""),
        ("${NONE:-}", ""),
        ("${NONE:-a:-b}", "a:-b"),
        ("${NONE:-http://a:1/?x=$y}", "http://a:1/?x=$y"),
        ("$$", "$"),
        ("$${PORT}", "${PORT}"),
        ("$$${PORT}", "$8080"),
        ("/a$b$", "/a$b$"),
        ("${ODD}", "${PORT} $$"),
        ("no variable", "no variable"),
    ],
)
def test_variables_are_replaced(text: str, result: str) -> None:
    """`${NAME}`, `${NAME:-default}` and `$$` are replaced once; what they bring is not read again."""
    assert substitute(text, ENV) == (result, [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("${NONE}", ["the environment has no NONE; set it, or give a default: ${NONE:-…}"]),
        ("${A}${B}", [f"the environment has no {name}; set it, or give a default: ${{{name}:-…}}" for name in "AB"]),
        ("${PORT", ["${PORT is no variable; write ${NAME} or ${NAME:-default}, or $${ to mean the text"]),
        ("${}", ["${} is no variable; write ${NAME} or ${NAME:-default}, or $${ to mean the text"]),
        ("${1A}", ["${1A} is no variable; write ${NAME} or ${NAME:-default}, or $${ to mean the text"]),
        ("${PORT-1}", ["${PORT-1} is no variable; write ${NAME} or ${NAME:-default}, or $${ to mean the text"]),
        ("${PORT:?no}", ["${PORT:?no} is no variable; write ${NAME} or ${NAME:-default}, or $${ to mean the text"]),
    ],
)
def test_what_is_wrong_with_a_variable_is_told(text: str, wrong: list[str]) -> None:
    """Every missing variable is named with its cure, and what only looks like one is no variable."""
    assert [each.message for each in substitute(text, ENV)[1]] == wrong


@given(st.text("$", max_size=3), st.text("ab{}:- ", max_size=10))
def test_a_text_can_always_be_escaped(dollars: str, rest: str) -> None:
    """With every dollar doubled, any text comes through as it is."""
    text = dollars + rest

    assert substitute(text.replace("$", "$$"), {}) == (text, [])
