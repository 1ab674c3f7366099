"""What a worker asks the clerk about a caller's own number, and what it gets to know."""

from __future__ import annotations

import msgspec


class FindMember(msgspec.Struct, frozen=True, array_like=True, tag="find_member"):
    """Of a caller whom a policy has verified."""

    issuer: str
    subject: str


class MemberFound(msgspec.Struct, frozen=True, array_like=True, tag="member_found"):
    """`number` as a field's value, empty: there is none; `until`: unix seconds for which that holds."""

    number: bytes
    until: float
