"""A request as somebody types it on a command line, read by the very code that reads live ones.

Rule 1: the bytes go through llhttp and the snapshot's own reader as if they had come over a socket: its limits and its
        leniency hold, and what live traffic would be refused is refused.
Rule 2: nothing is added but a Host, and only where none was typed: a request without one could not be explained.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.core.http.request import RequestHead, RequestRefusal
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.routing.lenient_requests import LenientRequests
from proxy.edge.wire.head_parser import PartialHead, refusal_of

NO_HOST = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRequest:
    """What was typed; `fields` are whole lines (`Name: value`); `host` empty when no --host was given."""

    method: str
    target: str
    fields: tuple[str, ...] = ()
    host: str = ""

    @property
    def raw(self) -> bytes:
        """The head as it would stand on the wire."""
        lines = (f"{self.method} {self.target} HTTP/1.1", *self._host_line(), *self.fields, "", "")
        return b"\r\n".join([os.fsencode(line) for line in lines])

    def _host_line(self) -> Sequence[str]:
        if self.host:
            return (f"Host: {self.host}",)
        if any(line.partition(":")[0].lower() == "host" for line in self.fields):
            return ()
        return (f"Host: {self._authority() or NO_HOST}",)

    def _authority(self) -> str:
        """Of a target that was pasted as a whole URL."""
        _, found, rest = self.target.partition("://")
        return rest.split("/", 1)[0].split("?", 1)[0] if found and not self.target.startswith("/") else ""


def fault_of(request: TypedRequest) -> str:
    """What makes this no request at all, however lenient one is; empty when it can be read."""
    for name, text in (("METHOD", request.method), ("TARGET", request.target), ("--host", request.host)):
        if any(mark in text for mark in "\r\n "):
            return f"{name} holds a blank or a line break: {text!r}"
    if not request.target.startswith(("/", "*")) and "://" not in request.target and request.method != "CONNECT":
        return f"TARGET begins with / or is a whole URL: did you mean /{request.target}?"
    for line in request.fields:
        if ":" not in line or "\r" in line or "\n" in line:
            return f"a header is typed as 'Name: value' on one line, got {line!r}"
    return ""


def read_typed(request: TypedRequest, snapshot: Snapshot) -> RequestHead | RequestRefusal:
    """The head, or why live traffic would be refused."""
    partial = PartialHead.of_request(snapshot.forgiven)
    end, problem = partial.add(request.raw)
    if problem:
        return refusal_of(partial.data, problem)
    raw = partial.data[:end]
    if partial.used:
        return LenientRequests(snapshot).read(raw, partial.used)
    head = snapshot.reader().read(raw)
    if isinstance(head, RequestRefusal) and snapshot.forgiven:
        return LenientRequests(snapshot).read_again(raw, head)
    return head
