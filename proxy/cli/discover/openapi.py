"""What was found as OpenAPI 3.1. It holds no value: no example, and no default.

Rule 1: templates of one shape are one path item, as the standard has it.
Rule 2: no two operations have one id, whatever signs their templates differ by.
Rule 3: what traffic does not show is said, and left open: a schema of an answer is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

from proxy import __version__
from proxy.api.discovery import DiscoveredEndpointView, DiscoveryView, SeenFieldView, SeenParameterView
from proxy.cli.discover.picture import UNKNOWABLE
from proxy.cli.discover.template_group import date_of, groups_of, shape_of

_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"})
_FORMATS: Mapping[str, dict[str, str]] = {
    "integer": {"type": "integer"},
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email"},
}
_STEP = re.compile(r"\.(?P<bare>[^.\[]+)|\['(?P<quoted>[^']+)'\]|\[\*\]")
_CLASSES = {"1xx": "went on", "2xx": "good", "3xx": "elsewhere, or as before", "4xx": "refused", "5xx": "failed"}
Schema = dict[str, Any]


def openapi(found: DiscoveryView) -> Schema:
    """The document."""
    paths: dict[str, Schema] = {}
    by_shape: dict[str, str] = {}
    ids: set[str] = set()
    for group in groups_of(found):
        template = by_shape.setdefault(shape_of(group.template), _path(group.template))
        for endpoint in group.endpoints:
            method = endpoint.method.lower()
            if endpoint.method in _METHODS and method not in paths.setdefault(template, {}):
                paths[template][method] = _operation(template, endpoint, ids)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Found in traffic",
            "version": date_of(max((each.last for each in found.endpoints), default=found.since)),
            "description": f"Found by Banyan {__version__} in {found.observed} requests since {date_of(found.since)}. "
            f"No values are in it. {UNKNOWABLE[0].upper()}{UNKNOWABLE[1:]}.",
        },
        "paths": paths,
    }


def _path(template: str) -> str:
    """Wildcards of a route's pattern have names here."""
    names = iter(("any", "any_2", "any_3", "any_4", *(f"any_{number}" for number in range(5, 65))))
    steps = [
        f"{{{next(names)}}}" if step == "*" else "{rest}" if step == "**" else step for step in template.split("/")
    ]
    return "/".join(steps)


def _new_id(method: str, template: str, taken: set[str]) -> str:
    """Rule 2."""
    wished = f"{method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', template)}"
    found = next(each for each in chain([wished], (f"{wished}_{number}" for number in count(2))) if each not in taken)
    taken.add(found)
    return found


def _operation(template: str, endpoint: DiscoveredEndpointView, ids: set[str]) -> Schema:
    operation: Schema = {
        "operationId": _new_id(endpoint.method, template, ids),
        "parameters": [*_path_parameters(template, endpoint.parameters), *_query(endpoint)],
        "responses": {
            name.replace("xx", "XX"): {"description": f"{_CLASSES[name]}: {count:,.0f} of {endpoint.calls:,.0f} calls"}
            for name, count in endpoint.statuses.items()
        },
        "x-observed": {
            "calls": round(endpoint.calls),
            "first": date_of(endpoint.first),
            "last": date_of(endpoint.last),
            "callers": len(endpoint.callers),
        },
    }
    if endpoint.fields:
        schema = _schema(endpoint.fields, endpoint.bodies)
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameters(template: str, parameters: Sequence[SeenParameterView]) -> list[Schema]:
    known = {each.name: each for each in parameters}
    return [
        {"name": name, "in": "path", "required": True, "schema": _kind(known.get(name))}
        for name in re.findall(r"\{([^}]*)\}", template)
    ]


def _kind(parameter: SeenParameterView | None) -> Schema:
    kinds = () if parameter is None else parameter.kinds
    return dict(_FORMATS.get(kinds[0], {"type": "string"})) if len(kinds) == 1 else {"type": "string"}


def _query(endpoint: DiscoveredEndpointView) -> list[Schema]:
    return [
        {"name": name, "in": "query", "required": False, "schema": {}, "x-observed": {"requests": count}}
        for name, count in endpoint.query.items()
        if name
    ]


def _schema(fields: Sequence[SeenFieldView], bodies: int) -> Schema:
    root: Schema = {}
    for field in sorted(fields, key=lambda each: each.name):
        place = root
        for step in _STEP.finditer(field.name):
            place = _below(place, step["bare"] or step["quoted"])
        place["type"] = sorted(field.kinds) if len(field.kinds) != 1 else next(iter(field.kinds))
        place["x-observed"] = {"present": field.present, "bodies": bodies, "null": field.kinds.get("null", 0)}
    return root


def _below(place: Schema, name: str | None) -> Schema:
    """The schema of a member, of all members of a map (`{}`), or of items (None)."""
    if name is None:
        place.setdefault("type", "array")
        below: Schema = place.setdefault("items", {})
    elif name == "{}":
        place.setdefault("type", "object")
        below = place.setdefault("additionalProperties", {})
    else:
        place.setdefault("type", "object")
        below = place.setdefault("properties", {}).setdefault(name, {})
    return below
