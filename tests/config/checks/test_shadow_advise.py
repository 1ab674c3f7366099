from __future__ import annotations

import pytest

from proxy.config.checks.shadow_advise import MOST_NAMED
from proxy.config.load import Loaded, load_text
from tests.config.given_files import HEAD, NOTHING, warnings, with_routes

SHADOWED = "name: a, match: /a, stage: shadow"
COOKIE = "cohort: 'cookie:session'"


def remarks(text: str) -> list[str]:
    """What is remarked of a file, without its place."""
    found = load_text(text, "routes.yaml", NOTHING)
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return list(found.remarks)


def test_undeclared_reads_are_named_in_one_line() -> None:
    """Each route whose GETs are shadowed and of which nobody said what they do; that is no warning."""
    text = with_routes(
        SHADOWED,
        "name: b, match: GET /b, stage: canary, split: 1%",
        "name: c, match: /c, stage: shadow, effects: safe",
        "name: d, match: /d, stage: live, effects: unsafe",
        "name: e, match: POST /e, stage: live",
        "name: f, match: /f, stage: legacy",
        "name: g, match: /g, stage: live, shadow: {sample: 0%}",
    )
    (found,) = remarks(text)

    assert found.startswith("routes.yaml:7:5: routes[0]: nobody declared the GETs of a, b: legacy is asked once ")
    assert warnings(text) == []


def test_so_many_are_named() -> None:
    """A file of a thousand routes gets a line that can be read."""
    (found,) = remarks(with_routes(*(f"name: r{at}, match: /{at}, stage: shadow" for at in range(1_000))))

    assert f", r{MOST_NAMED - 1} and 980 more: legacy is asked once " in found


@pytest.mark.parametrize("match", ["headers: {Authorization: x}", "headers: {X-Api-Key: true}", "headers: {Cookie: x}"])
def test_a_route_for_credentials_alone_is_warned_of(match: str) -> None:
    """Nobody gets there without; a shadow that drops them is turned away."""
    route = f"name: a, match: {{path: /a, {match}}}, stage: shadow, effects: safe"
    (found,) = warnings(with_routes(route))

    assert found.startswith("routes.yaml:7:22: routes[0].match: only requests with credentials come here, ")
    assert warnings(with_routes(route, head=HEAD + "shadow: {credentials: drop}\n")) == []
    for said in ("forward", "drop", "{replace: {Authorization: '${TEST_ACCOUNT}'}}"):
        assert warnings(with_routes(f"{route}, shadow: {{credentials: {said}}}"), {"TEST_ACCOUNT": "x"}) == []


@pytest.mark.parametrize("match", ["headers: {Authorization: false}", "headers: {X-Tenant: x}", "query: {key: x}"])
def test_other_conditions_say_nothing_of_credentials(match: str) -> None:
    """Requests without credentials, and those that are known by something else."""
    assert warnings(with_routes(f"name: a, match: {{path: /a, {match}}}, stage: shadow")) == []


@pytest.mark.parametrize("cohort", [COOKIE, "cohort: 'header:Authorization'", "cohort: ['header:X-T', 'cookie:s']"])
def test_cohorts_by_a_credential_are_remarked(cohort: str) -> None:
    """They tell clients apart, so answers may depend on them; whether they do, the file does not say."""
    (found,) = remarks(
        with_routes(f"{SHADOWED}, effects: safe, {cohort}", f"name: b, match: /b, stage: legacy, {cohort}")
    )

    assert "routes[0].cohort: clients of a are told apart by a credential, " in found
    assert remarks(with_routes(f"{SHADOWED}, effects: safe, {cohort}, shadow: {{credentials: forward}}")) == []


def test_other_cohorts_are_not() -> None:
    """An address, a field that lets nobody act, and Banyan's own cookie."""
    for source in ("client_ip", "'header:X-Tenant'", "anonymous"):
        assert remarks(with_routes(f"{SHADOWED}, effects: safe, cohort: {source}")) == []
