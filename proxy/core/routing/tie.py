"""What ties requests of a route to a side, beside the draw: pins, flows that stay, reads that follow writes.

Rule 1: a flow is known by a value that its requests carry: a parameter, a cookie, a field, a part of the path. It
        begins on the side that answers the first request with that value, or that issues the value, and stays there.
Rule 2: of an answer its head is read: `Set-Cookie`, fields, and the parameters of URLs in `Location`,
        `Content-Location` and `Link`. Bodies are not.
Rule 3: reads follow writes: what a cohort reads shortly after it wrote comes from the side that took the write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import query_values
from proxy.core.secret import NO_BYTES, Secret

_URLS = (b"location", b"content-location", b"link")
_LINKED = re.compile(rb"<([^>]*)>")
_MOST_ISSUED = 8
_MOST_OF_A_VALUE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """Banyan's own. `key` empty: that of the state directory; `side` empty: none is set; `days`: the cohort's age."""

    key: Secret[bytes] = NO_BYTES
    cohort: str = "banyan_cohort"
    side: str = ""
    days: int = 180


PLAIN_COOKIES = Cookies()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Of one route. `affinity` and `stay_for` in seconds, 0 is none; `stay`: flows' values; `pins` by cohort key."""

    affinity: float = 0.0
    stay: tuple[CohortSource, ...] = ()
    stay_for: float = 600.0
    pins: tuple[tuple[bytes, Side], ...] = ()

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that it reads."""
        return frozenset[bytes]().union(*(source.fields for source in self.stay))


def text_of(source: CohortSource) -> bytes:
    """`query:state`: what a value is a value of, whatever route it stands on."""
    return source.prefix + source.wanted


def issued(stay: tuple[CohortSource, ...], lines: Iterable[bytes]) -> list[tuple[CohortSource, bytes]]:
    """The values of flows that an answer's field lines hold; the first few, and none that is empty or huge."""
    found: list[tuple[CohortSource, bytes]] = []
    for line in lines:
        name, _, value = line.partition(b":")
        lower = name.lower()
        for source in stay:
            found += [(source, each) for each in _values(source, lower, value) if 0 < len(each) <= _MOST_OF_A_VALUE]
        if len(found) >= _MOST_ISSUED:
            break
    return found[:_MOST_ISSUED]


def _values(source: CohortSource, name: bytes, value: bytes) -> Iterator[bytes]:
    match source.kind:
        case SourceKind.COOKIE if name == b"set-cookie":
            key, _, rest = value.partition(b";")[0].strip(b" \t").partition(b"=")
            if key.strip(b" \t") == source.wanted:
                yield rest.strip(b" \t")
        case SourceKind.HEADER if name == source.wanted:
            yield value.strip(b" \t")
        case SourceKind.QUERY if name in _URLS:
            for url in _LINKED.findall(value) if name == b"link" else [value]:
                query = url.partition(b"#")[0].partition(b"?")[2].strip(b" \t")
                yield from (
                    parameter.encode("utf-8", "surrogateescape") for parameter in query_values(query, source.name)
                )
        case _:
            pass
