from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.auth_policy import JwtPolicy, RouteAuth, without_secrets
from proxy.core.auth.key_set_state import KeySetSource
from proxy.core.auth.refusal import Refusal


def test_a_route_s_step_reads_one_field() -> None:
    """And answers for every reason that there is."""
    auth = RouteAuth(policies=("members",))
    assert (auth.key, auth.fields, auth.is_remembered) == ("auth", frozenset({b"authorization"}), True)
    assert set(auth.answers) == {each.value for each in Refusal}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://id.test/jwks", "https://id.test/jwks"),
        ("https://ann:hush@id.test:8443/jwks", "https://…@id.test:8443/jwks"),
        ("https://hush@id.test", "https://…@id.test"),
        ("https://id.test/jwks?key=hush", "https://id.test/jwks?…"),
        ("https://a:h/ush@id.test/jwks", "https://a:h/ush@id.test/jwks"),
        ("file:jwks.json", "file:jwks.json"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    """A user's name may be a token, and so may a query; what is no user's is left (RFC 3986 section 3.2)."""
    assert without_secrets(url) == shown


def test_a_policy_prints_no_password() -> None:
    """Nor does its source; both are equal by the whole of it."""
    policy = JwtPolicy(
        name="members",
        issuer="https://id.test",
        audience=frozenset({"crm"}),
        algorithms=frozenset({Algorithm.ES256}),
        source="https://ann:hush@id.test/jwks",
    )
    other = replace(policy, source="https://ann:other@id.test/jwks")

    assert "hush" not in f"{policy!r} {policy} {KeySetSource(policy.source)!r}"
    assert "https://…@id.test/jwks" in repr(policy)
    assert policy != other
    assert KeySetSource(policy.source).mark not in {KeySetSource(other.source).mark, policy.source}
    assert (policy.source, policy.shown) == ("https://ann:hush@id.test/jwks", other.shown)
