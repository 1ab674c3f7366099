"""A name server (RFC 1035) over UDP: answers A from a zone file that may change at any time, AAAA with nothing.

    python -m examples.insurance.systems.name_server ZONE DESCRIPTOR

A line of the zone is a name, its TTL in seconds, and an address. The socket is handed down, bound.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

_A = 1
_ANSWER, _NO_NAME = 0x8580, 3
"""Flags: an answer, authoritative, recursion asked for and there; and the code of a name that is not."""


def records(zone: str, name: str) -> Iterator[tuple[int, IPv4Address]]:
    """The TTL and address of each line of this name."""
    for line in zone.splitlines():
        said, ttl, address = line.split()
        if said == name:
            yield int(ttl), IPv4Address(address)


def answer_to(question: bytes, zone: str) -> bytes:
    """A message for the one question of a message."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length])
        at += 1 + length
    found = list(records(zone, b".".join(labels).decode("ascii", "replace").lower()))
    kind = int.from_bytes(question[at + 1 : at + 3])
    told = found if kind == _A else []
    head = question[:2] + struct.pack(">5H", _ANSWER | (0 if found else _NO_NAME), 1, len(told), 0, 0)
    lines = [struct.pack(">HHHIH", 0xC00C, _A, 1, ttl, 4) + address.packed for ttl, address in told]
    return head + question[12 : at + 5] + b"".join(lines)


def main() -> None:
    """Serve until ended."""
    zone, listening = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    while True:
        question, asker = listening.recvfrom(512)
        listening.sendto(answer_to(question, zone.read_text(encoding="ascii")), asker)


if __name__ == "__main__":
    main()
