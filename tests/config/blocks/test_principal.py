"""`principal:` at the top."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.auth.principal_policy import NOBODY_TOLD, PrincipalField, PrincipalPolicy
from tests.config.given_files import FILE, snapshot, warnings, with_routes

FIELDS = "principal: {fields: {X-Member: sub, X-Scopes: scope}}\n"
ANYWHERE = "principal: {fields: {X-Member: sub, %s: email}}\n"


def problems(text: str) -> list[str]:
    found = load_text(text, "routes.yaml", {})
    return [] if isinstance(found, Loaded) else [str(each) for each in found]


def test_without_the_block_nobody_is_told() -> None:
    """And no name is Banyan's."""
    found = snapshot(FILE)

    assert found.principal == NOBODY_TOLD
    assert found.routes[0].steps == ()


def test_fields_have_the_values_of_claims() -> None:
    """In the order of the file; without a policy of `auth` there is no step, since nobody is ever known."""
    found = snapshot(FILE + FIELDS)
    sets = (PrincipalField(name="X-Member", claim="sub"), PrincipalField(name="X-Scopes", claim="scope"))

    assert found.principal == PrincipalPolicy(sets=sets)
    assert found.principal.owned == {b"xmember", b"xscopes"}
    assert found.routes[0].steps == ()


def test_fields_that_nobody_sets_are_a_warning() -> None:
    """They are dropped all the same, which may be meant."""
    (warning,) = warnings(FILE + FIELDS)

    assert warning.startswith("routes.yaml:8:1: principal: no policy checks who calls")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("X-Forwarded-For", "is a field that Banyan or HTTP gives a meaning already"),
        ("x_request_id", "is a field that Banyan or HTTP gives a meaning already"),
        ("X-Banyan-Saw", "is a field that Banyan or HTTP gives a meaning already"),
        ("Host", "is a field that Banyan or HTTP gives a meaning already"),
        ("Authorization", "is a field that Banyan or HTTP gives a meaning already"),
        ("X-Auth-Token", "is taken for a client's own credentials or conditions"),
        ("If-Range", "is taken for a client's own credentials or conditions"),
        ("x.member", "reads as X-Member to some upstreams; take one out"),
    ],
)
def test_a_name_that_means_something_is_refused(name: str, says: str) -> None:
    """At its place: file, line and column of the name."""
    (problem,) = problems(FILE + ANYWHERE % name)

    assert problem.startswith(f"routes.yaml:8:37: principal.fields.{name}: {says}")


@pytest.mark.parametrize(
    "said", ["{'a b': sub}", "{'-': sub}", "{X-Member: ''}", "{X-Member: [a]}", "{X-Member: 'a b'}"]
)
def test_names_and_claims_are_words(said: str) -> None:
    """What is neither is refused."""
    assert len(problems(FILE + f"principal: {{fields: {said}}}\n")) == 1


@pytest.mark.parametrize(
    "route",
    [
        'name: a, match: {path: /a, headers: {X_Member: "7"}}, stage: legacy',
        'name: a, match: /a, stage: canary, split: 5%, cohort: "header:x-member"',
    ],
)
def test_a_route_cannot_ask_for_what_no_client_can_send(route: str) -> None:
    """It would never be found, or be one cohort for all."""
    (problem,) = problems(with_routes(route) + FIELDS)

    assert "which no client can send: principal has Banyan set X-Member" in problem
    assert problem.startswith("routes.yaml:7:5: ")


def test_a_shadow_cannot_replace_them() -> None:
    """The other side is told of the same caller."""
    carry = 'shadow: {credentials: {replace: {X-Member: "test", Authorization: "Bearer x"}}}'
    (problem,) = problems(with_routes(f"name: a, match: /a, stage: shadow, {carry}") + FIELDS)

    assert "routes[0].shadow: replaces a field of principal" in problem


def test_other_routes_and_shadows_are_as_ever() -> None:
    """What they name is not Banyan's."""
    carry = 'shadow: {credentials: {replace: {Authorization: "Bearer x"}}}'

    route = f'name: a, match: /a, stage: shadow, cohort: "header:x-tenant", {carry}'

    assert problems(with_routes(route) + FIELDS) == []


def test_a_block_without_fields_owns_nothing() -> None:
    """As if it were not there."""
    assert snapshot(FILE + "principal: {}\n").principal == NOBODY_TOLD
