from __future__ import annotations

from dataclasses import replace
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


def test_old_tokens_are_served_to_whom_they_still_belong() -> None:
    """Until a system's date; to the heir alone where there is one."""
    ending = replace(POLICY, systems=(replace(POLICY.systems[0], until=10.0), POLICY.systems[1]))

    assert ending.holders(9.0) == ("legacy", "new")
    assert ending.holders(10.0) == ("new",)
    assert replace(ending, heir="legacy").holders(10.0) == ("legacy",)
