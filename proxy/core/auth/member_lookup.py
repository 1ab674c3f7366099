"""A system's own number for a caller, asked for by a URL: what is asked, what its answer means, how long it holds.

Rule 1: 404 says that there is none, which is kept as well, for less long; any other answer but 200 says nothing.
Rule 2: a subject is one segment, or one value, of the URL: whatever it holds, it asks for nothing else.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

from proxy.core.auth.principal_value import writable

SUBJECT: Final = "{sub}"
LARGEST: Final = 4096
"""Bytes of an answer."""
MOST_KEPT: Final = 10_000
_FOUND, _ABSENT = 200, 404
_STEPS = frozenset({".", ".."})
Caller = tuple[str, str]
"""Issuer and subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLookup:
    """The field `name` has the answer of `url`, of a JSON object its `member`; empty: the whole text.

    `keep` and `keep_absent` in seconds: for how long an answer holds, and that there is none.
    """

    name: str
    url: str
    member: str = ""
    keep: float = 300.0
    keep_absent: float = 10.0

    def url_of(self, subject: str) -> str:
        """Rule 2; empty: of this subject nothing can be asked."""
        if subject in _STEPS:
            return ""
        return self.url.replace(SUBJECT, quote(subject.encode("utf-8", "surrogatepass"), safe=""))


class Member(NamedTuple):
    """`number` as a field's value, empty: there is none; `until` unix seconds."""

    number: bytes
    until: float


def read_member(lookup: MemberLookup, status: int, body: bytes, now: float) -> Member | str:
    """What an answer says; or why it says nothing, in a clause."""
    if status == _ABSENT:
        return Member(b"", now + lookup.keep_absent)
    if status != _FOUND:
        return f"it answered {status}"
    if len(body) > LARGEST:
        return f"its answer is longer than {LARGEST} bytes"
    try:
        number = writable(_text_in(lookup, body.decode("utf-8")))
    except (ValueError, RecursionError):
        return "its answer is not what was agreed"
    return Member(number, now + lookup.keep) if number else "its answer holds no number"


def _text_in(lookup: MemberLookup, text: str) -> str:
    if not lookup.member:
        return text.strip()
    said = json.loads(text)
    found = said.get(lookup.member) if isinstance(said, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


class MemberCache:
    """What is known of callers: bounded, the last ones that were asked for."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        """Nobody is known."""
        self._found: OrderedDict[Caller, Member] = OrderedDict()

    def get(self, caller: Caller, now: float) -> Member | None:
        """What still holds; `now` in unix seconds."""
        found = self._found.get(caller)
        if found is None or found.until <= now:
            return None
        self._found.move_to_end(caller)
        return found

    def put(self, caller: Caller, found: Member) -> None:
        """What was answered just now."""
        self._found[caller] = found
        self._found.move_to_end(caller)
        if len(self._found) > MOST_KEPT:
            self._found.popitem(last=False)

    def forget(self) -> None:
        """Another system is asked from now on."""
        self._found.clear()
