"""Who calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as a policy has verified it. `claims` are as in the token's payload, or in the introspection's answer.

    `policy` is the name of that policy; `expires` in unix seconds.
    """

    policy: str
    subject: str
    issuer: str
    claims: Mapping[str, object]
    expires: float
