from __future__ import annotations

from tests.config.given_files import HEAD, problems, snapshot, told, with_routes

ALONE = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")
DRY = "shadow: {writes: dry_run}"


def test_stage_shadow_needs_somebody_to_call() -> None:
    """Without new it would do nothing, and look as if it did."""
    assert told(with_routes("name: a, match: /a, stage: ¦shadow", head=ALONE)) == [
        'routes[0].stage: needs both sides, and there is no upstream "new"; add it, or name another: new: NAME'
    ]


def test_another_name_that_is_missing_is_told_once() -> None:
    """A name that no upstream has is one mistake, not two."""
    found = problems(with_routes("name: a, match: /a, stage: shadow, new: crm", head=ALONE))

    assert len(found) == 1
    assert "crm" in found[0]


def test_a_dry_run_needs_a_handshake() -> None:
    """On a route as at the top; an answer of Banyan's own, or another word on the route, needs none."""
    message = "needs a handshake: write dry_run: PATH at upstream new, where it says that it can dry-run"
    live = "name: a, match: /a, stage: live"

    assert told(with_routes(f"{live}, shadow: {{writes: ¦dry_run}}")) == [f"routes[0].shadow.writes: {message}"]
    assert told(with_routes(live, head=HEAD + "shadow: {writes: ¦dry_run}\n")) == [f"shadow.writes: {message}"]
    never = with_routes(f"{live}, shadow: {{writes: never}}", "name: b, match: /b, respond: {status: 403}")
    assert snapshot(never.replace("routes:", DRY + "\nroutes:")).routes


def test_credentials_are_one_thing() -> None:
    """A word beside fields, or neither, says nothing."""
    for inside in ("{}", "{carry: drop, replace: {A: b}}"):
        found = told(with_routes(f"name: a, match: /a, stage: live, shadow: {{credentials: ¦{inside}}}"))

        assert found == ["routes[0].shadow.credentials: is forward, drop, or a mapping of replace alone"]


def test_an_answer_of_its_own_has_no_shadow() -> None:
    """There is nobody else to ask."""
    found = told(with_routes("name: a, match: /a, respond: {status: 403}, ¦shadow: {sample: 5%}"))

    assert found == ["routes[0].shadow: shadow and respond exclude each other; take one out"]
