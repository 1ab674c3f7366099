"""The head of an upstream's response: from the bytes that the C parser accepted to what the relay needs.

Rule 1: the C parser has refused bare CR, bare LF and control characters in fields; not those in the reason, nor codings
        beside chunked, nor a status below 100.
Rule 2: how the body ends depends on the request too (RFC 9112 section 6.3): HEAD, 1xx, 204, 205 and 304 have none.
Rule 3: a response whose framing is not certain is a failure, never a guess (R12).
Rule 4: an upstream that says how long it keeps an idle connection (`Keep-Alive: timeout=5`, RFC 2068 section 19.7.1) is
        believed, less a margin for what is on its way and for the look at idle connections every 100 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from proxy.core.http.headers import PROTECTED, FieldKind, connection_tokens, is_managed, response_kind
from proxy.core.http.memo import Memo

MAX_HEAD = 64 * 1024
"""Bytes of a response head; legacy cookies do reach 9 KiB, so this is wider than a client's request line."""
MAX_FIELDS = 512
UNTIL_CLOSE = -2
CHUNKED: Final = -1
_MEMO = 2048
_MEMO_KEY = 128
"""Remembered names and status lines, and the bytes of one; when full, everything is forgotten and learnt again."""
_FIRST_FINAL = 200
_RESET_CONTENT = 205
_NO_CONTENT = frozenset({204, _RESET_CONTENT})
_BODYLESS = _NO_CONTENT | {304}
_MAX_DIGITS = 18
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?)")
_TIMEOUT = re.compile(rb"(?:^|,)[\t ]*timeout[\t ]*=[\t ]*\"?([0-9]{1,6})\"?[\t ]*(?:,|$)", re.IGNORECASE)
_MARGIN = 1.0
"""Seconds before an upstream's own end of an idle connection; of a short time, half of it."""
NEVER: Final = float("inf")
_LENGTH, _CONNECTION = int(FieldKind.CONTENT_LENGTH), int(FieldKind.CONNECTION)
_KEEP_ALIVE = b" keep-alive"
_HEADS = 256
_LONGEST_HEAD = 1024
_STAYS = frozenset(
    {int(kind) for kind in (FieldKind.LOCATION, FieldKind.SET_COOKIE, FieldKind.MANAGED, FieldKind.TRANSFER_ENCODING)}
)


class ResponseHead:
    """`length` is bytes, `CHUNKED` or `UNTIL_CLOSE`; `reason` is the status line after the version.

    `idles` is for how many seconds the connection may be idle after it, as the upstream says.
    `saw` is whom the upstream saw, as it says to Banyan alone (`X-Banyan-Saw`): it is none of `lines`.
    `framing_at` is the place in `lines` of the upstream's own length or coding (-1: none).
    Defaults stand on the class for speed.
    """

    framing_at: int = -1
    has_request_id: bool = False
    idles: float = NEVER
    keep_alive: bool = True
    upgrade: bytes = b""
    rewritable: bool = False
    saw: bytes = b""
    trailer: tuple[bytes, ...] = ()

    def __init__(self, status: int, reason: bytes, minor: int) -> None:
        """The status line's parts; `minor` is 1 for HTTP/1.1, 0 for HTTP/1.0."""
        self.status = status
        self.reason = reason
        self.minor = minor
        self.length = UNTIL_CLOSE
        self.lines: list[bytes] = []


