from __future__ import annotations

from ipaddress import ip_network

import pytest

from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, KeyPlace

POLICY = GrantPolicy(
    name="aggregator",
    upstream="aggregator",
    systems=(
        GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8"))),
        GrantSystem(name="new", certificate="new.internal"),
    ),
    hash_key=KeyPlace(file="h"),
    data_keys=(KeyPlace(file="k"),),
)


@pytest.mark.parametrize(
    ("address", "certificate", "expected"),
    [
        ("10.1.2.3", "", "legacy"),
        ("fd00::1", "", "legacy"),
        ("10.2.0.1", "new.internal", "new"),
        ("", "new.internal", "new"),
        ("10.2.0.1", "", None),
        ("10.2.0.1", "old.internal", None),
        ("", "", None),
    ],
)
def test_a_system_is_known_by_its_network_or_its_certificate(
    address: str, certificate: str, expected: str | None
) -> None:
    """Whoever fits neither is a stranger, and an empty name of a certificate fits nobody."""
    found = POLICY.system_of(address, certificate)
    assert (None if found is None else found.name) == expected
