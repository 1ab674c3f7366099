"""The rows `may_i` and `round_trip`: one harmless request, and what it was answered with.

Rule 1: of an upstream the path that `health` names, by GET as health probes ask for it; without one, `HEAD /`.
Rule 2: a refusal is asked for once more by GET, on a connection of its own: HEAD has no body, and the body may say
        what is missing. Nothing else is ever sent twice.
Rule 3: a head is judged by the parsers that serve, with the points of leniency of the upstream.
Rule 4: TLS 1.3 refuses a client only after its handshake, by an alert that is lost where a request was written
        meanwhile: who ends a connection without an answer is listened to once more, in silence.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from time import monotonic

from httptools import HttpParserError, HttpResponseParser

from proxy.core.http.response import MAX_HEAD, ResponseReader
from proxy.core.reachability.answer_finding import Answer
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed
from proxy.core.routing.route import Upstream
from proxy.edge.wire.head_parser import PartialHead
from proxy.reachability.connection_rows import Opened
from proxy.reachability.question import Question
from proxy.reachability.target_time import TargetTime, ms_since
from proxy.tls.handshake_errors import sentence_of

ALERT, BODY = 1.0, 2.0
"""Seconds for which an alert is waited for (rule 4), and a body."""
_CHALLENGE, _BY_IAP = b"www-authenticate", b"x-goog-iap-generated-response"
_FIRST_FINAL, _FIRST_BAD = 200, 400


class _Body:
    """Collects a body, chunked or not, as llhttp reads it."""

    def __init__(self) -> None:
        self.read = bytearray()
        self.ended = False

    def on_body(self, data: bytes) -> None:
        """Some of it."""
        self.read += data

    def on_message_complete(self) -> None:
        """All of it has come."""
        self.ended = True


async def ask(
    opened: Opened, question: Question, written: bytes, upstream: Upstream, target_time: TargetTime
) -> tuple[Answer | Finding, float]:
    """What came, or the row that says why nothing did; milliseconds until its head was there.

    `written` is the question with what it is asked as.
    """
    length, began = target_time.of(upstream.timeouts.response), monotonic()
    try:
        async with asyncio.timeout(length):
            opened.writer.write(written)
            answer = await _read(opened.reader, question, upstream)
    except TimeoutError:
        cure = f"it took the request and says nothing: see its log, or raise upstreams.{upstream.name}.timeout.response"
        said = f"timed out: no answer to {question.asked} within {length:.1f} s"
        return failed(ProbeRow.MAY_I, said, End.THERE, cure), ms_since(began)
    except OSError as error:
        return _broken(error, question, upstream), ms_since(began)
    took = ms_since(began)
    return answer, took


async def alert(opened: Opened, question: Question, upstream: Upstream, target_time: TargetTime) -> Finding | None:
    """What a connection says on which nothing is asked (rule 4); None where it says nothing."""
    try:
        async with target_time.within(ALERT):
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
            is_read = question.method != "HEAD" and (question.whole or head.status >= _FIRST_BAD)
            body = await _body(reader, raw, data, question.most) if is_read else b""
            challenge, is_iap = _field(raw, _CHALLENGE), _field(raw, _BY_IAP).lower() == "true"
            return Answer(asked=question.asked, status=head.status, challenge=challenge, body=body, is_iap=is_iap)


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


async def _body(reader: asyncio.StreamReader, raw: bytes, begun: bytes, most: int) -> bytes:
    """What comes of it behind the head `raw`; what is not whole is taken as far as it came."""
    body = _Body()
    parser = HttpResponseParser(body)
    with suppress(TimeoutError, OSError, HttpParserError):
        async with asyncio.timeout(BODY):
            parser.feed_data(raw + begun)
            while not body.ended and len(body.read) <= most and (more := await reader.read(MAX_HEAD)):
                parser.feed_data(more)
    return bytes(body.read[: most + 1])


def _field(raw: bytes, wanted: bytes) -> str:
    fields = (line.partition(b":") for line in raw.split(b"\r\n")[1:])
    values = [value.strip() for name, _, value in fields if name.lower() == wanted]
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
