"""What a route takes, as a text that is the same in every process: by it a route is known for the one that it was.

Rule 1: what a request has to be to come to it is in the text, and nothing else: neither its name, nor those of its
        parameters, nor where it goes. It is a digest, and behind it the path, for who asks which routes are near.
Rule 2: what a route took that is gone comes now to a route that takes exactly this, and where there is none to any one
        of those that meet its path and were behind it (`left_to`). So does what a route took before it took something
        else, told under its name and that digest. Methods and fields are not asked, and a path that
        is not known may be any: rather too many are named than too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import blake2s
from typing import Final

from proxy.core.routing.path import ANY, REST
from proxy.core.routing.route import Route

_ANY: Final = ANY.decode()
_REST: Final = REST.decode()


def what_is_taken(route: Route) -> str:
    """As a digest and a path, such as `5f… /orders/*`."""
    methods = sorted(route.methods) if route.methods is not None else "all"
    said = repr((methods, route.pattern.shape, sorted(map(_plain, route.predicates))))
    digest = blake2s(said.encode(), digest_size=16).hexdigest()
    return f"{digest} /{b'/'.join(route.pattern.shape).decode('ascii')}"


def left_to(origin: str, takes: Mapping[str, str], gone: Mapping[str, str]) -> tuple[str, ...]:
    """Rule 2: those that are `gone` whose requests may come now to the route of this origin; each by what it takes."""
    here = takes.get(origin)
    if here is None:
        return ()
    digest, path, same = digest_of(here), _path(here), set(map(digest_of, takes.values()))
    return tuple(
        name
        for name, taken in sorted(gone.items())
        if route_of(name) != origin  # its own calls are recorded there, whatever it took
        and (digest_of(taken) == digest or (digest_of(taken) not in same and _comes_before(_path(taken), path)))
    )


def digest_of(taken: str) -> str:
    """By which two routes are known to take the same."""
    return taken.partition(" ")[0]


def former_name(route: str, taken: str) -> str:
    """Of a route as it was, when it took this: no route's name has a blank."""
    return f"{route} {digest_of(taken)}"


def route_of(name: str) -> str:
    """The route whose name, or former name, this is."""
    return name.partition(" ")[0]


def is_former(name: str) -> bool:
    """Whether it is a former name."""
    return " " in name


def _path(taken: str) -> tuple[str, ...]:
    """Its segments; none where only a digest is known, as of a route that an older Banyan knew."""
    _, is_known, path = taken.partition(" /")
    return tuple(path.split("/")) if is_known else ()


def _comes_before(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether there are paths of both, which the first one took: a literal goes before `*`, and that before `**`.

    Where all of the one is in the other, the end goes before the `**` that may be nothing.
    """
    if not (one and other):
        return True
    order = [(_wideness(mine), _wideness(theirs)) for mine, theirs in zip(one, other, strict=False)]
    first = next((mine < theirs for mine, theirs in order if mine != theirs), len(one) <= len(other))
    return first and _meet(one, other)


def _wideness(segment: str) -> int:
    return 2 if segment == _REST else 1 if segment == _ANY else 0


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    for mine, theirs in zip(one, other, strict=False):
        if _REST in (mine, theirs):
            return True
        if mine != theirs and (_ANY not in (mine, theirs) or "" in (mine, theirs)):
            return False
    longer = max(one, other, key=len)
    return len(one) == len(other) or longer[min(len(one), len(other)) :] == (_REST,)


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
