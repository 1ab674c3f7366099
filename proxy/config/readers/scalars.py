"""Readers of single values that carry no unit: names, closed lists, texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.units import Whole, can_be_repeated
from proxy.core.http.authority import normal_host

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_.-]{0,63}"
_NAME = re.compile(NAME_PATTERN)
_HEALTH_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")
_CONTENT_TYPE = re.compile(r"[\x21-\x7e]+/[\x20-\x7e]{1,200}")
Word = TypeVar("Word", bound=StrEnum)

STREAMING = "streaming"
STREAMS: Mapping[str, str] = {"response": "10m", "idle": "1h", "total": "0s"}
"""What the word stands for: a long poll's answer, silence inside an event stream, and no end of the whole."""


class Choice(Generic[Word]):
    """Reads one word of a closed list."""

    def __init__(self, words: type[Word]) -> None:
        """The enum that lists them."""
        self._words = words
        self._known: dict[str, Word] = {each.value: each for each in words}

    def __call__(self, value: object) -> Word:
        """The member."""
        found = self._known.get(value) if isinstance(value, str) else None
        if found is None:
            raise one_of(value, self._known)
        return found


def read_name(value: object) -> str:
    """A route's, group's or upstream's name."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return str(value)
    raise fault("must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores")


def read_version(value: object) -> int:
    """The one version of this format."""
    if isinstance(value, int) and not isinstance(value, bool) and value == 1:
        return 1
    raise fault("must be 1, the only version of this format", cure="write version: 1")


def read_workers(value: object) -> int:
    """A number of processes, 0 for `auto`."""
    if value == "auto":
        return 0
    try:
        return Whole(1, 256)(value)
    except ValueError:
        raise fault("must be a whole number between 1 and 256, or auto") from None


def read_file_path(value: object) -> str:
    """Where a file is, or will be."""
    if isinstance(value, str) and value.strip() and "\0" not in value and not value.endswith("/"):
        return str(value)
    raise fault("must be the path of a file such as /run/banyan/kill")


def read_health(value: object) -> object:
    """The short form, a path alone, as the mapping that it stands for."""
    if isinstance(value, dict):
        return value
    return {"path": value}


def read_timeout(value: object) -> object:
    """The word for long polls and event streams as the mapping that it stands for."""
    if value == STREAMING:
        return dict(STREAMS)
    if isinstance(value, dict) and STREAMING in value:
        raise fault(f"{STREAMING} is a word, not a key", got="", cure=f"write timeout: {STREAMING}")
    if isinstance(value, str):
        raise fault(f"must be {STREAMING}, or a mapping such as {{response: 15s}}")
    return value


def read_health_path(value: object) -> str:
    """A path, perhaps with a query."""
    if isinstance(value, str) and _HEALTH_PATH.fullmatch(value):
        return str(value)
    raise fault("must be a path such as /healthz")


def read_authority(value: object) -> str:
    """A host, perhaps with a port, as it stands in a Host field."""
    if isinstance(value, str) and value.isascii() and normal_host(value.encode("ascii")):
        return str(value)
    raise fault("must be a host such as api.example.com or api.example.com:8443")


def read_body(value: object) -> bytes:
    """Text, sent as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8")
    raise fault("must be text", cure=f'write "{value}" in quotes' if can_be_repeated(value) else "")


def read_content_type(value: object) -> str:
    """What a Content-Type field may hold."""
    if isinstance(value, str) and _CONTENT_TYPE.fullmatch(value):
        return str(value)
    raise fault("must be a media type such as application/json")
