"""The published cases and how one is played and judged.

Rules of a verdict: what the case expects, and for every case alike: the upstreams read nothing but HTTP, what they read
is what Banyan logged as forwarded (R1), the connection ends when asked to, fresh clients get their own answers
afterwards, and nothing broke inside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proxy.core.http.redact import redact_target
from tests.wire.plane import Line, Plane, serving, snapshot_for, troubles
from tests.wire.play import Client, Cut, Heard, is_poisoned, pieces
from tests.wire.recorder import Recorder
from tests.wire.reference import Broken, Message

FILE = Path(__file__).parent / "published/cases.json"
_OURS = (b"x-request-id", b"traceparent", b"x-banyan-via")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of cases.json; `data` empty where the case is not one of bytes."""

    id: str
    rule: str
    kind: str
    title: str
    src: str
    verdict: str = ""
    data: bytes = b""
    fin: bool = False
    expect: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finals(self) -> int:
        """How many answers to wait for; 0 when the proxy has to close by itself."""
        if self.expect.get("close"):
            return 0
        return max(len(self.expect.get("status_seq", ())), int(self.expect.get("upstream_requests", 1)))


def load_cases() -> list[Case]:
    """All of them, in the file's order."""
    read = json.loads(FILE.read_text(encoding="ascii"))
    return [Case(data=each.pop("bytes", "").encode("latin-1"), **each) for each in read]


CASES = load_cases()
BY_ID = {case.id: case for case in CASES}


@dataclass(kw_only=True, slots=True)
class Seen:
    """What happened when a case was played."""

    finals: int
    heard: Heard
    raw: bytes
    requests: list[Message]
    lines: list[Line]
    complaints: list[str]

    @property
    def closes(self) -> bool:
        """Whether the proxy ended the connection, or said so in the last answer that the case waited for."""
        answers = [each for each in self.heard.responses() if each.status >= 200][: self.finals]
        return self.heard.ended or (bool(answers) and b"close" in answers[-1].values(b"connection"))

    @property
    def verdict(self) -> str:
        """In one phrase; the same however the input was cut."""
        said = " ".join(map(str, self.heard.statuses)) or "no answer"
        return f"{said}{', closed' if self.closes else ''}; {len(self.requests)} upstream"

    @property
    def forwarded(self) -> list[tuple[object, ...]]:
        """The requests upstream without what is drawn anew each time."""
        return [
            (each.words, tuple(pair for pair in each.fields if pair[0].lower() not in _OURS), each.body, each.trailers)
            for each in self.requests
        ]


async def play(case: Case, cut: Cut) -> Seen:
    """Play one case against a data plane and two recorders of its own."""
    legacy, new = Recorder(), Recorder()
    await legacy.start()
    await new.start()
    with troubles() as found:
        async with serving(snapshot_for(legacy.port, new.port)) as plane:
            seen = await _converse(case, cut, plane, (legacy, new))
    legacy.stop()
    new.stop()
    seen.complaints += found
    return seen


async def _converse(case: Case, cut: Cut, plane: Plane, recorders: tuple[Recorder, Recorder]) -> Seen:
    client = await Client.to(plane.port)
    client.heard.methods = (case.data.partition(b" ")[0],)
    await client.send(*pieces(case.data, cut, case.id))
    if case.fin:
        client.half_close()
    heard = await client.hear(case.finals)
    ended = heard.ended
    client.half_close()
    await client.hear()
    client.close()
    poisoned = await is_poisoned(plane.port)
    requests = [each for recorder in recorders for each in recorder.requests]
    seen = Seen(
        finals=case.finals,
        heard=replace(heard, ended=ended),
        raw=b"".join(recorder.raw for recorder in recorders),
        requests=requests,
        lines=plane.lines,
        complaints=[poisoned] if poisoned else [],
    )
    seen.complaints += [f"upstream read what is not HTTP: {each}" for recorder in recorders for each in recorder.broken]
    try:
        seen.complaints += judge(case.expect, seen)
    except Broken as broken:
        seen.complaints.append(f"the client read what is not HTTP: {broken}")
    seen.complaints += disagreements(seen.lines, requests)
    return seen


def disagreements(lines: list[Line], requests: list[Message]) -> list[str]:
    """R1: one line per request upstream and one request upstream per line that does not tell of a failure."""
    found: list[str] = []
    by_id = {line.request_id: line for line in lines if line.forwarded}
    read = {message.values(b"x-request-id")[0].decode(): message for message in requests}
    if len(read) != len(requests):
        found.append("one request reached the upstreams twice")
    for request_id, message in read.items():
        line = by_id.get(request_id)
        method, target, _ = message.words
        told = (line.method, line.target, line.received) if line else None
        if told != (method.decode(), redact_target(target).decode("latin-1"), len(message.body)):
            found.append(f"the upstream read {message.words} with {len(message.body)} bytes, the log says {told}")
    found += [
        f"logged but never upstream: {line}"
        for line in by_id.values()
        if not line.failure and line.request_id not in read
    ]
    return found


def judge(expect: Mapping[str, Any], seen: Seen) -> list[str]:
    """What the case itself demands."""
    found: list[str] = []
    statuses, ended = seen.heard.statuses, seen.heard.ended
    if seen.heard.hung:
        found.append("the connection hung")
    allowed = expect.get("status")
    if allowed and (statuses[0] if statuses else None) not in allowed:
        found.append(f"answered {statuses}, not one of {allowed}")
    if "status_seq" in expect and statuses != expect["status_seq"]:
        found.append(f"answered {statuses}, not {expect['status_seq']}")
    if expect.get("close") and not ended:
        found.append("the connection was left open")
    return found + _judge_upstream(expect, seen, statuses)


def _judge_upstream(expect: Mapping[str, Any], seen: Seen, statuses: list[int]) -> list[str]:
    found: list[str] = []
    if expect.get("upstream") == "none" and seen.raw:
        found.append(f"an upstream got {seen.raw[:80]!r}")
    if expect.get("upstream") == "aborted" and seen.requests:
        found.append("an upstream saw a whole request")
    sent = seen.raw + b"".join(each.body for each in seen.requests)  # bodies are recoded in pieces
    needed = expect.get("upstream_present", [])
    if statuses[:1] == [200]:
        needed = needed + expect.get("if_200_upstream_present", [])
    found += [f"missing upstream: {each!r}" for each in needed if not holds(each, sent)]
    found += [f"leaked upstream: {each!r}" for each in expect.get("upstream_absent", []) if holds(each, seen.raw)]
    targets = [message.words[1].decode("latin-1") for message in seen.requests]
    if expect.get("upstream_absent_as_request", "\0") in targets:
        found.append("a smuggled request was executed")
    for message in seen.requests:
        if expect.get("proxied", "\0").encode() == message.words[1] and not message.values(b"x-forwarded-for"):
            found.append("raw bytes reached an upstream as a request")
    if (not statuses or statuses[0] < 300) and len(seen.requests) != expect.get(
        "upstream_requests", len(seen.requests)
    ):
        found.append(f"{len(seen.requests)} requests upstream")
    return found


def holds(text: str, raw: bytes) -> bool:
    """Whether the upstreams got these bytes; names of fields count without case, request lines with."""
    wanted = text.replace("<peer>", "127.0.0.1").encode("latin-1")
    return wanted in raw or (not re.match(r"[A-Z]+ /", text) and wanted.lower() in raw.lower())
