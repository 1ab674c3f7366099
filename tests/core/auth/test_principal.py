from __future__ import annotations

from proxy.core.auth.principal import Principal


def test_a_principal_is_who_a_policy_has_verified() -> None:
    """Two that say the same are one."""
    said = {"policy": "members", "subject": "ada", "issuer": "https://id", "claims": {"sub": "ada"}, "expires": 1.0}
    one, other = Principal(**said), Principal(**said)  # type: ignore[arg-type]  # by name
    assert one == other
    assert (one.subject, one.claims["sub"], one.expires) == ("ada", "ada", 1.0)
