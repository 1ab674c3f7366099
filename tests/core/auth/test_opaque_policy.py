from __future__ import annotations

from proxy.core.auth.opaque_policy import KEEP, Introspection, OpaquePolicy, SecretPlace
from proxy.core.secret import Secret


def test_a_policy_shows_no_secret() -> None:
    """Whoever prints it sees where tokens are asked for, and as which client."""
    place = SecretPlace(text=Secret("hush"))
    policy = OpaquePolicy(name="p", introspection=Introspection(url="https://id/i", client="banyan", secret=place))

    assert "hush" not in repr(policy)
    assert "https://id/i" in repr(policy)
    assert policy.introspection.keep == KEEP
