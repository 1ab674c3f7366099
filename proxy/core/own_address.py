"""Whether an address is one's own: what connects to it ends at a socket of this very process.

Rule 1: ports are the same; a socket bound to port 0 is not known yet and is nobody's.
Rule 2: the unspecified address stands for every address of this machine where one listens, and for loopback where one
        connects. `::` takes IPv4 too, as Linux has it by default.
Rule 3: a socket in a file is its path, and has no port.
Rule 4: names are not looked up: of them `localhost` alone is known.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

DEFAULT_ADMIN = ("127.0.0.1", 9090)
"""Where the admin port is, if routes.yaml does not say."""
Number = IPv4Address | IPv6Address
_LOOPBACK: dict[int, Number] = {4: IPv4Address("127.0.0.1"), 6: IPv6Address("::1")}


def is_own(host: str, port: int, bound: tuple[str, int], is_local: Callable[[str], bool]) -> bool:
    """Whether a connection to `host` and `port` ends at the socket that is `bound`.

    `is_local` is asked of addresses that may be an interface's of this machine.
    """
    if bound[0].startswith("/"):
        return host == bound[0]
    own = _number(bound[0])
    if own is None or port != bound[1] or not port:
        return False
    return any(_ends_at(number, own, is_local) for number in _numbers(host))


def _ends_at(there: Number, own: Number, is_local: Callable[[str], bool]) -> bool:
    there = _LOOPBACK[there.version] if there.is_unspecified else there
    if there == own:
        return True
    if not own.is_unspecified or (own.version == 4 and there.version == 6):
        return False
    return there.is_loopback or is_local(str(there))


def _numbers(host: str) -> list[Number]:
    if host.removesuffix(".").lower() == "localhost":
        return list(_LOOPBACK.values())
    found = _number(host)
    return [] if found is None else [found]


def _number(host: str) -> Number | None:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
