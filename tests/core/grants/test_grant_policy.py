from __future__ import annotations

from ipaddress import ip_network

import pytest

from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, KeyPlace

POLICY = GrantPolicy(
    name="aggregator",
    upstream="aggregator",
    systems=(
        GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8"))),
        GrantSystem(name="new", networks=(ip_network("10.2.0.0/16"),)),
    ),
    hash_key=KeyPlace(file="h"),
    data_keys=(KeyPlace(file="k"),),
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.1.2.3", "legacy"), ("fd00::1", "legacy"), ("10.2.0.1", "new"), ("10.3.0.1", None), ("", None)],
)
def test_a_system_is_known_by_its_network(address: str, expected: str | None) -> None:
    """Whoever fits none is a stranger."""
    found = POLICY.system_of(address)
    assert (None if found is None else found.name) == expected
