"""The rows `may_i` and `round_trip`: one harmless request, and what it was answered with.

Rule 1: the path that `health` names, by GET as health probes ask for it; without one, `HEAD /`.
Rule 2: a refusal is asked for once more by GET, on a connection of its own: HEAD has no body, and the body may say
        what is missing. Nothing else is ever sent twice.
Rule 3: a head is judged by the parsers that serve, with the points of leniency of the upstream.
Rule 4: TLS 1.3 refuses a client only after its handshake, by an alert that is lost where a request was written
        meanwhile: who ends a connection without an answer is listened to once more, in silence.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from time import monotonic

from proxy import __version__
from proxy.core.http.response import MAX_HEAD, ResponseReader
from proxy.core.reachability.answer_finding import Answer
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed
from proxy.core.routing.route import Upstream
from proxy.edge.wire.head_parser import PartialHead
from proxy.reachability.bounds import Bounds, ms_since
from proxy.reachability.connection_rows import Opened
from proxy.tls.handshake_errors import sentence_of

MOST_BODY = 16 * 1024
ALERT = 1.0
"""Seconds for which an alert is waited for (rule 4)."""
_CHALLENGE = b"www-authenticate"
_FIRST_FINAL, _FIRST_BAD = 200, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`host` is what the Host field says."""

    method: str
    path: str
    host: str

    @property
    def asked(self) -> str:
        """For people."""
        return f"{self.method} {self.path}"

    @property
    def written(self) -> bytes:
        """As it goes out."""
        fields = f"Host: {self.host}\r\nUser-Agent: banyan-probe/{__version__}\r\nAccept: */*\r\nConnection: close"
        return f"{self.method} {self.path} HTTP/1.1\r\n{fields}\r\n\r\n".encode("latin-1")


async def ask(opened: Opened, question: Question, upstream: Upstream, bounds: Bounds) -> tuple[Answer | Finding, float]:
    """What came, or the row that says why nothing did; milliseconds until its head was there."""
    length, began = bounds.of(upstream.timeouts.response), monotonic()
    try:
        async with asyncio.timeout(length):
            opened.writer.write(question.written)
            answer = await _read(opened.reader, question, upstream)
    except TimeoutError:
        cure = f"it took the request and says nothing: see its log, or raise upstreams.{upstream.name}.timeout.response"
        said = f"timed out: no answer to {question.asked} within {length:.1f} s"
        return failed(ProbeRow.MAY_I, said, End.THERE, cure), ms_since(began)
    except OSError as error:
        return _broken(error, question, upstream), ms_since(began)
    took = ms_since(began)
    return answer, took


async def alert(opened: Opened, question: Question, upstream: Upstream, bounds: Bounds) -> Finding | None:
    """What a connection says on which nothing is asked (rule 4); None where it says nothing."""
    try:
        async with bounds.within(ALERT):
            await opened.reader.read(1)
    except ssl.SSLError as error:
        return _broken(error, question, upstream)
    except OSError:
        pass
    return None


async def _read(reader: asyncio.StreamReader, question: Question, upstream: Upstream) -> Answer | Finding:
    """The first final answer, and the beginning of its body; interim ones are passed over."""
    data = b""
    while True:
        found = await _head(reader, data, upstream)
        if isinstance(found, str):
            return _unreadable(question, found)
        raw, data = found
        head = ResponseReader().read(raw, bodyless=question.method == "HEAD")
        if isinstance(head, str):
            return _unreadable(question, head)
        if head.status >= _FIRST_FINAL:
            has_words = head.status >= _FIRST_BAD and question.method != "HEAD"
            body = (await _body(reader, data)).decode("utf-8", "replace") if has_words else ""
            return Answer(asked=question.asked, status=head.status, challenge=_challenge(raw), body=body)


async def _head(reader: asyncio.StreamReader, data: bytes, upstream: Upstream) -> tuple[bytes, bytes] | str:
    """A whole head and what came after it, or what is wrong with it; `data` came already."""
    partial = PartialHead.of_response(upstream.leniency)
    end, problem = partial.add(data) if data else (-1, "")
    while end < 0 and not problem:
        if len(partial.data) > MAX_HEAD:
            return f"its head is longer than {MAX_HEAD // 1024} KiB"
        data = await reader.read(MAX_HEAD)
        if not data:
            raise ConnectionResetError
        end, problem = partial.add(data)
    return problem or (partial.data[:end], partial.data[end:])


async def _body(reader: asyncio.StreamReader, begun: bytes) -> bytes:
    """What comes of it, chunked or not: words in it are looked for, nothing more."""
    try:
        async with asyncio.timeout(1.0):
            while len(begun) < MOST_BODY and (more := await reader.read(MOST_BODY)):
                begun += more
    except (TimeoutError, OSError):
        pass
    return begun[:MOST_BODY]


def _challenge(raw: bytes) -> str:
    fields = (line.partition(b":") for line in raw.split(b"\r\n")[1:])
    values = [value.strip() for name, _, value in fields if name.lower() == _CHALLENGE]
    return b", ".join(values).decode("latin-1")


def _unreadable(question: Question, problem: str) -> Finding:
    cure = "it has to answer in clean HTTP/1.1: requests would be answered with 502; see `leniency` in docs/routes.md"
    return failed(ProbeRow.MAY_I, f"the answer to {question.asked} cannot be read: {problem}", End.THERE, cure)


def _broken(error: OSError, question: Question, upstream: Upstream) -> Finding:
    """No answer came; an alert of TLS says why."""
    if isinstance(error, ssl.SSLError):
        sentence, _, cure = sentence_of(error, upstream).partition("; ")
        row = ProbeRow.AS_WHOM if "client certificate" in sentence else ProbeRow.MAY_I
        return failed(row, sentence, End.HERE if cure else End.THERE, cure or "see its log")
    cure = "it takes connections and ends them before it answers: see its log; does its url need https://?"
    return failed(ProbeRow.MAY_I, f"the connection ended before an answer to {question.asked}", End.THERE, cure)
