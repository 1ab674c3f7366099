"""`deprecated:` of a route: what its answers say of its end (`Deprecation`, RFC 9745; `Sunset`, RFC 8594).

Rule 1: what an upstream says itself is not said twice: its own word goes to the client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from proxy.core.translation.calendar_day import day_of

_LINK: Final = b"link"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeprecationPolicy:
    """The policy of a step. `since` and `sunset` in unix seconds; `link` leads to what people should read."""

    since: float
    sunset: float | None = None
    link: str = ""
    key: ClassVar[str] = "deprecated"
    fields: ClassVar[frozenset[bytes]] = frozenset()
    answers: ClassVar[tuple[str, ...]] = ()
    is_remembered: ClassVar[bool] = True

    @property
    def lines(self) -> tuple[bytes, ...]:
        """The header fields."""
        found = [f"Deprecation: @{int(self.since)}"]
        if self.sunset is not None:
            found.append(f"Sunset: {_http_date(self.sunset)}")
        if self.link:
            found.append(f'Link: <{self.link}>; rel="deprecation"; type="text/html"')
            if self.sunset is not None:
                found.append(f'Link: <{self.link}>; rel="sunset"; type="text/html"')
        return tuple(line.encode("ascii") for line in found)


def _http_date(at: float) -> str:
    """RFC 9110 section 5.6.7, in any locale."""
    number, second = divmod(int(at), 86_400)
    day, clock = day_of(number), f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{_DAYS[(number + 3) % 7]}, {day.day:02} {_MONTHS[day.month - 1]} {day.year:04} {clock} GMT"


def added(lines: list[bytes], more: tuple[bytes, ...]) -> list[bytes]:
    """Those of an answer, with these (rule 1); a link stands beside the others."""
    there = {line.partition(b":")[0].strip().lower() for line in lines}
    return [*lines, *(line for line in more if (name := _name(line)) == _LINK or name not in there)]


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def deprecation_of(policies: tuple[object, ...]) -> DeprecationPolicy | None:
    """The one among a route's policies."""
    return next((each for each in policies if isinstance(each, DeprecationPolicy)), None)
