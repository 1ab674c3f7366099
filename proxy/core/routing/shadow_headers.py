"""Which header fields the shadow's copy of a request carries: `Authorization` and its like are stripped unless told.

Rule 1: validators and ranges belong to the side that the client talks to; the shadow's copy never has them.
Rule 2: credentials go along only where the operator said so; a client can neither set nor forge the marker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from proxy.core.routing.shadow import Carry, ShadowPolicy

CONDITIONS = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"range"}
)
CONDITIONAL = frozenset({206, 304, 412, 416})
"""Answers that say nothing but how a client's own conditions were met."""
CREDENTIALS = frozenset(
    {
        *(b"authorization", b"cookie", b"x-api-key", b"api-key", b"x-auth-token", b"x-access-token"),
        *(b"x-session-id", b"x-session-token", b"x-csrf-token", b"x-xsrf-token", b"x-amz-security-token"),
    }
)
"""Fields that let somebody act in a client's name."""


class Copied(NamedTuple):
    """The field lines for the other side, and whether the client's own answer depends on what it has already.

    `bare`: the client sent credentials, and neither they nor others in their stead are among the lines.
    """

    lines: list[bytes]
    conditional: bool
    bare: bool = False


def copy_lines(policy: ShadowPolicy, lines: Iterable[bytes]) -> Copied:
    """Rules 1 and 2; replacements only where something was there to replace."""
    kept: list[bytes] = []
    conditional = carried = False
    forwards = policy.carry is Carry.FORWARD
    for line in lines:
        name = line.partition(b":")[0].lower()
        if name in CONDITIONS:
            conditional = True
        elif not forwards and name in CREDENTIALS:
            carried = True
        else:
            kept.append(line)
    if carried and policy.carry is Carry.REPLACE:
        kept += policy.replacements.reveal()
    return Copied(kept, conditional, carried and policy.carry is Carry.DROP)


def without_conditions(lines: Iterable[bytes]) -> list[bytes]:
    """The client's own lines as the side that it talks to is asked them again: rule 1."""
    return [line for line in lines if line.partition(b":")[0].lower() not in CONDITIONS]
