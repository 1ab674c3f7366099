"""`upgrades:` and `timeout:` of a route: what may wait long there, and how long it is waited.

Rule 1: what a route's timeout leaves out is its upstream's.
Rule 2: a remark tells of requests that wait for long (long polls, event streams) and that the default waits cut
        without anybody's fault. It stands at the line that says that requests wait.
Rule 3: what the file says outright is meant: whoever writes the wait, on the route or on an upstream that answers, or
        `timeout: streaming`, is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.blocks.match import Condition
from proxy.config.blocks.route import RouteWithAnswer, needed_upstreams
from proxy.config.blocks.upstream import STREAMING, AnyTimeout, TimeoutBlock, UpstreamKeys, timeouts_of
from proxy.config.readers.errors import fault, one_of
from proxy.config.text.problem import FileProblem, Path
from proxy.core.routing.route import Timeouts

_KNOWN = ("websocket",)
_DEFAULT = Timeouts()
_CURE = f"write timeout: {STREAMING} here, or"
_STREAMS = "text/event-stream"
_WAIT = "wait"


def read_upgrades(value: object) -> bool:
    """`[websocket]`, the one upgrade that is known."""
    if not isinstance(value, list):
        raise fault("must be a list such as [websocket]")
    for upgrade in value:
        if upgrade not in _KNOWN:
            raise one_of(upgrade, _KNOWN)
    return bool(value)


Upgrades = Annotated[
    bool,
    BeforeValidator(read_upgrades),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": list(_KNOWN)}}),
]


class WaitKeys(Block):
    """What may wait long on a route."""

    upgrades: Upgrades | None = optional("Upgrades that this route lets through.", ["websocket"])
    timeout: AnyTimeout | None = optional(
        "Waits of this route instead of its upstream's.", {"response": "60s"}, "streaming"
    )


class _Route(RouteWithAnswer, WaitKeys):
    """What the rules here ask of a route."""


def timeouts_are_complete(draft: Draft) -> Iterator[FileProblem]:
    """What a route's timeout leaves out is its upstream's, so two upstreams must agree on it."""
    upstreams = draft.of_upstreams(UpstreamKeys)
    for index, block in draft.of_routes(_Route):
        names = [name for name in needed_upstreams(block) if name in upstreams]
        if block.timeout is None or len(names) < 2:
            continue
        first, second = (timeouts_of(upstreams[name].timeout) for name in names)
        for key in TimeoutBlock.model_fields:
            one, other = getattr(first, key), getattr(second, key)
            if getattr(block.timeout, key) is None and one != other:
                values = f"{names[0]} has {one:g}s, {names[1]} {other:g}s"
                message = f"leaves out {key}, on which its upstreams differ ({values}); write {key} here too"
                yield draft.problem(("routes", index, "timeout"), message)


def waits_to_know(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2."""
    for index, block in draft.of_routes(_Route):
        if block.respond is not None:
            continue
        said = _said(draft, block)
        path: Path = ("routes", index)
        headers = block.match.headers or {}
        if _names(headers.get("accept"), _STREAMS) and "idle" not in said:
            sentence = f"an event stream is cut after {_DEFAULT.idle:g}s without a byte, the default; {_CURE} idle"
            yield draft.problem((*path, "match"), sentence)
        if (headers.get("prefer") is True or _names(headers.get("prefer"), _WAIT)) and "response" not in said:
            sentence = f"a long poll is answered with 504 after {_DEFAULT.response:g}s, the default; {_CURE} response"
            yield draft.problem((*path, "match"), sentence)
        if block.upgrades and not said & {"response", "idle"}:
            sentence = (
                f"a client that falls back from the tunnel to polls or streams gets 504 after {_DEFAULT.response:g}s "
                f"without an answer and is cut after {_DEFAULT.idle:g}s without a byte, the defaults; {_CURE} response "
                "and idle"
            )
            yield draft.problem((*path, "upgrades"), sentence)


def _said(draft: Draft, block: _Route) -> set[str]:
    """The waits that the file says for this route: its own, or those of every upstream that answers."""
    upstreams = draft.of_upstreams(UpstreamKeys)
    of_upstreams = [_written(upstreams[name].timeout) for name in needed_upstreams(block) if name in upstreams]
    return _written(block.timeout).union(set[str]().union(*of_upstreams).intersection(*of_upstreams))


def _written(block: TimeoutBlock | None) -> set[str]:
    return set() if block is None else {key for key in ("response", "idle") if getattr(block, key) is not None}


def _names(asked: Condition | None, word: str) -> bool:
    """Whether a condition on a field wants this word in it."""
    return asked is not None and not isinstance(asked, bool) and any(word in value.lower() for value in asked)


def _build(keys: _Route, draft: Draft) -> Mapping[str, object]:
    return {"websocket": bool(keys.upgrades), "timeouts": _timeouts(keys, draft)}


def _timeouts(keys: _Route, draft: Draft) -> Timeouts | None:
    """Rule 1; where two upstreams answer they agree (`timeouts_are_complete`)."""
    if keys.timeout is None:
        return None
    upstreams = draft.of_upstreams(UpstreamKeys)
    known = [timeouts_of(upstreams[name].timeout) for name in needed_upstreams(keys) if name in upstreams]
    return timeouts_of(keys.timeout, *known[:1])


WAITS = Section(route=KeysAt(WaitKeys, _build), checks=(timeouts_are_complete,), remarks=(waits_to_know,))
