"""What a route takes, as a text that is the same in every process: by it a route is known for the one that it was.

Rule 1: what a request has to be to come to it is in the text, and nothing else: neither its name, nor those of its
        parameters, nor where it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import blake2s

from proxy.core.routing.route import Route


def what_is_taken(route: Route) -> str:
    """As a digest."""
    methods = sorted(route.methods) if route.methods is not None else "all"
    said = repr((methods, route.pattern.shape, sorted(map(_plain, route.predicates))))
    return blake2s(said.encode(), digest_size=16).hexdigest()


def taken_by(routes: Iterable[Route]) -> Mapping[str, str]:
    """What each route takes, by its origin."""
    return {route.origin: what_is_taken(route) for route in routes}


def _plain(value: object) -> str:
    """Sets have no order that is the same twice."""
    if isinstance(value, frozenset):
        return repr(sorted(map(_plain, value)))
    if is_dataclass(value) and not isinstance(value, type):
        return repr((type(value).__name__, [_plain(getattr(value, field.name)) for field in fields(value)]))
    return repr(value)
