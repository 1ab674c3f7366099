"""Endpoints of one template, together: what is one line of the table, and one route."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from proxy.api.discovery import DiscoveredEndpointView, DiscoveryView

_PARAMETER = re.compile(r"\{[^}]*\}|\*+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """At least one endpoint."""

    template: str
    endpoints: Sequence[DiscoveredEndpointView]

    @property
    def methods(self) -> list[str]:
        """Sorted."""
        return sorted({each.method for each in self.endpoints})

    @property
    def calls(self) -> int:
        """Of all methods."""
        return round(sum(each.calls for each in self.endpoints))

    @property
    def callers(self) -> list[str]:
        """Whoever called any of them."""
        return sorted({caller.caller for each in self.endpoints for caller in each.callers})

    @property
    def first(self) -> str:
        """The day on which it was first seen."""
        return date_of(min(each.first for each in self.endpoints))

    @property
    def last(self) -> str:
        """The day on which it was last seen."""
        return date_of(max(each.last for each in self.endpoints))

    @property
    def is_claimed(self) -> bool:
        """Whether a route of routes.yaml names the template."""
        return all(each.is_known for each in self.endpoints)

    @property
    def claim(self) -> str:
        """Which routes do; else that none does, with those that took it all the same."""
        names = sorted({name for each in self.endpoints for name in each.routes if name})
        if self.is_claimed:
            return ", ".join(names)
        return f"unclaimed ({', '.join(names)})" if names else "unclaimed"


def groups_of(found: DiscoveryView, *, singles: bool = False) -> list[TemplateGroup]:
    """By template; `singles`: with what was seen once."""
    shown = [each for each in found.endpoints if singles or not each.is_single]
    ordered = sorted(shown, key=lambda each: (each.template, each.method))
    return [
        TemplateGroup(template=template, endpoints=list(endpoints))
        for template, endpoints in groupby(ordered, key=lambda each: each.template)
    ]


def shape_of(template: str) -> str:
    """The template without the names of its parameters: routes of one shape are one place in the table."""
    return _PARAMETER.sub("{}", template)


def date_of(moment: float) -> str:
    """In UTC."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
