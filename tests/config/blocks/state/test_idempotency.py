"""`idempotency:` of a route."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.idempotency.key_policy import KeyPolicy
from tests.config.given_files import FILE, snapshot, with_routes

DATABASE = "state: embedded\n"


def problems(text: str) -> list[str]:
    found = load_text(text, "routes.yaml", {})
    return list(found.warnings) if isinstance(found, Loaded) else [str(each) for each in found]


def test_without_the_key_there_is_no_step() -> None:
    """A route that does not name it pays nothing."""
    assert snapshot(FILE).routes[0].steps == ()


@pytest.mark.parametrize(("said", "required"), [("required", True), ("optional", False)])
def test_a_route_says_whether_its_requests_carry_a_key(said: str, required: bool) -> None:  # noqa: FBT001
    """Which becomes the policy of its step."""
    found = snapshot(with_routes(f"name: a, match: POST /a, stage: legacy, idempotency: {said}") + DATABASE)

    assert found.routes[0].steps == (KeyPolicy(required=required),)


def test_keys_need_a_database() -> None:
    """In memory they would be lost with the process that was to remember them: refused at their place."""
    (problem,) = problems(with_routes("name: a, match: POST /a, stage: legacy, idempotency: required"))

    assert "idempotency: needs a database: a key outlives a crash; write state: embedded" in problem
    assert problem.startswith("routes.yaml:")


def test_only_words_that_are_known_are_taken() -> None:
    """With what may be meant."""
    (problem,) = problems(with_routes("name: a, match: POST /a, stage: legacy, idempotency: always") + DATABASE)

    assert "must be one of required, optional" in problem


@pytest.mark.parametrize(("match", "warned"), [("GET /a", 1), ("GET,PUT /a", 1), ("/a", 0), ("GET,PATCH /a", 0)])
def test_keys_where_nothing_does_harm_are_a_warning(match: str, warned: int) -> None:
    """GET and PUT may be repeated as they are."""
    text = with_routes(f'name: a, match: "{match}", stage: legacy, idempotency: optional') + DATABASE
    found = [each for each in problems(text) if "idempotency" in each]

    assert len(found) == warned
