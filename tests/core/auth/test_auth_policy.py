from __future__ import annotations

from proxy.core.auth.auth_policy import RouteAuth
from proxy.core.auth.refusal import Refusal


def test_a_route_s_step_reads_one_field() -> None:
    """And answers for every reason that there is."""
    auth = RouteAuth(policies=("members",))
    assert (auth.key, auth.fields, auth.is_remembered) == ("auth", frozenset({b"authorization"}), True)
    assert set(auth.answers) == {each.value for each in Refusal}
