from __future__ import annotations

import pytest

from proxy.config.text.problem import FileProblem, FromEnvironment, Path, like, show, where
from proxy.core.nearest import nearest


def test_a_problem_prints_in_the_form_that_editors_open() -> None:
    """File, line, column, the way to the value, and the sentence; without a way, the sentence alone."""
    problem = FileProblem(file="routes.yaml", line=42, column=9, where="routes[3].split", message="must be less")
    whole = FileProblem(file="routes.yaml", line=1, column=1, where="", message="the file is empty")

    assert str(problem) == "routes.yaml:42:9: routes[3].split: must be less"
    assert str(whole) == "routes.yaml:1:1: the file is empty"


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("routes", 3, "split"), "routes[3].split"), (("upstreams", "a.b", "url"), "upstreams.a.b.url")],
)
def test_a_way_is_written_as_in_a_program(path: Path, text: str) -> None:
    """Keys follow a dot, places in a list stand in brackets."""
    assert where(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("canry", '"canry"'),
        ("x" * 100, '"' + "x" * 59 + '…"'),
        ("a\nb\x1b[31m", '"a�b�[31m"'),
        (True, "true"),
        (False, "false"),
        (8080, "8080"),
        (0.1, "0.1"),
        ([1, 2], "a list"),
        ({"a": 1}, "a mapping"),
        (FromEnvironment.of("hunter2", "${PASSWORD}"), "the value of ${PASSWORD}"),
    ],
)
def test_a_value_is_shown_short_and_harmless(value: object, text: str) -> None:
    """What a problem repeats is one short line without control characters, and never comes out of the environment."""
    assert show(value) == text


def test_a_part_of_a_secret_is_a_secret() -> None:
    """A part of a value out of the environment is shown no more than the whole."""
    secret = FromEnvironment.of("GET /a", "${MATCH}")

    assert show(like(secret, "GET")) == "the value of ${MATCH}"
    assert show(like("GET /a", "GET")) == '"GET"'


@pytest.mark.parametrize(
    ("word", "meant"), [("canry", "canary"), ("LIVE", "live"), ("complet", "complete"), ("zzz", ""), ("", "")]
)
def test_the_nearest_known_word_is_suggested(word: str, meant: str) -> None:
    """A word close to a known one suggests it, whatever the case; a far one suggests nothing."""
    assert nearest(word, ["legacy", "canary", "live", "complete"]) == meant
