"""Readers of single values that carry no unit: names, closed lists, texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.schema_patterns import TEXT, matching, words
from proxy.core.http.authority import normal_host
from proxy.core.http.leniency_points import OF_REQUESTS, OF_RESPONSES, Leniency

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_HEALTH_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")
Word = TypeVar("Word", bound=StrEnum)


class Choice(Generic[Word]):
    """Reads one word of a closed list."""

    def __init__(self, words: type[Word]) -> None:
        """The enum that lists them."""
        self._words = words
        self._known: dict[str, Word] = {word.value: word for word in words}

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


def read_file_path(value: object) -> str:
    """Where a file is, or will be."""
    if isinstance(value, str) and value.strip() and "\0" not in value and not value.endswith("/"):
        return str(value)
    raise fault("must be the path of a file such as /run/banyan/kill")


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


def read_switch(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise fault("must be true or false")


Name = Annotated[str, BeforeValidator(read_name), matching(_NAME)]
FilePath = Annotated[str, BeforeValidator(read_file_path), TEXT]
HealthPath = Annotated[str, BeforeValidator(read_health_path), matching(_HEALTH_PATH)]
Authority = Annotated[str, BeforeValidator(read_authority), TEXT]
Switch = Annotated[bool, BeforeValidator(read_switch), WithJsonSchema({"type": "boolean"})]


class Point:
    """Reads one point of leniency out of those that stand here; one that stands elsewhere is told so."""

    def __init__(self, known: Iterable[Leniency], elsewhere: str) -> None:
        """The points, and where the others stand."""
        self._known = {point.value: point for point in known}
        self._elsewhere = elsewhere

    def __call__(self, value: object) -> Leniency:
        """The point."""
        found = self._known.get(value) if isinstance(value, str) else None
        if found is not None:
            return found
        if isinstance(value, str) and value in Leniency.__members__.values():
            raise fault(f"must be one of {', '.join(self._known)}", cure=f"{value} is {self._elsewhere}")
        raise one_of(value, self._known)


read_request_point = Point(OF_REQUESTS, "for the responses of an upstream: put it there")
read_response_point = Point(OF_RESPONSES, "for requests: put it on a route, or at the top")

RequestPoint = Annotated[Leniency, BeforeValidator(read_request_point), words(OF_REQUESTS)]
ResponsePoint = Annotated[Leniency, BeforeValidator(read_response_point), words(OF_RESPONSES)]
