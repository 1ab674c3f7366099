"""Under which names the state of routes is kept: one that was renamed keeps the name that it began with.

Rule 1: a route's origin is what `was` says, else its own name. Stores, orders and draws know a route by its origin, so
        that a rename changes nothing there, and replicas that read the old file and the new one mean the same route.
Rule 2: what is kept under the name of a route whose origin is another is nobody's: it stays where it is, unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from proxy.core.routing.route import Route


class _Routed(Protocol):
    """A frozen dataclass that is about one route."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def route(self) -> str: ...


Record = TypeVar("Record", bound=_Routed)
Naming = Callable[[str], str | None]
"""From one name of a route to another; None: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Of one table; only routes that were renamed are in it."""

    by_name: Mapping[str, str] = field(default_factory=dict)
    by_origin: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Under which name the state of a route is kept."""
        return self.by_name.get(name, name)

    def name(self, origin: str) -> str | None:
        """What the route is called whose state is kept under this name; None: see rule 2."""
        found = self.by_origin.get(origin)
        return None if found is None and origin in self.by_name else found or origin


NO_ORIGINS = Origins()


def origins_of(routes: Iterable[Route]) -> Origins:
    """Names and origins of a table's renamed routes."""
    renamed = {route.name: route.was for route in routes if route.was}
    return Origins(by_name=renamed, by_origin={was: name for name, was in renamed.items()}) if renamed else NO_ORIGINS


def called(record: Record, name: str) -> Record:
    """The same record, about a route of this name."""
    return record if record.route == name else replace(record, route=name)


def all_called(records: Iterable[Record], naming: Naming) -> tuple[Record, ...]:
    """The same records by other names, without those of nobody."""
    return tuple(called(record, name) for record in records if (name := naming(record.route)) is not None)
