"""Readers of single points of leniency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator

from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.patterns import words
from proxy.core.http.leniency import OF_REQUESTS, OF_RESPONSES, Leniency


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
