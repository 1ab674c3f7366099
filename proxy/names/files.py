"""What this machine says about names: /etc/resolv.conf and /etc/hosts, read again when they have changed.

Rule 1: what a line does not say rightly is left out, as the system's own resolver does (resolv.conf(5), hosts(5)).
Rule 2: without a name server the one of this machine is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Generic, TypeVar

RESOLV_CONF, HOSTS = Path("/etc/resolv.conf"), Path("/etc/hosts")
MOST_SERVERS, MOST_DOMAINS, MOST_NDOTS = 3, 32, 15
MOST_BYTES = 4 * 1024 * 1024
"""Of either file; what stands behind them is not read."""
_LOOPBACK = ("127.0.0.1", "::1")
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """`addresses` as `127.0.0.1`, `127.0.0.1:5353` or `[::1]:5353`; `domains` are tried behind short names."""

    addresses: tuple[str, ...] = ("127.0.0.1",)
    domains: tuple[str, ...] = ()
    ndots: int = 1

    def names_for(self, name: str) -> tuple[str, ...]:
        """What to ask for, in order: with `ndots` dots or more the name itself first, else last."""
        if name.endswith("."):
            return (name.rstrip("."),)
        longer = tuple(f"{name}.{domain}" for domain in self.domains)
        return (name, *longer) if name.count(".") >= self.ndots else (*longer, name)


def read_servers(text: str) -> Servers:
    """Of a resolv.conf: the last `search` or `domain` counts, and the first three servers."""
    addresses: list[str] = []
    domains: tuple[str, ...] = ()
    ndots = 1
    for line in text.splitlines():
        key, *words = line.split() or [""]
        match key, words:
            case "nameserver", [address, *_] if _is_server(address):
                addresses.append(address)
            case "domain" | "search", [*_]:
                domains = tuple(word.rstrip(".").lower() for word in words[:MOST_DOMAINS] if word != ".")
            case "options", [*_]:
                ndots = _ndots(words, ndots)
            case _:
                pass
    addresses = addresses[:MOST_SERVERS]
    return Servers(addresses=tuple(addresses) or Servers().addresses, domains=domains, ndots=ndots)


def read_hosts(text: str) -> Mapping[str, tuple[str, ...]]:
    """Of a hosts file: addresses by name in lower case, each once, in the order of the file."""
    by_name: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if _is_address(address):
            for name in names:
                by_name.setdefault(name.lower(), []).append(address)
    return {name: tuple(dict.fromkeys(addresses)) for name, addresses in by_name.items()}


def _ndots(words: list[str], before: int) -> int:
    values = [word.removeprefix("ndots:") for word in words if word.startswith("ndots:")]
    return min(int(values[-1]), MOST_NDOTS) if values and values[-1].isdecimal() else before


def _is_server(text: str) -> bool:
    """An address, or one with a port."""
    host, colon, port = text.rpartition(":")
    return _is_address(text) or (bool(colon) and port.isdecimal() and _is_address(host.removeprefix("[").rstrip("]")))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class _Watched(Generic[Parsed]):
    """One file, parsed again when its inode, size or time of change differs."""

    def __init__(self, path: Path, parse: Callable[[str], Parsed]) -> None:
        self._path = path
        self._parse = parse
        self._seen: tuple[int, ...] | None = None
        self._value: Parsed | None = None

    def value(self) -> Parsed:
        seen = self._look()
        if self._value is None or seen != self._seen:
            self._seen, self._value = seen, self._parse(self._text())
        return self._value

    def _look(self) -> tuple[int, ...]:
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _text(self) -> str:
        """Empty where there is no file: then no line counts."""
        try:
            with self._path.open("rb") as file:
                return file.read(MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""


class Files:
    """Both files as they are now; each is read when it is asked for."""

    def __init__(self, resolv_conf: Path = RESOLV_CONF, hosts: Path = HOSTS) -> None:
        self.resolv_conf, self.hosts = resolv_conf, hosts
        self._servers = _Watched(resolv_conf, read_servers)
        self._hosts = _Watched(hosts, read_hosts)

    @property
    def servers(self) -> Servers:
        """The name servers and search list of resolv.conf."""
        return self._servers.value()

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """Addresses that need no name server; `localhost`, and names below it, always have some (RFC 6761)."""
        plain = name.rstrip(".").lower()
        addresses = self._hosts.value().get(plain)
        if addresses is None and (plain == "localhost" or plain.endswith(".localhost")):
            return _LOOPBACK
        return addresses or ()
