"""What is known of a name: its addresses, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoAddress(StrEnum):
    """Why a name has no address."""

    UNKNOWN = "no name server and no hosts file knows it"
    SILENT = "no name server answered"
    FAILED = "the name servers could not say"
    CROWDED = "too many names are being asked for"


@dataclass(frozen=True, slots=True)
class Resolved:
    """Addresses in text form, each once; `ttl` in seconds; `at` is when it was asked for, by the monotonic clock."""

    hosts: tuple[str, ...]
    ttl: float
    at: float


@dataclass(frozen=True, slots=True)
class Unresolved:
    """There is no address; `detail` is a sentence that names what was asked for; `at` is when the look-up ended."""

    name: str
    why: NoAddress
    at: float
    said: str = ""

    @property
    def detail(self) -> str:
        """For the log and for operators."""
        return f"{self.name}: {self.why.value}" + (f" ({self.said})" if self.said else "")


Resolution = Resolved | Unresolved
