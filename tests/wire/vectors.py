"""The vectors of Http11Probe (github.com/MDA2AV/Http11Probe, MIT): what it expects of a server, what Banyan does.

Verdicts: `forwarded` (an upstream read the request as a strict reader reads the vector), `refused STATUS`,
`answered STATUS` (by Banyan itself), `waits` (for more of an unfinished request; the client's end then gives 400).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.wire.case import Case, Seen
from tests.wire.reference import Broken, Message, read_request

FILE = Path(__file__).parent / "published/http11probe.json"
_ANY_FINAL = ("!101", "non-1")
_UPSTREAMS_OWN = {
    "405 + Allow header",
    "2xx with Date header",
    "IMF-fixdate format",
    "204 without CL",
    "2xx with Allow header",
    "2xx with Content-Type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One of them; `reason` where Banyan does not do what is expected; `absent` from what the upstream gets."""

    id: str
    level: str
    rfc: str
    expect: str
    verdict: str
    data: bytes
    reason: str = ""
    absent: str = ""

    @property
    def read(self) -> Message | None:
        """The vector as a strict reader reads it; None when it is unfinished."""
        found = read_request(self.data.removeprefix(b"\r\n\r\n"))
        return found[0] if found else None

    @property
    def is_unfinished(self) -> bool:
        """Whether more has to come before anybody can say what it is."""
        try:
            return self.read is None
        except Broken:
            return False

    @property
    def case(self) -> Case:
        """To be played; an unfinished one together with the client's end, which settles it."""
        return Case(id=self.id, rule="", kind="A", title="", src="", data=self.data, fin=self.is_unfinished)

    @property
    def agrees(self) -> bool:
        """Whether the verdict is what Http11Probe passes."""
        if self.verdict == "waits":
            return "timeout" in self.expect
        if self.expect.startswith(_ANY_FINAL):
            return True
        if self.verdict.startswith("refused"):
            return self.verdict[-3:] in re.findall("[0-9]{3}", self.expect) or self.expect.startswith("Reject")
        passes = (
            not self.expect or self.expect.startswith("Reject/drop") or re.search("2xx|200", self.expect) is not None
        )
        return passes and self.expect not in _UPSTREAMS_OWN


def load_vectors() -> list[Vector]:
    """All with literal bytes, in Http11Probe's order; sequences and computed ones are left out."""
    read = json.loads(FILE.read_text(encoding="ascii"))
    return [Vector(data=each.pop("bytes").encode("latin-1"), **each) for each in read]


VECTORS = load_vectors()


def verdict_of(vector: Vector, seen: Seen) -> str:
    """What Banyan did."""
    statuses = seen.heard.statuses
    if vector.is_unfinished:
        return "waits" if (statuses, seen.requests) == ([400], []) else "unclear"
    if not seen.requests:
        return f"{'refused' if statuses[0] >= 400 else 'answered'} {statuses[0]}"
    return "forwarded" if (statuses, len(seen.requests)) == ([200], 1) else "unclear"