class ResponseReader:
    """Reads response heads; remembers what each field name means, bounded."""

    __slots__ = ("_heads", "_kinds", "_starts", "recall")

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._kinds: dict[bytes, int] = {}
        self._starts: dict[bytes, tuple[int, bytes, int]] = {}
        self._heads: Memo[ResponseHead] = Memo(_HEADS, _LONGEST_HEAD)
        self.recall: Callable[[bytes], ResponseHead | None] = self._heads.get
        """The head, when the very same bytes were accepted before (not for HEAD); nobody may change it."""

    def read(self, raw: bytes, *, bodyless: bool) -> ResponseHead | str:
        """`raw` is a whole head; `bodyless` says that the request was HEAD. A `str` says what is wrong."""
        lines = raw.split(b"\r\n")
        start = self._starts.get(lines[0]) or self._learn_start(lines[0])
        if start is None:
            return "the status line is not clean HTTP/1.x"
        if len(lines) > MAX_FIELDS + 3:
            return f"more than {MAX_FIELDS} header fields"
        head = ResponseHead(*start)
        if not head.minor:
            head.keep_alive = False
        problem = self._read_fields(head, lines)
        if bodyless or head.status < _FIRST_FINAL or head.status in _BODYLESS:
            _forbid_body(head, bodyless=bodyless)
        if problem:
            return problem
        if not bodyless and head.status >= _FIRST_FINAL:
            self._heads.put(raw, head)
        return head

    def _read_fields(self, head: ResponseHead, lines: list[bytes]) -> str:
        kinds, kept = self._kinds, head.lines
        named: list[bytes] = []
        problem = ""
        for line in lines[1:-2]:
            name, _, value = line.partition(b":")
            kind = kinds.get(name, -1)
            if kind < 0:
                kind = self._learn(name)
            if kind == 0:
                kept.append(line)
                continue
            if kind == _LENGTH:
                digits = value.strip(b" \t")
                if not digits.isdigit() or len(digits) > _MAX_DIGITS or head.framing_at >= 0:
                    return "Content-Length is not one decimal number alone"
                head.length = int(digits)
                head.framing_at = len(kept)
                kept.append(name + b": %d" % head.length)
                continue
            if kind == _CONNECTION and value == _KEEP_ALIVE and head.minor:
                continue
            if kind in _STAYS:
                kept.append(line)
            problem = _apply(head, kind, line, value.strip(b" \t"), named) or problem
        if named:
            _apply_connection(head, named)
        if not head.idles:
            head.keep_alive = False
        return problem

    def _learn_start(self, line: bytes) -> tuple[int, bytes, int] | None:
        found = _STATUS_LINE.fullmatch(line)
        if found is None:
            return None
        minor, reason, status = found.groups()
        start = (int(status), reason if len(reason) > 3 else reason + b" ", int(minor))
        if len(line) <= _MEMO_KEY:
            if len(self._starts) >= _MEMO:
                self._starts.clear()
            self._starts[line] = start
        return start

    def _learn(self, name: bytes) -> int:
        kind = int(response_kind(name))
        if len(name) <= _MEMO_KEY:
            if len(self._kinds) >= _MEMO:
                self._kinds.clear()
            self._kinds[name] = kind
        return kind


def _apply(head: ResponseHead, kind: int, line: bytes, value: bytes, named: list[bytes]) -> str:
    match kind:
        case FieldKind.TRANSFER_ENCODING:
            if value.lower() != b"chunked" or head.minor == 0 or head.framing_at >= 0:
                return "Transfer-Encoding is not chunked alone"
            head.length = CHUNKED
            head.framing_at = len(head.lines) - 1
            head.lines[-1] = line.partition(b":")[0] + b": chunked"
        case FieldKind.CONNECTION:
            named += connection_tokens(value)
        case FieldKind.UPGRADE:
            head.upgrade = value.lower()
        case FieldKind.SET_COOKIE | FieldKind.LOCATION:
            head.rewritable = True
        case FieldKind.MANAGED:
            head.has_request_id = True
        case FieldKind.KEEP_ALIVE:
            head.idles = min(head.idles, _idles(value))
        case FieldKind.SAW:
            head.saw = value if not head.saw else head.saw + b", " + value
        case FieldKind.TRAILER:
            head.trailer = (*head.trailer, line)
        case _:
            pass
    return ""


def _idles(value: bytes) -> float:
    """The seconds of a `Keep-Alive: timeout`, by rule 4."""
    found = _TIMEOUT.search(value)
    if found is None:
        return NEVER
    return short_of(float(found[1]))


def short_of(end: float) -> float:
    """For how many seconds a connection may be idle that its upstream ends after so many."""
    return end - min(_MARGIN, end / 2)


def _apply_connection(head: ResponseHead, named: list[bytes]) -> None:
    if b"close" in named:
        head.keep_alive = False
    elif head.minor == 0 and b"keep-alive" in named:
        head.keep_alive = True
    drop = {name for name in named if name not in PROTECTED and not is_managed(name)}
    drop -= {b"close", b"keep-alive", b"upgrade"}
    if drop:
        framing = head.lines[head.framing_at] if head.framing_at >= 0 else None
        head.lines[:] = [line for line in head.lines if line.partition(b":")[0].lower() not in drop]
        head.framing_at = head.lines.index(framing) if framing is not None else -1


def _forbid_body(head: ResponseHead, *, bodyless: bool) -> None:
    """A length beside no body is information in answers to HEAD and in 304 only (RFC 9110 section 8.6)."""
    informs = (bodyless or head.status == 304) and head.length >= 0
    if head.framing_at >= 0 and not informs:
        del head.lines[head.framing_at]
        head.framing_at = -1
        if head.length and not bodyless and head.status in _NO_CONTENT:
            head.keep_alive = False  # it may send the body all the same, into the next answer
    elif head.status == _RESET_CONTENT and not bodyless:
        head.keep_alive = False  # HTTP's framing gives it a body until the end
    head.length = 0
