"""What llhttp, which sees every byte before our own code does, makes of a message: the other opinion.

Rule 1: as in production: strict, a fresh parser per message, a head fed exactly up to its empty line.
Rule 2: how llhttp frames a body is found out by offering it one, never read from the fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser

CHUNKED = -1
OFFERED = 2000
"""Bytes of body that are offered; a longer one, or one until close, has this length."""
_CHUNKED_POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(slots=True)
class Heard:
    """What llhttp told. `length` as in our own heads, None where it was not asked; `error` empty when it had none."""

    target: bytes = b""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False
    upgrade: bool = False
    error: str = ""
    method: bytes = b""
    status: int = 0
    version: str = ""
    length: int | None = None

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.strip(b" \t")))

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.complete = True


def head_of(data: bytes) -> bytes:
    """The part of `data` that Banyan takes for the head: up to the first empty line, which is added if missing."""
    return (data + b"\r\n\r\n").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def hear_request(head: bytes) -> Heard:
    """What it says of a whole request head."""
    heard = Heard()
    parser = HttpRequestParser(heard)
    _feed(parser, heard, head)
    if not heard.error:
        heard.method, heard.version = parser.get_method(), parser.get_http_version()
        heard.length = _length(parser, heard)
    return heard


def hear_response(head: bytes) -> Heard:
    """What it says of a whole response head, taken as the answer to a GET."""
    heard = Heard()
    parser = HttpResponseParser(heard)
    _feed(parser, heard, head)
    if not heard.error:
        heard.status, heard.version = parser.get_status_code(), parser.get_http_version()
        heard.length = _length(parser, heard)
    return heard


def hear_chunked(body: bytes) -> Heard:
    """What it makes of a chunked body: payload, whether it is whole, and what it has against it."""
    heard = Heard()
    parser = HttpRequestParser(heard)
    _feed(parser, heard, _CHUNKED_POST)
    _feed(parser, heard, body)
    return heard


def _feed(parser: HttpRequestParser | HttpResponseParser, heard: Heard, data: bytes) -> None:
    try:
        parser.feed_data(data)
    except HttpParserUpgrade:
        heard.upgrade = True
    except HttpParserError as error:
        heard.error = str(error)


def _length(parser: HttpRequestParser | HttpResponseParser, heard: Heard) -> int | None:
    """`Z` is payload of a sized body, and no size of a chunk; after an upgrade llhttp reads no body at all."""
    if heard.upgrade or heard.complete:
        return None if heard.upgrade else 0
    offered = Heard()
    _feed(parser, offered, b"Z" * OFFERED)
    return CHUNKED if offered.error and not heard.complete else len(heard.body)
