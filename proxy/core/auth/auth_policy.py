"""Who may call: policies by which tokens are checked, and what a route asks of the callers that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.refusal import Refusal
from proxy.core.secret import HIDDEN

LEEWAY = 30.0
"""Seconds by which clocks may differ."""


@dataclass(frozen=True, slots=True)
class ClaimIs:
    """The claim is one of these values, or holds one; none: it is there. As text: `true`, `7`."""

    name: str
    values: frozenset[str] = frozenset()


def without_secrets(url: str) -> str:
    """A URL as people may see it: `…` for a user with a password, and for a query, which may hold a key."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        return url
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    path, mark, _ = path.partition("?")
    return f"{scheme}://{HIDDEN if user or at else ''}{at}{host}{slash}{path}{mark}{HIDDEN if mark else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy:
    """Signed tokens of one issuer. `source` is its key set: a URL, or a file whose content the table holds.

    `typ` in lower case, without `application/`; empty: any that an access token may have. `leeway` in seconds.
    `source` may hold a password: people are shown `shown`.
    """

    name: str
    issuer: str
    audience: frozenset[str]
    algorithms: frozenset[Algorithm]
    source: str = field(repr=False)
    leeway: float = LEEWAY
    typ: str = ""
    scopes: frozenset[str] = frozenset()
    claims: tuple[ClaimIs, ...] = ()
    subject: str = "sub"
    forward_token: bool = False
    shown: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """`shown` is made of the source."""
        object.__setattr__(self, "shown", without_secrets(self.source))


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
