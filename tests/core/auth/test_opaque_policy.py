from __future__ import annotations

from proxy.core.auth.opaque_policy import KEEP, Introspection, OpaquePolicy, SecretPlace
from proxy.core.secret import Secret


def test_a_policy_shows_no_secret() -> None:
    """In no text about it; two with other secrets are not the same."""
    place = SecretPlace(text=Secret("hidden"))
    policy = OpaquePolicy(name="partners", introspection=Introspection(url="https://a/b", client="c", secret=place))

    assert "hidden" not in repr(policy)
    assert policy.introspection.keep == KEEP
    assert place != SecretPlace(text=Secret("other"))
