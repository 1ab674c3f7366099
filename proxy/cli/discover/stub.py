"""Routes for what was found, as text for routes.yaml.

Rule 1: only what `match` can say is written; of anything else a comment says so.
Rule 2: no route gets a name that another one has, as far as traffic shows those that there are.
Rule 3: words that a route has as values of a parameter by now (`/shops/{shop}`) are none of its own; where words may be
        values, a comment says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from proxy.api.discovery import DiscoveredEndpointView, DiscoveryView
from proxy.cli.discover.picture import alike_sentence
from proxy.cli.discover.template_group import TemplateGroup, groups_of, shape_of
from proxy.cli.folded import folded
from proxy.config.blocks.match import METHODS
from proxy.core.discovery.path_trie import DISTINCT
from proxy.core.discovery.segment import is_version
from proxy.core.one_line import one_line
from proxy.core.routing.path import parse_pattern

_PREFIXES = frozenset({"api", "rest"})
_LONGEST_NAME = 56
_WIDTH = 96
_OPEN = "{}"
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML reads as something else, unless they stand in quotes."""


def stub(found: DiscoveryView, taken: Iterable[str] = ()) -> list[str]:
    """A route for each template, and method, that no route names yet; `taken` are names of other routes."""
    known = {(each.method, shape_of(each.template)) for each in found.endpoints if each.is_known}
    left = [each for each in found.endpoints if known.isdisjoint((each.method, shape) for shape in _shapes(each))]
    there = {name for each in found.endpoints for name in each.routes}
    groups = groups_of(msgspec.structs.replace(found, endpoints=left))
    return [*_remarks(found, {each.template for each in left}), *_routes(groups, {*there, *taken})]


def _shapes(each: DiscoveredEndpointView) -> Iterator[str]:
    """Its own, and those of templates that have one of its words as a value (rule 3)."""
    steps = shape_of(each.template).split("/")
    yield "/".join(steps)
    for at in range(1, len(steps)):
        yield "/".join((*steps[:at], _OPEN, *steps[at + 1 :]))


def _remarks(found: DiscoveryView, left: set[str]) -> Iterator[str]:
    for each in found.alike:
        if any(template.startswith(f"{each.parent}/{word}") for word in each.words for template in left):
            yield from (f"  # {line}" for line in folded(alike_sentence(each), _WIDTH, hang=2))


def _routes(groups: Iterable[TemplateGroup], taken: set[str]) -> Iterator[str]:
    shapes: set[str] = set()
    for group in groups:
        methods = [method for method in group.methods if method in METHODS]
        wrong = parse_pattern(group.template)
        if isinstance(wrong, str) or not methods or shape_of(group.template) in shapes:
            yield f"  # not written, since no match takes it: {one_line(' '.join((*group.methods, group.template)))}"
            continue
        shapes.add(shape_of(group.template))
        name = next(each for each in _numbered(_name(group.template)) if each not in taken)
        taken.add(name)
        yield f"  # {_evidence(group)}"
        yield f"  - name: {json.dumps(name) if name in _NO_TEXT else name}"
        yield f'    match: "{",".join(methods)} {group.template}"'
        yield "    stage: legacy"
        if any("1xx" in each.statuses for each in group.endpoints):
            yield "    upgrades: [websocket]"


def _evidence(group: TemplateGroup) -> str:
    calls, callers = group.calls, len(group.callers)
    who = f"{callers} caller{'s' * (callers != 1)}"
    said = [f"{calls:,} call{'s' * (calls != 1)} by {who}, last {group.last}"]
    for each in group.endpoints[0].parameters:
        more = " or more" if each.distinct >= DISTINCT else ""
        said.append(f"{each.name}: {' or '.join(each.kinds)}, {each.distinct} value{'s' * (each.distinct != 1)}{more}")
    return "; ".join(said)


def _name(template: str) -> str:
    """`/api/v1/customers/{id}/orders` → `customers.orders`; one that ends in a parameter is `customers.one`."""
    segments = [segment for segment in template.split("/") if segment]
    while len(segments) > 1 and (segments[0] in _PREFIXES or is_version(segments[0])):
        segments = segments[1:]
    words = [re.sub(r"[^A-Za-z0-9]+", "-", each).strip("-").lower() for each in segments if not each.startswith("{")]
    words += ["one"] * template.endswith("}")
    name = ".".join(filter(None, words))[:_LONGEST_NAME].strip(".-") or "root"
    return name if name[0].isalpha() else f"r-{name}"


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 10_000):
        yield f"{name}-{number}"
