"""The policy of the step before an upstream with `auth`."""

from __future__ import annotations

from proxy.core.steps.step_policy import StepPolicy
from proxy.core.upstream_auth.upstream_auth_policy import UpstreamAuthPolicy


def test_it_is_a_policy_of_a_step() -> None:
    """It reads Authorization alone, and answers for one reason."""
    policy: StepPolicy = UpstreamAuthPolicy(max_body=3)
    assert isinstance(policy, StepPolicy)
    assert (policy.key, policy.fields, policy.answers) == (
        "upstreams.auth",
        frozenset({b"authorization"}),
        ("no_upstream_token",),
    )
    assert policy.is_remembered
