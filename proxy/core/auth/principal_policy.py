"""What upstreams are told of the principal: by which fields (`principal:`).

Rule 1: the fields are Banyan's alone: the client's are dropped as `proxy/core/http/headers.py` says, on every route,
        and a request without a principal, or without the claim, has none.
Rule 2: a value is written as the claim has it or not at all: what a field cannot hold, or what would read as more
        values than there are, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from proxy.core.auth.member_lookup import MemberLookup
from proxy.core.auth.principal import Principal
from proxy.core.auth.principal_value import writable
from proxy.core.auth.signed_principal import SignedPrincipal
from proxy.core.http.headers import Owned, spelled

_SUBJECT, _ISSUER = "sub", "iss"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalField:
    """The field `name`, as it is written, has the value of `claim`."""

    name: str
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalPolicy:
    """The block at the top. `signed` None: no token is made; `lookup` None: nobody is asked for a number.

    `owned` are the names that no client can send.
    """

    sets: tuple[PrincipalField, ...] = ()
    signed: SignedPrincipal | None = None
    lookup: MemberLookup | None = None
    owned: Owned = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Asked for with each body, so it is worked out once."""
        others = [each.name for each in (self.signed, self.lookup) if each is not None]
        names = [*[each.name for each in self.sets], *others]
        object.__setattr__(self, "owned", frozenset(spelled(name.encode("ascii")) for name in names))


NOBODY_TOLD: Final = PrincipalPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePrincipal:
    """The policy of a route's step: what it `sets`, and the fields that will have the signed token, and the number of
    the caller that is asked for; empty: none.
    """

    sets: tuple[PrincipalField, ...] = ()
    signed: str = ""
    looked_up: str = ""
    key: ClassVar[str] = "principal"
    answers: ClassVar[tuple[str, ...]] = ()
    is_remembered: ClassVar[bool] = True

    @property
    def fields(self) -> frozenset[bytes]:
        """It reads none."""
        return frozenset()


def lines_of(sets: tuple[PrincipalField, ...], principal: Principal) -> list[bytes]:
    """The field lines that say who calls."""
    said = [(each.name.encode("ascii"), value_of(principal, each.claim)) for each in sets]
    return [b"%b: %b" % (name, value) for name, value in said if value is not None]


def value_of(principal: Principal, claim: str) -> bytes | None:
    """A claim as a field's value, in UTF-8; None by rule 2. A list is its members with a blank between them."""
    return writable(_text_of(_claim(principal, claim))) or None


def _claim(principal: Principal, claim: str) -> object:
    if claim == _SUBJECT:
        return principal.subject
    return principal.issuer if claim == _ISSUER else principal.claims.get(claim)


def _text_of(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case list() | tuple():
            return _joined([_text_of(each) for each in value])
        case _:
            return ""


def _joined(members: list[str]) -> str:
    """Empty where one of them would read as two, or as none."""
    return "" if any(not each or " " in each for each in members) else " ".join(members)
