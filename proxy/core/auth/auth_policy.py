"""Who may call: policies by which tokens are checked, and what a route asks of the callers that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.refusal import Refusal

LEEWAY = 30.0
"""Seconds by which clocks may differ."""


@dataclass(frozen=True, slots=True)
class ClaimIs:
    """The claim is one of these values, or holds one; none: it is there. As text: `true`, `7`."""

    name: str
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy:
    """Signed tokens of one issuer. `source` is its key set: a URL, or a file whose content the table holds.

    `typ` in lower case, without `application/`; empty: any that an access token may have. `leeway` in seconds.
    """

    name: str
    issuer: str
    audience: frozenset[str]
    algorithms: frozenset[Algorithm]
    source: str
    leeway: float = LEEWAY
    typ: str = ""
    scopes: frozenset[str] = frozenset()
    claims: tuple[ClaimIs, ...] = ()
    subject: str = "sub"
    forward_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAuth:
    """The policy of a step: the names of the policies that a route takes, in order, and what it asks beside them.

    Not `enforce`: refusals are counted, and the request goes on as it came.
    """

    policies: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    claims: tuple[ClaimIs, ...] = ()
    enforce: bool = True
    forward_token: bool = False
    key: ClassVar[str] = "auth"
    fields: ClassVar[frozenset[bytes]] = frozenset({b"authorization"})
    answers: ClassVar[tuple[str, ...]] = tuple(refusal.value for refusal in Refusal)
    is_remembered: ClassVar[bool] = True
