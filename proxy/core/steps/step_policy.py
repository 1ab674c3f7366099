"""What a block of routes.yaml says of a step before a route's requests, as all read it but the step itself.

Rule 1: a route has at most one policy of each class; `proxy/edge/steps/route_steps.py` names the step of each.
Rule 2: a policy is a frozen dataclass: `plan` tells its fields, and it travels to workers by them.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class StepPolicy(Protocol):
    """`key` is where it stands on a route of routes.yaml, as in `limits.rate`."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that its step reads."""

    @property
    def answers(self) -> tuple[str, ...]:
        """The reasons for which its step answers itself, of those that are counted by name (`LocalAnswer.counted`)."""
