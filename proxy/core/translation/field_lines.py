"""Steps on the head of a message: header fields, and the status of an answer.

Rule 1: a field line is `NAME: value` in bytes, as it goes over the wire; names are compared without case.
Rule 2: what frames a message, names its sender or is Banyan's own is not for steps (`is_free_for_steps`).
Rule 3: a field is given no name that another one has: that cannot be translated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from proxy.core.http.headers import is_free
from proxy.core.translation.untranslatable import Untranslatable

VALIDATORS: Final = frozenset({b"etag", b"last-modified", b"accept-ranges", b"content-range"})
"""What an answer says of one side's own representation: it means nothing to the other, and none of it goes on."""
PRECONDITIONS: Final = frozenset({b"if-match", b"if-unmodified-since"})
"""A write that would be done only if nothing has changed: by validators that the other side cannot have given."""
CONDITIONS: Final = frozenset({b"if-none-match", b"if-modified-since", b"if-range", b"range", *PRECONDITIONS})
DIGESTS: Final = frozenset({b"content-md5", b"digest", b"content-digest", b"repr-digest"})
"""Of the bytes of a body that is another one afterwards."""
FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_OTHERS: Final = VALIDATORS | CONDITIONS | DIGESTS | {b"accept-encoding", b"content-encoding", b"trailer"}


@dataclass(frozen=True, slots=True)
class RenameHeader:
    """The field `name` is called `to`."""

    name: str
    to: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"header: {self.name}, to: {self.to}"


@dataclass(frozen=True, slots=True)
class DropHeader:
    """The field is left out."""

    name: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"drop_header: {self.name}"


@dataclass(frozen=True, slots=True)
class SetHeader:
    """The field has this value alone."""

    name: str
    value: str

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"set_header: {self.name}"


@dataclass(frozen=True, slots=True)
class MapStatus:
    """Statuses by those that they become; others stay."""

    pairs: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"status: {{ {', '.join(f'{one}: {other}' for one, other in self.pairs)} }}"


HeaderStep = RenameHeader | DropHeader | SetHeader


def is_free_for_steps(name: str) -> bool:
    """Rule 2."""
    lower = name.lower().encode("ascii")
    return is_free(lower) and lower not in _OTHERS


def change_lines(lines: list[bytes], step: HeaderStep) -> list[bytes]:
    """The field lines afterwards; raises `Untranslatable`."""
    name = step.name.lower().encode("ascii")
    match step:
        case RenameHeader():
            to = step.to.encode("ascii")
            _check_free(lines, name, step)
            return [to + line[len(name) :] if name_of(line) == name else line for line in lines]
        case DropHeader():
            return without(lines, {name})
        case SetHeader():
            return [*without(lines, {name}), f"{step.name}: {step.value}".encode("ascii")]
        case _:
            assert_never(step)


def _check_free(lines: list[bytes], name: bytes, step: RenameHeader) -> None:
    """Rule 3."""
    there, to = {name_of(line) for line in lines}, step.to.lower().encode("ascii")
    if to != name and {name, to} <= there:
        raise Untranslatable(f"header:{step.to}", "it is there already", step.text)


def map_status(status: int, step: MapStatus) -> int:
    """The status afterwards."""
    return dict(step.pairs).get(status, status)


def name_of(line: bytes) -> bytes:
    """In lower case."""
    return line.partition(b":")[0].lower()


def values_in(lines: Iterable[bytes], name: bytes) -> list[str]:
    """The value of each line of a field (lower-case name): which of several a reader takes, nobody can tell."""
    return [line.partition(b":")[2].strip(b" \t").decode("latin-1") for line in lines if name_of(line) == name]


def codings_in(lines: Iterable[bytes]) -> str:
    """Of all lines of Content-Encoding, as one; empty where they change nothing."""
    said = ",".join(values_in(lines, b"content-encoding")).lower().split(",")
    return ", ".join(coding for each in said if (coding := each.strip(" \t")) not in {"", "identity"})


def without(lines: list[bytes], names: Iterable[bytes]) -> list[bytes]:
    """The others, by lower-case names."""
    return [line for line in lines if name_of(line) not in names]
