from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.text.environment import cores, substitute

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
    assert substitute(text, ENV)[1] == wrong


@given(st.text("$", max_size=3), st.text("ab{}:- ", max_size=10))
def test_a_text_can_always_be_escaped(dollars: str, rest: str) -> None:
    """With every dollar doubled, any text comes through as it is."""
    text = dollars + rest

    assert substitute(text.replace("$", "$$"), {}) == (text, [])


def test_cores_are_those_of_this_process() -> None:
    """`auto` counts the processors that the process may use, not those of the machine."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cores() == len(before)
