"""What routes.yaml says of databases and of their reconciliation: blocks `databases` and `reconcile`. Seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from proxy.core.outcome import Side
from proxy.core.secret import NO_TEXT, Secret

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """Where a password comes from: one of the three, or none; `command` is a program and its arguments.

    `variables` of the environment are those that `text` is made of, by name; they are not what it is.
    """

    text: Secret[str] = NO_TEXT
    file: str = ""
    command: tuple[str, ...] = ()
    variables: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A PostgreSQL of a system behind the proxy, which is only ever read. Its `url` may hold a password."""

    name: str
    url: Secret[str]
    password: Password = Password()


@dataclass(frozen=True, slots=True, kw_only=True)
class SideQuery:
    """One side of a check. `alone`: the condition of rows that exist on this side only, by right; empty: none do."""

    database: str
    select: str
    alone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileCheck:
    """A named check. `recheck`: how long both sides have to agree on a row; `rate`: rows a second, 0: no bound.

    `chunk`: rows of a key range; `counts_for`: how long a result counts; `watermark`: the column that says when a row
    was written, empty: none; `ignore`: columns that are selected and not compared.
    """

    name: str
    legacy: SideQuery
    new: SideQuery
    key: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    watermark: str = ""
    recheck: float = 5.0
    chunk: int = 10_000
    rate: int = 0
    counts_for: float = DAY

    def query(self, side: Side) -> SideQuery:
        """What is asked of legacy, or of new."""
        return self.legacy if side is Side.LEGACY else self.new

    @property
    def mark(self) -> str:
        """Stands for what is asked: a result under another mark answers another question. 12 hex digits."""
        asked = (self.legacy, self.new, self.key, self.ignore, self.watermark)
        return sha256(repr(asked).encode()).hexdigest()[:12]


class NeededRun(NamedTuple):
    """What a ramp needs of a check: the newest run under this mark, at most so many seconds old."""

    check: str
    mark: str
    counts_for: float
