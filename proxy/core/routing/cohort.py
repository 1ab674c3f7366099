"""Where a request's cohort key comes from: the first source of the list that is present wins.

Rule 1: spellings that mean the same are one key: a part of the path as RFC 3986 section 6.2.2 writes it, a parameter
        as a form reads it. Of fields and cookies only blanks around them go: what else differs there is another tenant.
Rule 2: the kind of source is part of the key, so that tenant `7` and session `7` are drawn apart.
Rule 3: an anonymous cohort is what the edge found in, or is about to set as, Banyan's own cookie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from proxy.core.auth.token_claims import texts_of
from proxy.core.http.request import RequestHead
from proxy.core.http.target import one_spelling
from proxy.core.routing.predicate import query_values


class SourceKind(StrEnum):
    """What part of a request names the cohort."""

    HEADER = "header"
    COOKIE = "cookie"
    QUERY = "query"
    PATH = "path"
    JWT = "jwt"
    CLIENT_IP = "client_ip"
    ANONYMOUS = "anonymous"


class SourceFacts(NamedTuple):
    """`named`: written with a name behind a colon; `always`: every request has it; `note`: for who reads the forms."""

    named: bool
    always: bool = False
    note: str = ""


FACTS: Mapping[SourceKind, SourceFacts] = {
    SourceKind.HEADER: SourceFacts(named=True),
    SourceKind.COOKIE: SourceFacts(named=True),
    SourceKind.QUERY: SourceFacts(named=True),
    SourceKind.PATH: SourceFacts(named=True),
    SourceKind.JWT: SourceFacts(named=True, note="a claim of a verified token"),
    SourceKind.CLIENT_IP: SourceFacts(named=False, always=True, note="default"),
    SourceKind.ANONYMOUS: SourceFacts(named=False, always=True, note="a cookie of Banyan's own"),
}
"""All that the reader of routes.yaml, its JSON Schema and its messages know of the kinds."""
FLOWS = (SourceKind.QUERY, SourceKind.COOKIE, SourceKind.HEADER, SourceKind.PATH)
"""Those that can belong to one flow and not to a client, the usual ones first."""
_HEADER = SourceKind.HEADER


@dataclass(frozen=True, slots=True)
class CohortSource:
    """One source; `name` as written (lower case for headers), `position` the path segment for `path:NAME`."""

    kind: SourceKind
    name: str = ""
    position: int = -1
    prefix: bytes = field(init=False, repr=False, compare=False)
    wanted: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Encode once what every request would encode again."""
        object.__setattr__(self, "prefix", self.kind.encode("ascii") + b":")
        object.__setattr__(self, "wanted", self.name.encode("utf-8"))

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields it reads."""
        match self.kind:
            case SourceKind.HEADER:
                return frozenset({self.name.lower().encode("latin-1")})
            case SourceKind.COOKIE | SourceKind.ANONYMOUS:
                return frozenset({b"cookie"})
            case _:
                return frozenset()

    def key(self, head: RequestHead, client_ip: bytes) -> bytes | None:
        """The key's bytes, or None when the request has none from this source."""
        if self.kind is _HEADER:
            return head.first(self.wanted) or None
        match self.kind:
            case SourceKind.COOKIE:
                return _cookie(head, self.wanted)
            case SourceKind.QUERY:
                values = query_values(head.query, self.name)
                return values[0].encode("utf-8", "surrogateescape") if values and values[0] else None
            case SourceKind.PATH:
                segments = head.path.split(b"/")
                return one_spelling(segments[self.position]) or None if self.position < len(segments) else None
            case SourceKind.JWT:
                return _claim(head, self.name)
            case SourceKind.ANONYMOUS:
                return None if head.visit is None else head.visit.anonymous or None
            case _:
                return client_ip


CLIENT_IP: Final = CohortSource(SourceKind.CLIENT_IP)


def cohort_of(sources: tuple[CohortSource, ...], head: RequestHead, client_ip: bytes) -> tuple[CohortSource, bytes]:
    """The winning source and its key; where none is present the client's address is the cohort."""
    return present_cohort(sources, head, client_ip) or (CLIENT_IP, client_ip)


def present_cohort(
    sources: tuple[CohortSource, ...], head: RequestHead, client_ip: bytes
) -> tuple[CohortSource, bytes] | None:
    """The same, None where no source is present."""
    for source in sources:
        if source.kind is _HEADER:
            values = head.fields.get(source.wanted)
            key = values[0] if values else None
        else:
            key = source.key(head, client_ip)
        if key:
            return source, key
    return None


def _claim(head: RequestHead, name: str) -> bytes | None:
    """A claim that is one text, number, or true or false."""
    texts = () if head.claims is None else texts_of(head.claims.get(name))
    return texts[0].encode("utf-8", "surrogateescape") if len(texts) == 1 else None


def _cookie(head: RequestHead, name: bytes) -> bytes | None:
    """The first cookie of that name over all `Cookie` fields (RFC 6265 section 4.2.1)."""
    for line in head.fields.get(b"cookie", ()):
        for pair in line.split(b";"):
            key, _, value = pair.strip(b" \t").partition(b"=")
            if key == name and value:
                return value
    return None
