"""The policy of a route with keys."""

from __future__ import annotations

from proxy.core.idempotency.key_policy import KeyPolicy
from proxy.core.steps.step_policy import StepPolicy


def test_it_is_the_policy_of_a_step() -> None:
    """It says which fields are read, and every reason for which Banyan answers."""
    policy = KeyPolicy(required=True)

    assert isinstance(policy, StepPolicy)
    assert policy.key == "idempotency"
    assert b"idempotency-key" in policy.fields
    assert set(policy.answers) >= {"missing", "malformed", "running", "replayed", "unknown"}
