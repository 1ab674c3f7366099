"""The text of an exported test.

Rule 1: only what can be sent as it was and asked as it was goes into it: no hashes, nothing unsafe, nothing cut.
Rule 2: it says what legacy said at the path, not what a difference shows of it, which is shortened.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pprint import pformat
from typing import TYPE_CHECKING

from proxy.cli.evidence.replaying import HASHED, LeftOut, ReplayPlan, body_of, kept_of
from proxy.core.parity.rules.paths import ROOT

if TYPE_CHECKING:
    from proxy.api.evidence import CapturedAnswerView, ClusterView, ExchangeView
    from proxy.core.routing.route import Route

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\['((?:[^'\\]|\\.)*)'\]|\[(\*)\]|\{(\*)\}")
_PART_OF_A_LIST = frozenset({"element", "length", "order"})

TEXT = '''\
"""{title}

Exported by `banyan export {route} {cluster}`: it passes once new answers as legacy did.
"""

import json
import os
import socket
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import unquote, urlsplit

import pytest

TARGET = os.environ.get("TARGET_URL", {target!r})
PATH = {path}
"""A list of steps into JSON (None: every element or member), a header's name, or None for the status."""
CASES = {cases}
"""Method, target, fields, the status that legacy answered, and what it said at PATH."""


def ask(method, target, fields):
    parts = urlsplit(TARGET)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "localhost", parts.port, timeout=30)
    if parts.scheme == "http+unix":
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(unquote(parts.path))
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def values_at(tree, steps):
    if not steps:
        return [tree]
    step, rest = steps[0], steps[1:]
    if step is None:
        inner = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    else:
        inner = [tree[step]] if isinstance(tree, dict) and step in tree else []
    return [value for each in inner for value in values_at(each, rest)]


@pytest.mark.parametrize(("method", "target", "fields", "status", "said"), CASES)
def test_new_answers_as_legacy_did(method, target, fields, status, said):
    response, body = ask(method, target, fields)

    assert response.status == status
    if isinstance(PATH, str):
        assert response.headers.get_all(PATH, []) == said
    elif PATH is not None:
        assert values_at(json.loads(body), PATH) == said
'''


def text_of(
    route: Route, cluster: ClusterView, exchanges: Sequence[ExchangeView], target: str
) -> tuple[str, Counter[LeftOut]]:
    """The file, empty when no exchange will do, and how many were left out why."""
    steps = list(steps_of(cluster.path)) if cluster.path.startswith(ROOT) else []
    if cluster.kind in _PART_OF_A_LIST and steps and steps[-1] is None:
        steps.pop()
    plan = ReplayPlan(route=route, to=target, own_host=False, key=b"none is needed: hashes elsewhere do not matter")
    cases, left_out = [], Counter[LeftOut]()
    for exchange in exchanges:
        case = _case(exchange, cluster.path, steps, plan)
        if isinstance(case, LeftOut):
            left_out[case] += 1
        else:
            cases.append(case)
    if not cases:
        return "", left_out
    title = f"{route.name}: {cluster.path} ({cluster.kind})".replace("\\", "/").replace('"', "'")
    return (
        TEXT.format(
            title=title,
            route=route.name,
            cluster=cluster.id,
            target=target,
            path=_path(cluster.path, steps),
            cases=pformat(cases, width=110, sort_dicts=False),
        ),
        left_out,
    )


def steps_of(path: str) -> Iterator[str | None]:
    """`$.items[*].price` → items, None, price."""
    for found in _STEP.finditer(path, len(ROOT)):
        name, quoted = found[1], found[2]
        if name is not None:
            yield name
        elif quoted is not None:
            yield re.sub(r"\\(.)", r"\1", quoted)
        else:
            yield None


def _path(path: str, steps: list[str | None]) -> str:
    if path.startswith("header:"):
        return repr(path.split(":")[1])
    return repr(steps) if path.startswith(ROOT) else "None"


def _case(exchange: ExchangeView, path: str, steps: list[str | None], plan: ReplayPlan) -> tuple[object, ...] | LeftOut:
    kept = kept_of(exchange, plan)
    if isinstance(kept, LeftOut):
        return kept
    said = _said(exchange.legacy, path, steps)
    if HASHED.search(repr(said).encode("utf-8", "replace")):
        return LeftOut.HASHED
    request = exchange.request
    return request.method, request.target, [tuple(pair) for pair in request.fields], exchange.legacy.status, said


def _said(legacy: CapturedAnswerView, path: str, steps: list[str | None]) -> object:
    if path.startswith("header:"):
        asked = path.split(":")[1].lower()
        return [value for name, value in legacy.fields if name.lower() == asked]
    if not path.startswith(ROOT):
        return None
    try:
        return values_at(json.loads(body_of(legacy)), steps)
    except ValueError:
        return None


def values_at(tree: object, steps: Sequence[str | None]) -> list[object]:
    """What stands where the steps lead; None goes to every element or member."""
    if not steps:
        return [tree]
    step, rest = steps[0], steps[1:]
    inner: list[object]
    if step is None:
        inner = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    else:
        inner = [tree[step]] if isinstance(tree, dict) and step in tree else []
    return [value for each in inner for value in values_at(each, rest)]
