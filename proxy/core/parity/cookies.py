"""Set-Cookie, one line at a time and never joined: what a browser would do with it, not which session it is.

Rule 1: cookies are told apart by name; Path, Domain, Secure, HttpOnly, SameSite, any other attribute and the lifetime
        are compared, values only by their form.
Rule 2: a lifetime is Max-Age, else Expires counted from the answer's Date (RFC 6265 section 4.1.2.2), within a minute.
Rule 3: what is shown of a cookie never holds its value.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.parity.formats.moments import read_http_date
from proxy.core.parity.texts import are_alike, format_of

_MINUTE = 60.0
_DELETED = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """`lifetime` in seconds: None ends with the session, -1 deletes. `attributes` in lower case, but not a path."""

    name: str
    value: str
    attributes: tuple[tuple[str, str], ...]
    lifetime: float | None

    def __str__(self) -> str:
        """The attributes of a cookie, without its value."""
        said = [f"{name}={value}" if value else name for name, value in self.attributes]
        life = [] if self.lifetime is None else ["deleted" if self.lifetime == _DELETED else f"{self.lifetime:.0f} s"]
        return "; ".join([format_of(self.value), *said, *life])


def read_cookie(line: str, date: str) -> Cookie:
    """One line; `date` is the answer's Date, empty if it has none."""
    first, *rest = line.split(";")
    name, _, value = first.partition("=")
    attributes: dict[str, str] = {}
    for part in rest:
        key, _, said = part.partition("=")
        lower = key.strip().lower()
        attributes[lower] = said.strip() if lower == "path" else said.strip().lower()
    life = _lifetime(attributes.pop("max-age", ""), attributes.pop("expires", ""), date)
    if "domain" in attributes:
        attributes["domain"] = attributes["domain"].removeprefix(".")
    kept = tuple(sorted((key, said) for key, said in attributes.items() if key))
    return Cookie(name=name.strip(), value=value.strip().strip('"'), attributes=kept, lifetime=life)


def _lifetime(max_age: str, expires: str, date: str) -> float | None:
    digits = max_age.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return _DELETED if max_age.startswith("-") or not int(digits[:12]) else float(int(digits[:12]))
    end, begin = read_http_date(_as_date(expires)), read_http_date(date)
    if end is None:
        return None
    if begin is None:
        return end.nanoseconds / 1e9
    seconds = (end.nanoseconds - begin.nanoseconds) / 1e9
    return seconds if seconds > 0 else _DELETED


def _as_date(lowered: str) -> str:
    """A date whose letters have become small."""
    return lowered.title().replace("Gmt", "GMT")


def are_equivalent(one: Cookie, other: Cookie) -> bool:
    """Whether a browser would treat both alike."""
    if one.attributes != other.attributes or not are_alike(one.value, other.value):
        return False
    if one.lifetime is None or other.lifetime is None or _DELETED in (one.lifetime, other.lifetime):
        return one.lifetime == other.lifetime
    return abs(one.lifetime - other.lifetime) <= _MINUTE
