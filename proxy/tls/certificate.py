"""When a certificate holds and for which names, read from its DER form (X.690, RFC 5280 section 4.1).

Only what an operator has to be told is read; whether a chain is to be trusted is the TLS library's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

_SEQUENCE, _UTC_TIME, _TIME = 0x30, 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS, _IP = 0x82, 0x87
_ALTERNATIVE_NAMES = bytes.fromhex("0603551d11")
_OCTETS = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Times in unix seconds; `names` in lower case: hosts (one may begin with `*.`) and addresses."""

    begins: float
    ends: float
    names: tuple[str, ...]

    def fits(self, host: str) -> bool:
        """Whether `host` (lower case) is one of its names; `*` stands for one label (RFC 9525 section 6.3)."""
        return any(fits(name, host) for name in self.names)


def fits(name: str, host: str) -> bool:
    """Whether a name, which may begin with `*.`, means this host."""
    return name == host or (name.startswith("*.") and name[1:] == host[host.find(".") :] and not host.startswith("."))


def read_certificate(der: bytes) -> Certificate:
    """The certificate in these bytes; ValueError when there is none."""
    try:
        fields = [field for field in _within(_first(_first(der))) if field[0] != _VERSION]
        begins, ends = (_moment(kind, value) for kind, value in _within(fields[3][1]))
        names = [name for kind, value in fields[6:] if kind == _EXTENSIONS for name in _names(_first(value))]
        return Certificate(begins=begins, ends=ends, names=tuple(names))
    except (IndexError, UnicodeDecodeError) as error:
        message = "is not a certificate"
        raise ValueError(message) from error


def _names(extensions: bytes) -> Iterator[str]:
    """The alternative names among the extensions."""
    for _, extension in _within(extensions):
        if extension.startswith(_ALTERNATIVE_NAMES):
            value = next(inner for kind, inner in _within(extension) if kind == _OCTETS)
            for kind, name in _within(_first(value)):
                if kind == _DNS:
                    yield name.decode("ascii").lower()
                elif kind == _IP:
                    yield str(ip_address(name))


def _moment(kind: int, value: bytes) -> float:
    """UTCTime has two digits for the year, of which 50 to 99 are the last century's (RFC 5280 section 4.1.2.5.1)."""
    text = value.decode("ascii")
    if kind == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif kind != _TIME:
        message = "holds no time where it should"
        raise ValueError(message)
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _first(data: bytes) -> bytes:
    """The content of the first element; IndexError when it is cut off."""
    return next(_within(data))[1]


def _within(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each element; IndexError when one is cut off."""
    at = 0
    while at < len(data) or not data:
        kind, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size])
            at += size
        if at + length > len(data):
            message = "cut off"
            raise IndexError(message)
        yield kind, data[at : at + length]
        at += length
