"""Readers of what bounds and openings are written as: rates, memory, points of leniency."""

from __future__ import annotations

import re
from collections.abc import Iterable

from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.units import read_size, with_unit
from proxy.core.http.leniency import OF_REQUESTS, OF_RESPONSES, Leniency
from proxy.core.routing.route import RateLimit
from proxy.core.routing.snapshot import AUTO

_RATE = re.compile(r"([1-9][0-9]{0,8}) ?/ ?(s|m|h)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_PER_SECOND = re.compile(r"(.+?) ?/ ?s")


def read_rate(value: object) -> RateLimit:
    """`100/s`, `600/m` or `1000/h`: so many at once, and as many again over the unit."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a rate such as 100/s, 600/m or 1000/h", cure=with_unit(value, "/s"))
    return RateLimit(requests=int(found[1]), seconds=_UNITS[found[2]])


def read_byte_rate(value: object) -> int:
    """`240B/s` as bytes per second; `0B/s` is no bound."""
    found = _PER_SECOND.fullmatch(value) if isinstance(value, str) else None
    if found is not None and found[1] == "0B":
        return 0
    try:
        return read_size(found[1] if found is not None else None)
    except ValueError:
        cure = with_unit(value, "B/s")
        raise fault("must be a size per second such as 240B/s, or 0B/s for no bound", cure=cure) from None


def read_memory(value: object) -> int:
    """A size, 0 for `off`, or `AUTO`."""
    if isinstance(value, str) and value in ("auto", "off"):
        return AUTO if value == "auto" else 0
    try:
        return read_size(value)
    except ValueError:
        cure = "in quotes, since off alone is false to some readers of YAML" if value is False else ""
        raise fault('must be a size such as 512MiB, auto, or "off"', cure=cure) from None


class Point:
    """Reads one point of leniency out of those that stand here; one that stands elsewhere is told so."""

    def __init__(self, known: Iterable[Leniency], elsewhere: str) -> None:
        """The points, and where the others stand."""
        self._known = {each.value: each for each in known}
        self._elsewhere = elsewhere

    def __call__(self, value: object) -> Leniency:
        """The point."""
        found = self._known.get(value) if isinstance(value, str) else None
        if found is not None:
            return found
        if isinstance(value, str) and value in Leniency.__members__.values():
            raise fault(f"must be one of {', '.join(self._known)}", cure=f"{value} is {self._elsewhere}")
        raise one_of(value, self._known)


read_request_point = Point(OF_REQUESTS, "for the responses of an upstream: put it there")
read_response_point = Point(OF_RESPONSES, "for requests: put it on a route, or at the top")
