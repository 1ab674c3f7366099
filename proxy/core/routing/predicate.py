"""Yes/no questions about a request head; a route's predicates are and-ed.

Rule 1: a predicate is pure, cheap and total: a field that is absent is an answer, not an error.
Rule 2: `fields` names the header fields a predicate reads (lower case), so that only those are ever collected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_plus

from proxy.core.auth.auth_policy import ClaimIs
from proxy.core.auth.token_claims import fits
from proxy.core.http.request import RequestHead

_ONE_HOST = 1000
"""More labels than a name can have (RFC 1035 section 2.3.4)."""


class Predicate(Protocol):
    """The extension point: `matches` answers, `fields` says what it reads, `overlaps` whether both can hold."""

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields it reads."""

    def matches(self, head: RequestHead) -> bool:
        """Whether the request fits."""

    def overlaps(self, other: Predicate) -> bool:
        """Whether one request could fit both; True when in doubt."""


@dataclass(frozen=True, slots=True)
class HostIs:
    """`host: api.example.com`, or `*.example.com` for any name below it; names in lower case, without a port."""

    pattern: str

    @property
    def fields(self) -> frozenset[bytes]:
        """None: the host is in every head."""
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        """Compare the host without port and trailing dot."""
        return self.covers(head.host)

    def overlaps(self, other: Predicate) -> bool:
        """Two exact names differ or are one; a wildcard overlaps what it covers."""
        if not isinstance(other, HostIs):
            return True
        return self.covers(other.pattern) or other.covers(self.pattern)

    @property
    def exact(self) -> bool:
        """Whether it names one host."""
        return not self.pattern.startswith("*.")

    @property
    def exactness(self) -> int:
        """Greater wins: one host over any wildcard, a longer wildcard over a shorter one."""
        return _ONE_HOST if self.exact else self.pattern.count(".")

    def covers(self, host: str) -> bool:
        """Whether it takes a host, or every host that a wildcard takes."""
        return host == self.pattern if self.exact else host.endswith(self.pattern[1:])


@dataclass(frozen=True, slots=True)
class HeaderIs:
    """`headers: {X-Client: app}`: some value of the field is one of `values`; no values means that it is present."""

    name: bytes
    values: frozenset[bytes]

    @property
    def fields(self) -> frozenset[bytes]:
        """The one field."""
        return frozenset({self.name})

    def matches(self, head: RequestHead) -> bool:
        """Compare whole values, byte for byte."""
        sent = head.fields.get(self.name)
        return sent is not None and (not self.values or not self.values.isdisjoint(sent))

    def overlaps(self, other: Predicate) -> bool:
        """Different values of one field are taken as disjoint: clients send it once."""
        if not isinstance(other, HeaderIs) or other.name != self.name:
            return not (isinstance(other, HeaderAbsent) and other.name == self.name)
        return not self.values or not other.values or bool(self.values & other.values)


@dataclass(frozen=True, slots=True)
class HeaderAbsent:
    """`headers: {X-Client: false}`: the field is not sent."""

    name: bytes

    @property
    def fields(self) -> frozenset[bytes]:
        """The one field."""
        return frozenset({self.name})

    def matches(self, head: RequestHead) -> bool:
        """Whether the field is missing."""
        return self.name not in head.fields

    def overlaps(self, other: Predicate) -> bool:
        """It excludes every predicate that wants the field."""
        return not (isinstance(other, HeaderIs) and other.name == self.name)


@dataclass(frozen=True, slots=True)
class QueryIs:
    """`query: {version: "2"}`: some value of the parameter is one of `values`; no values means that it is present."""

    name: str
    values: frozenset[str]

    @property
    def fields(self) -> frozenset[bytes]:
        """None: the query is part of the target."""
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        """Compare decoded values, as a form would be read."""
        sent = query_values(head.query, self.name)
        return bool(sent) and (not self.values or not self.values.isdisjoint(sent))

    def overlaps(self, other: Predicate) -> bool:
        """Different values of one parameter are taken as disjoint."""
        if isinstance(other, QueryAbsent):
            return other.name != self.name
        if not isinstance(other, QueryIs) or other.name != self.name:
            return True
        return not self.values or not other.values or bool(self.values & other.values)


@dataclass(frozen=True, slots=True)
class QueryAbsent:
    """`query: {version: false}`: the parameter is not sent."""

    name: str

    @property
    def fields(self) -> frozenset[bytes]:
        """None: the query is part of the target."""
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        """Whether the parameter is missing."""
        return not query_values(head.query, self.name)

    def overlaps(self, other: Predicate) -> bool:
        """It excludes every predicate that wants the parameter."""
        return not (isinstance(other, QueryIs) and other.name == self.name)


@dataclass(frozen=True, slots=True)
class ClaimHolds:
    """`jwt: {tenant: acme}`: a verified token says so; without one it does not hold."""

    claim: ClaimIs

    @property
    def fields(self) -> frozenset[bytes]:
        """None: whoever verifies the token reads its field."""
        return frozenset()

    def matches(self, head: RequestHead) -> bool:
        """Compare values as routes.yaml writes them."""
        claims = head.claims
        return claims is not None and fits(claims, self.claim)

    def overlaps(self, other: Predicate) -> bool:
        """Different values of one claim are taken as disjoint, though a list may hold both."""
        if not isinstance(other, ClaimHolds) or other.claim.name != self.claim.name:
            return True
        return not self.claim.values or not other.claim.values or bool(self.claim.values & other.claim.values)


def query_values(query: bytes, name: str) -> list[str]:
    """All values of one query parameter, decoded as `application/x-www-form-urlencoded`."""
    found: list[str] = []
    for pair in query.split(b"&"):
        key, _, value = pair.partition(b"=")
        if unquote_plus(key.decode("latin-1"), "utf-8", "surrogateescape") == name:
            found.append(unquote_plus(value.decode("latin-1"), "utf-8", "surrogateescape"))
    return found
