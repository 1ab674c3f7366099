"""A strict reader of HTTP/1.x messages, written for the tests alone: the judge must not share code with the accused.

Rules: RFC 9112 read without any of its leniency. Lines end in CRLF, a request has one Host (1.1), a body has one
length or the one coding `chunked`, and whatever is not in the grammar is `Broken`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) ([!-~]+) HTTP/1\.([0-9])" % TOKEN)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD = re.compile(
    rb"(%b):[\t ]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[\t ]*" % TOKEN
)
_QUOTED = rb'"(?:[\t\x20!\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)(?:;%b(?:=(?:%b|%b))?)*" % (TOKEN, TOKEN, _QUOTED))
_DIGITS = re.compile(rb"[0-9]+")

Fields = tuple[tuple[bytes, bytes], ...]


class Broken(Exception):  # noqa: N818 -- a verdict, raised to leave the grammar at once
    """The bytes are not HTTP, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`words` are the start line's three parts: method, target, minor version; or minor version, status, reason."""

    words: tuple[bytes, bytes, bytes]
    fields: Fields
    body: bytes = b""
    trailers: Fields = ()

    def values(self, name: bytes) -> list[bytes]:
        """Of the fields called `name` (lower case), in order."""
        return [value for each, value in self.fields if each.lower() == name]

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.words[1])


def read_request(data: bytes) -> tuple[Message, bytes] | None:
    """The first request in `data` and what follows it; None when more bytes are needed."""
    found = _head(data)
    if found is None:
        return None
    line, fields, rest = found
    words = _REQUEST_LINE.fullmatch(line)
    if words is None:
        raise Broken(f"request line {line[:80]!r}")
    method, target, minor = words.groups()
    if b"#" in target:
        raise Broken("a fragment in the target")
    message = Message(words=(method, target, minor), fields=fields)
    if minor == b"1" and len(message.values(b"host")) != 1:
        raise Broken("not exactly one Host")
    return _with_body(message, rest, minor, otherwise=0)


def read_response(data: bytes, method: bytes, *, ended: bool, bare: bool = False) -> tuple[Message, bytes] | None:
    """The first response in `data`, interim or final, to a request with `method`; `ended` says that no byte follows.

    `bare` lets the status line end with its status: many servers leave the space before an empty reason out.
    """
    found = _head(data)
    if found is None:
        return None
    line, fields, rest = found
    words = _STATUS_LINE.fullmatch(line + b" " if bare and line.count(b" ") == 1 else line)
    if words is None:
        raise Broken(f"status line {line[:80]!r}")
    minor, status, reason = words.groups()
    message = Message(words=(minor, status, reason), fields=fields)
    if method == b"HEAD" or status[:1] == b"1" or status in (b"204", b"304"):
        return message, rest
    return _with_body(message, rest, minor, otherwise=len(rest) if ended else None)


def read_requests(data: bytes) -> tuple[list[Message], bytes, str]:
    """All whole requests, the bytes behind them, and what is wrong with those (empty: nothing yet)."""
    messages: list[Message] = []
    while data := _skip_empty_lines(data):
        try:
            found = read_request(data)
        except Broken as broken:
            return messages, data, str(broken)
        if found is None:
            break
        messages.append(found[0])
        data = found[1]
    return messages, data, ""


def _skip_empty_lines(data: bytes) -> bytes:
    """RFC 9112 section 2.2: before a request line they are ignored."""
    while data.startswith(b"\r\n"):
        data = data[2:]
    return data


def _head(data: bytes) -> tuple[bytes, Fields, bytes] | None:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    line, *lines = data[:end].split(b"\r\n")
    return line, _fields(lines), data[end + 4 :]


def _fields(lines: list[bytes]) -> Fields:
    found = [(_FIELD.fullmatch(line), line) for line in lines]
    for match, line in found:
        if match is None:
            raise Broken(f"field line {line[:80]!r}")
    return tuple((match[1], match[2]) for match, _ in found if match is not None)


def _with_body(head: Message, data: bytes, minor: bytes, *, otherwise: int | None) -> tuple[Message, bytes] | None:
    """`otherwise` is the length when no field says one; None means until the end."""
    codings, lengths = head.values(b"transfer-encoding"), head.values(b"content-length")
    if codings:
        if lengths or minor == b"0" or [each.lower() for each in codings] != [b"chunked"]:
            raise Broken(f"framing {codings} {lengths}")
        return _chunked(head, data)
    if lengths and (len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0])):
        raise Broken(f"length {lengths}")
    length = _size(lengths[0], 10) if lengths else otherwise
    if length is None or len(data) < length:
        return None
    return Message(words=head.words, fields=head.fields, body=data[:length]), data[length:]


def _size(digits: bytes, base: int) -> int:
    """A number that everybody can hold."""
    size = int(digits, base)
    if size >= 2**63:
        raise Broken(f"size {digits[:40]!r}")
    return size


def _chunked(head: Message, data: bytes) -> tuple[Message, bytes] | None:
    body: list[bytes] = []
    while (end := data.find(b"\r\n")) >= 0:
        size = _CHUNK.fullmatch(data[:end])
        if size is None:
            raise Broken(f"chunk {data[:end][:80]!r}")
        length = _size(size[1], 16)
        data = data[end + 2 :]
        if not length:
            return _trailers(head, b"".join(body), data)
        if len(data) < length + 2:
            return None
        if data[length : length + 2] != b"\r\n":
            raise Broken("chunk data is longer than its size")
        body.append(data[:length])
        data = data[length + 2 :]
    return None


def _trailers(head: Message, body: bytes, data: bytes) -> tuple[Message, bytes] | None:
    if data.startswith(b"\r\n"):
        return Message(words=head.words, fields=head.fields, body=body), data[2:]
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    trailers = _fields(data[:end].split(b"\r\n"))
    return Message(words=head.words, fields=head.fields, body=body, trailers=trailers), data[end + 4 :]
