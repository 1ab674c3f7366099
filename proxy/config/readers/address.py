"""Readers of addresses: where to listen, whom to trust, which upstream.

Rule 1: a listening address is a number, so that what it means cannot change with a name server, or a socket's path.
Rule 2: an upstream's url names a system, not a place within it: the client's own target is what is sent there.
Rule 3: a socket's path is absolute, so that it means the same whoever opens it, and no longer than the system takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import BeforeValidator

from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching
from proxy.core.routing.snapshot import Network

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+|localhost)?):(?P<port>[0-9]{1,5})")
_SCHEME = r"(?P<scheme>https?)://"
_PLACE = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?"
_RIGHT_URL = re.compile(_SCHEME + _PLACE, re.IGNORECASE)
_URL = re.compile(rf"{_SCHEME}(?P<user>[^/?#]*@)?{_PLACE}(?P<rest>[/?#].*)?", re.DOTALL | re.IGNORECASE)
"""With what may not stand in one."""
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_NUMERIC = re.compile(r"[0-9.]+")
_SOCKET = "unix:"
_RIGHT_SOCKET = re.compile(rf"{_SOCKET}/.+")
_SOCKET_URL = r"http\+unix://(?P<path>[^?#]*)"
_RIGHT_SOCKET_URL = re.compile(_SOCKET_URL, re.IGNORECASE)
_UNIX_URL = re.compile(rf"{_SOCKET_URL}(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
_MEANS_SOCKET = re.compile(r"/|unix:|[a-z]*\+unix:", re.IGNORECASE)
_WRITE_SOCKET = "a socket is written http+unix:///run/legacy.sock"
_ENCODED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_SLASH = "%2F"
MOST_PATH = 107
"""Bytes: `sun_path` has 108 with the NUL at its end (unix(7))."""


@dataclass(frozen=True, slots=True)
class BindAddress:
    """A host as a number in text form, and a port; port 0 lets the system choose. Or the path of a socket, and 0."""

    host: str
    port: int

    @property
    def is_unix(self) -> bool:
        """Whether it is a socket's path."""
        return self.host.startswith("/")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.is_unix or ip_address(self.host).is_loopback

    def overlaps(self, other: BindAddress) -> bool:
        """Whether both cannot be bound at once; port 0 never collides."""
        if self.port != other.port or not self.port:
            return False
        hosts = {self.host, other.host}
        return len(hosts) == 1 or any(ip_address(host).is_unspecified for host in hosts)


@dataclass(frozen=True, slots=True)
class Url:
    """An upstream's address; `host` in lower case and without brackets, or the path of a socket (port 0)."""

    scheme: str
    host: str
    port: int


def read_listen(value: object) -> BindAddress:
    """`unix:/path`, or as `read_address`."""
    if isinstance(value, str) and value.startswith(_SOCKET):
        return BindAddress(_path(value.removeprefix(_SOCKET)), 0)
    return read_address(value)


def _path(text: str) -> str:
    """Rule 3."""
    if not text.startswith("/") or text.endswith("/") or "\0" in text:
        raise fault("must hold the whole path of a socket, such as /run/banyan.sock")
    length = len(text.encode("utf-8", "surrogateescape"))
    if length > MOST_PATH:
        raise fault(f"holds a path of {length} bytes, and a socket's has at most {MOST_PATH}", got="")
    return text


def read_address(value: object) -> BindAddress:
    """`host:port`, `[::1]:9090` or `:8080`."""
    if isinstance(value, str) and value.startswith(_SOCKET):
        raise fault("must be an address and a port: only listen can be a socket")
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        cure = f"write :{value} for every address of this machine" if isinstance(value, int) else ""
        raise fault('must be an address and a port such as 127.0.0.1:9090, "[::1]:9090" or :8080', cure=cure)
    host = found["six"] or found["four"] or "0.0.0.0"  # noqa: S104 - the operator wrote so
    host = "127.0.0.1" if host == "localhost" else host
    if not _is_ip(host) or int(found["port"]) > 65535:
        raise fault("must be a valid address and a port up to 65535")
    return BindAddress(str(ip_address(host)), int(found["port"]))


def read_network(value: object) -> Network:
    """`10.0.0.0/8` or a single address."""
    if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?", value):
        try:
            return ip_network(value)
        except ValueError:
            raise fault("must be an address or a network such as 10.0.0.0/8", cure=_whole_network(value)) from None
    raise fault("must be an address or a network such as 10.0.0.0/8")


def _whole_network(value: str) -> str:
    try:
        return f"the network of that address is {ip_network(value, strict=False)}"
    except ValueError:
        return ""


def read_url(value: object) -> Url:
    """`http://host[:port]`, `https://host[:port]` or `http+unix:///path`."""
    socket = _UNIX_URL.fullmatch(value) if isinstance(value, str) else None
    if socket is not None:
        return Url("http+unix", _socket_path(socket["path"], socket["rest"]), 0)
    found = _URL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        cure = _WRITE_SOCKET if isinstance(value, str) and _MEANS_SOCKET.match(value) else ""
        raise fault("must be a url such as http://legacy.internal:3000", got=_without_user(value), cure=cure)
    if found["user"]:
        raise fault("must not hold a user or password: they would stand in logs", got="")
    if found["rest"]:
        secret = "" if "?" in found["rest"] else None
        raise fault("must end after host and port: the client's own path and query are sent", got=secret)
    host, scheme = found["host"].strip("[]").lower(), found["scheme"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    numeric = ":" in host or _NUMERIC.fullmatch(host) is not None
    if not (_is_ip(host) if numeric else _NAME.fullmatch(host)) or not 1 <= port <= 65535:
        raise fault("must name a valid host, and a port between 1 and 65535")
    return Url(scheme, host, port)


def _socket_path(written: str, rest: str) -> str:
    """Decoded; `http+unix://%2Frun%2Fapp.sock` means the same, and nothing may stand behind it."""
    if rest:
        raise fault("must end after the socket's path, in which ? is %3F and # is %23")
    if not _ENCODED.fullmatch(written):
        raise fault("must write a % in the socket's path as %25")
    if not written.startswith("/") and "/" in written:
        if not written.upper().startswith(_SLASH):
            raise fault("must have three slashes before the socket's path", cure=f"write http+unix:///{written}")
        raise fault("must end after the socket's path: the client's own path and query are sent")
    try:
        return _path(unquote_to_bytes(written).decode("utf-8"))
    except UnicodeDecodeError:
        raise fault("must hold a path in UTF-8") from None


def _without_user(value: object) -> str | None:
    """Nothing of a text that may hold a password."""
    return "" if isinstance(value, str) and "@" in value else None


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


ListenAddress = Annotated[BindAddress, BeforeValidator(read_listen), matching(_RIGHT_SOCKET, _LISTEN)]
AdminAddress = Annotated[BindAddress, BeforeValidator(read_address), matching(_LISTEN)]
NetworkText = Annotated[Network, BeforeValidator(read_network), TEXT]
UpstreamUrl = Annotated[Url, BeforeValidator(read_url), matching(_RIGHT_URL, _RIGHT_SOCKET_URL)]
