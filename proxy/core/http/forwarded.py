"""What a client may say about where it comes from, and what Banyan says to the upstream instead (R7).

Rule 1: from an untrusted peer nothing of it is believed or passed on; the managed fields are what Banyan sets.
Rule 2: a trusted peer's fields pass, and its address is appended to `X-Forwarded-For`.
Rule 3: the client is the right-most address in the chain that is not itself a trusted proxy; what stands left of it,
        or of an entry that is no address, is hearsay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from proxy.core.http.headers import is_managed
from proxy.core.http.request import RequestHead
from proxy.core.http.via import NAME as PASSED
from proxy.core.http.via import passed_of

CHOICE = b"x-banyan-side"
"""In which an allowed client says which side is to answer: for Banyan, so it goes no further."""
_SET_HERE = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id", CHOICE, PASSED)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


def is_trusted(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether `address` (text, without port) lies in one of the networks; what is no address is not trusted."""
    parsed = _address(address)
    return parsed is not None and any(parsed in network for network in networks)


def client_of(head: RequestHead, peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    """The client's address behind a trusted `peer`."""
    return _client_of(head.fields.get(b"x-forwarded-for", ()), peer, networks)


def client_within(raw: bytes, peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    """As `client_of`, of a head that the C parser took and Banyan did not."""
    lines = [line.partition(b":") for line in raw.split(b"\r\n")[1:]]
    return _client_of([value for name, _, value in lines if name.lower() == b"x-forwarded-for"], peer, networks)


def _client_of(values: Iterable[bytes], peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    chain = b",".join(values).decode("latin-1").split(",")
    client = peer
    for entry in reversed([part.strip(" \t") for part in chain]):
        if not entry:
            continue
        found = _address(_without_port(entry))
        if found is None:
            return client
        client = str(found)
        if not any(found in network for network in networks):
            return client
    return client


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """IPv4 within IPv6 is IPv4; a zone is left out, since Python takes any text for one."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def _without_port(entry: str) -> str:
    """Some proxies write `203.0.113.7:4711` or `[2001:db8::7]:4711`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def trusted_lines(head: RequestHead, peer: bytes, scheme: bytes) -> bytes:
    """The forwarding fields behind a trusted peer, each with CRLF; `X-Request-Id` is left to the caller.

    Of a field that should stand once, the last is the peer's own word: it appends to what it was sent.
    """
    chain = b", ".join([*filter(None, head.fields.get(b"x-forwarded-for", ())), peer])
    lines = [b"X-Forwarded-For: " + chain]
    for name, default in ((b"X-Forwarded-Proto", scheme), (b"X-Forwarded-Host", head.host_value.strip(b" \t"))):
        sent = head.fields.get(name.lower(), ())
        lines.append(name + b": " + (sent[-1] if sent else default))
    lines += [line for line in head.managed if line.partition(b":")[0].lower() not in _SET_HERE]
    return b"\r\n".join(lines) + b"\r\n"


def said_request_id(head: RequestHead) -> bytes:
    """The client's `X-Request-Id`, when it is a plain token of at most 128 bytes; or empty."""
    sent = head.first(b"x-request-id")
    return sent if sent is not None and _REQUEST_ID.fullmatch(sent) else b""


def take_managed(head: RequestHead, *, trusted: bool) -> None:
    """What is read of managed fields before rule 1: the mark of requests that pass, and an id for the log."""
    marks = head.fields.get(PASSED)
    if marks:
        head.passed = passed_of(marks)
    head.said_id = said_request_id(head)
    if not trusted:
        forget_managed(head)


def forget_managed(head: RequestHead) -> None:
    """An untrusted peer's managed fields are not there: neither for predicates nor for cohorts."""
    head.fields = {name: values for name, values in head.fields.items() if not is_managed(name)}
