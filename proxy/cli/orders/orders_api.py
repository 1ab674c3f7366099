"""Orders to a running Banyan over its admin API, and what it answers."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from proxy.cli.admin_api import NoAnswerError, post


class Instance(msgspec.Struct, frozen=True):
    """One live replica."""

    instance: str
    revision: str = ""
    obeys: bool = False
    same_revision: bool = True


class Place(msgspec.Struct, frozen=True):
    """Stage and split."""

    stage: str
    split: float = 0.0

    def __str__(self) -> str:
        return f"{self.stage} {self.split * 100:g}%" if self.stage in {"canary", "retired"} else self.stage


class Member(msgspec.Struct, frozen=True):
    """Another route of the group: where it runs now, or `why` it was not moved with the one that was named."""

    route: str
    runs: Place
    moved: bool = False
    why: str = ""


class Moved(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """What became of an order. `everywhere` False: it holds at that replica alone, as the state store is away.

    `moved` False: it stood like that already, or what was ordered is no move. `notes` are what stands beside it.
    """

    route: str
    start: Place
    runs: Place
    latched: bool = False
    held: bool = False
    moved: bool = True
    group: tuple[Member, ...] = ()
    everywhere: bool = True
    done: bool = False
    notes: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()


def order(base: str, route: str, verb: str, said: Mapping[str, object], tag: str = "") -> tuple[Moved, bytes]:
    """Give the order; what was answered, and its text. NoAnswerError says why there is none.

    `tag`: only if what it is the tag of has not been changed since.
    """
    body = post(base, f"/api/routes/{quote(route, safe='')}/{verb}", {**said, "by": _who()}, tag=tag)
    try:
        return msgspec.json.decode(body, type=Moved), body
    except msgspec.DecodeError as error:
        raise NoAnswerError(f"{base} answers, but not as Banyan does: {error}", "Is this its admin address?") from error


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a line for this user
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
