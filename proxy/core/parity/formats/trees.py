"""Bodies that are not JSON as trees that the walker reads, each media type in its own way."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from proxy.core.parity.formats.jsontext import read_json
from proxy.core.parity.formats.media import ContentType, Media, read_content_type

_MOST_FIELDS = 10_000
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile("\r\n|\r|\n")


def read_text(data: bytes, charset: str) -> str:
    """The text; raises `ValueError` where it is none in that charset. A byte order mark is not part of it."""
    return data.decode(charset).removeprefix("\ufeff")


def form_tree(text: str) -> dict[str, object]:
    """Values by name: a text, or a list where the name stands more than once."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def csv_tree(text: str, delimiter: str) -> list[object]:
    """Rows by the names of the first line if they can serve as such, else as lists."""
    rows = list(csv.reader(_LINE.sub("\n", text).splitlines(keepends=True), delimiter=delimiter, strict=True))
    head = rows[0] if rows else []
    if len(set(head)) < len(head) or any(len(row) != len(head) for row in rows):
        return list(rows)
    return [dict(zip(head, row, strict=True)) for row in rows[1:]] or [head]


def lines_tree(data: bytes, charset: str = "utf-8") -> list[object]:
    """One document per line; raises `ValueError` where a line is none."""
    documents = [read_json(line, charset) for line in data.splitlines() if line.strip()]
    if any(document is None for document in documents):
        raise ValueError("a line is no JSON")
    return [document.tree for document in documents if document is not None]


def events_tree(text: str) -> list[object]:
    """The events of a stream, comments left out (HTML, section 9.2.6); data that is JSON is read as such."""
    return [event for block in re.split(r"\n\n+", _LINE.sub("\n", text)) if (event := _event(block))]


def _event(block: str) -> dict[str, object]:
    found: dict[str, list[str]] = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name:
            found.setdefault(name, []).append(value.removeprefix(" "))
    event: dict[str, object] = {name: values[-1] for name, values in found.items()}
    if "data" in found:
        whole = "\n".join(found["data"])
        document = read_json(whole.encode("utf-8", "surrogatepass"))
        event["data"] = whole if document is None else document.tree
    return event


def multipart_tree(data: bytes, boundary: str) -> list[object]:
    """The parts without their boundary: what each says of itself, and its body read by its own type."""
    mark = b"--" + boundary.encode("latin-1", "replace")
    pieces = re.split(rb"(?:\A|\r?\n)" + re.escape(mark) + rb"(?=--|[ \t]*\r?\n|\Z)", data)
    if not boundary or len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the parts do not end")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> dict[str, object]:
    head, body = (*_BLANK_LINE.split(piece, maxsplit=1), b"")[:2]
    fields = dict(_fields(head.decode("latin-1")))
    return {"headers": fields, "body": _content(body, read_content_type(fields.get("content-type", "text/plain")))}


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in _LINE.split(head):
        name, mark, value = line.partition(":")
        if mark:
            yield name.strip().lower(), value.strip()


def _content(body: bytes, kind: ContentType) -> object:
    document = read_json(body, kind.charset) if kind.media is Media.JSON else None
    if document is not None:
        return document.tree
    return body.decode("utf-8", "backslashreplace")
