"""What the default waits do to requests that wait for long: long polls and event streams, cut without anybody's fault.

Rule 1: a remark is printed and is no warning: `--strict` passes it. It stands at the line that says that requests wait.
Rule 2: what the file says outright is meant: whoever writes the wait, on the route or on an upstream that answers, or
        `timeout: streaming`, is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.blocks.schema import RouteBlock, TimeoutBlock
from proxy.config.build import needed_upstreams
from proxy.config.read import Draft
from proxy.config.readers.match_values import Condition
from proxy.config.readers.scalars import STREAMING
from proxy.config.text.problem import Path, Problem
from proxy.core.routing.route import Timeouts

_DEFAULT = Timeouts()
_CURE = f"write timeout: {STREAMING} here, or"
_STREAMS = "text/event-stream"
_WAIT = "wait"


def waits_to_know(draft: Draft) -> Iterator[Problem]:
    """Rule 1."""
    for index, block in draft.routes:
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


def _said(draft: Draft, block: RouteBlock) -> set[str]:
    """The waits that the file says for this route: its own, or those of every upstream that answers."""
    answering = [draft.upstreams[name] for name in needed_upstreams(block) if name in draft.upstreams]
    of_upstreams = [_written(each.timeout) for each in answering]
    return _written(block.timeout).union(set[str]().union(*of_upstreams).intersection(*of_upstreams))


def _written(block: TimeoutBlock | None) -> set[str]:
    return set() if block is None else {key for key in ("response", "idle") if getattr(block, key) is not None}


def _names(asked: Condition | None, word: str) -> bool:
    """Whether a condition on a field wants this word in it."""
    return asked is not None and not isinstance(asked, bool) and any(word in each.lower() for each in asked)
