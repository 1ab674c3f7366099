"""What a client may say about where it comes from, and what Banyan says to the upstream instead (R7).

Rule 1: from an untrusted peer nothing of it is believed or passed on; the managed fields are what Banyan sets.
Rule 2: a trusted peer's fields pass, and its address is appended to `X-Forwarded-For`.
Rule 3: the client is the right-most address in the chain that is not itself a trusted proxy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from proxy.core.request import RequestHead

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


def is_trusted(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether `address` (text, without port) lies in one of the networks; what is no address is not trusted."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def client_of(head: RequestHead, peer: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    """The client's address behind a trusted `peer`."""
    chain = b",".join(head.fields.get(b"x-forwarded-for", ())).decode("latin-1").split(",")
    client = peer
    for entry in reversed([part.strip() for part in chain]):
        if not entry:
            continue
        try:
            client = str(ip_address(entry.strip("[]")))
        except ValueError:
            return client
        if not is_trusted(client, networks):
            return client
    return client


def trusted_lines(head: RequestHead, peer: bytes, scheme: bytes) -> bytes:
    """The forwarding fields behind a trusted peer, each with CRLF; `X-Request-Id` is left to the caller."""
    chain = b", ".join([*head.fields.get(b"x-forwarded-for", ()), peer])
    lines = [b"X-Forwarded-For: " + chain]
    for name, default in ((b"X-Forwarded-Proto", scheme), (b"X-Forwarded-Host", head.host_value.strip(b" \t"))):
        sent = head.first(name.lower())
        lines.append(name + b": " + (sent if sent is not None else default))
    set_here = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id")
    lines += [line for line in head.managed if line.partition(b":")[0].lower() not in set_here]
    return b"\r\n".join(lines) + b"\r\n"


def kept_request_id(head: RequestHead) -> bytes | None:
    """A trusted peer's `X-Request-Id`, when it is a plain token of at most 128 bytes."""
    sent = head.first(b"x-request-id")
    return sent if sent is not None and _REQUEST_ID.fullmatch(sent) else None
