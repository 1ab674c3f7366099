from __future__ import annotations

import pytest

from proxy.core.auth.principal import Principal
from proxy.core.auth.principal_policy import PrincipalField, PrincipalPolicy, RoutePrincipal, lines_of
from proxy.core.auth.principal_policy import value_of as written
from proxy.core.auth.principal_value import LONGEST_VALUE
from proxy.core.steps.step_policy import StepPolicy

CLAIMS: dict[str, object] = {
    "scope": "read write",
    "roles": ["admin", "clerk"],
    "nested": [["a", "b"]],
    "torn": ["read write", "admin"],
    "gap": ["", "admin"],
    "level": 7,
    "vip": True,
    "lost": False,
    "share": 0.5,
    "nothing": None,
    "empty": "",
    "address": {"city": "Linz"},
    "line": "a\r\nX-Role: admin",
    "blank": " a",
    "half": "\ud800",
    "name": "Zoë",
    "long": "x" * (LONGEST_VALUE + 1),
    "sub": "somebody else",
    "iss": "another",
}
ADA = Principal("members", "ada", "https://id", CLAIMS, 1e9)
SETS = (PrincipalField(name="X-Member", claim="sub"), PrincipalField(name="X-Level", claim="level"))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", b"ada"),
        ("iss", b"https://id"),
        ("scope", b"read write"),
        ("roles", b"admin clerk"),
        ("level", b"7"),
        ("vip", b"true"),
        ("lost", b"false"),
        ("name", "Zoë".encode()),
    ],
)
def test_a_claim_is_written_as_the_token_has_it(claim: str, value: bytes) -> None:
    """Text in UTF-8, numbers and truths by name, a list with blanks; subject and issuer are the verified ones."""
    assert written(ADA, claim) == value


@pytest.mark.parametrize(
    "claim",
    ["torn", "gap", "nested", "share", "nothing", "empty", "address", "line", "blank", "half", "long", "absent"],
)
def test_what_a_field_cannot_hold_is_left_out(claim: str) -> None:
    """Nothing ends its line, loses its blanks, or reads as more members than there are."""
    assert written(ADA, claim) is None


def test_a_principal_becomes_field_lines() -> None:
    """In the order of the file, by the names as written; what has no value has no line."""
    absent = PrincipalField(name="X-Absent", claim="absent")

    assert lines_of((*SETS, absent), ADA) == [b"X-Member: ada", b"X-Level: 7"]


def test_names_are_owned_without_their_marks() -> None:
    """Which is how requests are asked for them."""
    assert PrincipalPolicy(sets=SETS).owned == {b"xmember", b"xlevel"}
    assert PrincipalPolicy().owned == frozenset()


def test_the_policy_of_a_route_is_that_of_a_step() -> None:
    """It reads no field and never answers."""
    policy: StepPolicy = RoutePrincipal(sets=SETS)

    assert (policy.key, policy.fields, policy.answers, policy.is_remembered) == ("principal", frozenset(), (), True)
