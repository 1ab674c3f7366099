"""The chunked transfer coding (RFC 9112 section 7.1), read strictly and written canonically.

Rule 1: every line ends in CRLF; a bare CR, a bare LF, any control character or a sign in a size is an error (R3), and
        so is an extension that is not `;name`, `;name=token` or `;name="quoted"` without blanks around its parts.
Rule 2: extensions are checked, counted and dropped; trailers are kept apart and never become headers (CVE-2025-53643).
Rule 3: the verdict does not depend on how the bytes were cut into reads.
Rule 4: in answers, and in them alone, what clients have read for twenty years is read: blanks and tabs behind a size
        (Apache's Coyote pads it) and around the parts of an extension, an extension without a name, and up to
        `MOST_ZEROS` zeros before a size. nginx, HAProxy and curl skip them too. Where a line ends is as strict as ever.
"""

from __future__ import annotations

import re

MAX_EXTENSION = 256
"""Bytes of one size line beyond the size; llhttp knows no bound (10 MB were accepted)."""
MAX_TRAILERS = 8 * 1024
"""Bytes of the trailer section; precedents: nginx and Node count it into 8 or 16 KiB of headers."""

MOST_ZEROS = 32
"""Zeros before the size of an answer's chunk; curl reads sizes of 16 digits, nginx and HAProxy any number of zeros."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = rb'"(?:[\t\x20!\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;%b(?:=(?:%b|%b))?)*" % (_TOKEN, _TOKEN, _QUOTED))
_PADDED = re.compile(
    rb"(?=[0-9A-Fa-f])0{0,%d}+([0-9A-Fa-f]{0,15})[\t ]*+(?:;[\t ]*+(?:%b[\t ]*+(?:=[\t ]*+(?:%b|%b)?[\t ]*+)?)?)*+"
    % (MOST_ZEROS, _TOKEN, _TOKEN, _QUOTED)
)
"""Possessive, so that no line is tried in two ways; the size is empty when it is zeros alone."""
_FIELD = re.compile(_TOKEN + rb":[\t\x20-\x7e\x80-\xff]*")
_LONGEST_SIZE = 16
LAST_CHUNK = b"0\r\n\r\n"


def encode_chunk(payload: bytes) -> bytes:
    """One chunk; `payload` must not be empty, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def encode_end(trailers: list[bytes]) -> bytes:
    """The last chunk and the trailer section, from raw field lines without CRLF."""
    return b"".join([b"0\r\n", *[line + b"\r\n" for line in trailers], b"\r\n"]) if trailers else LAST_CHUNK


class ChunkedDecoder:
    """Feed it bytes; it returns payload, and says when the body ended and what came after it."""

    # fmt: off
    __slots__ = (
        "_crlf_due", "_extension", "_held", "_in_trailers", "_left", "_line", "_size", "_trailers", "done", "error",
        "rest", "trailers",
    )
    # fmt: on

    def __init__(
        self, extension: int = MAX_EXTENSION, trailers: int = MAX_TRAILERS, *, of_answer: bool = False
    ) -> None:
        """Begin before the first size line; the bounds in bytes of one line's extensions, and of all trailers.

        `of_answer`: rule 4 holds.
        """
        self._size = _PADDED if of_answer else _SIZE
        self._extension = extension
        self._line = _LONGEST_SIZE + extension
        self._trailers = trailers
        self.done = False
        self.error = ""
        self.rest = b""
        self.trailers: list[bytes] = []
        self._held = b""
        self._left = 0
        self._crlf_due = False
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        """The payload in `data`; look at `error` and `done` afterwards (`rest` is what followed the body)."""
        if self._held:
            data, self._held = self._held + data, b""
        out: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not self.error and not self.done:
            if self._left:
                payload = data[at : at + self._left]
                out.append(payload)
                at += len(payload)
                self._left -= len(payload)
                self._crlf_due = not self._left
            elif self._crlf_due:
                at = self._end_chunk(data, at)
            elif self._in_trailers:
                at = self._read_trailers(data, at)
            else:
                at = self._read_chunk(data, at, out)
        return out[0] if len(out) == 1 else b"".join(out)

    def _hold(self, data: bytes, at: int) -> int:
        self._held = data[at:]
        return len(data)

    def _fail(self, reason: str, at: int) -> int:
        self.error = reason
        return at

    def _end_chunk(self, data: bytes, at: int) -> int:
        ending = data[at : at + 2]
        if ending == b"\r\n":
            self._crlf_due = False
            return at + 2
        return self._hold(data, at) if ending == b"\r" else self._fail("chunk data is longer than its size", at)

    def _read_chunk(self, data: bytes, at: int, out: list[bytes]) -> int:
        """The size line and, when all of it is here, the chunk."""
        end = data.find(b"\r\n", at, at + self._line + 2)
        if end < 0:
            return self._await_line(data, at)
        line = data[at:end]
        size = _KNOWN_SIZES.get(line)
        if size is None:
            found = self._size.fullmatch(line)
            if found is None:
                return self._fail("invalid chunk size line", at)
            if len(line) - len(found[1]) > self._extension:
                return self._fail("chunk extension too long", at)
            size = int(found[1] or b"0", 16)
        start, stop = end + 2, end + 2 + size
        if size and data[stop : stop + 2] == b"\r\n":
            out.append(data[start:stop])
            return stop + 2
        self._left = size
        self._in_trailers = size == 0
        return start

    def _await_line(self, data: bytes, at: int) -> int:
        partial = data[at:]
        if len(partial) > self._line + 1:
            return self._fail("chunk size line too long", at)
        if b"\n" in partial or b"\r" in partial[:-1]:
            return self._fail("bare CR or LF in a chunk size line", at)
        return self._hold(data, at)

    def _read_trailers(self, data: bytes, at: int) -> int:
        if data.startswith(b"\r\n", at):
            return self._finish(data, at + 2)
        end = data.find(b"\r\n\r\n", at, at + self._trailers + 4)
        if end >= 0:
            trailers = data[at:end].split(b"\r\n")
            if not all(_FIELD.fullmatch(line) for line in trailers):
                return self._fail("invalid trailer field", at)
            self.trailers = trailers
            return self._finish(data, end + 4)
        partial = data[at:]
        if len(partial) > self._trailers + 3:
            return self._fail("trailer section too long", at)
        if not self._may_become_trailers(partial):
            return self._fail("invalid trailer field", at)
        return self._hold(data, at)

    @staticmethod
    def _may_become_trailers(partial: bytes) -> bool:
        """Refuse at the first line that is already wrong, so that a stalled sender still gets its 400."""
        *whole, last = partial.split(b"\r\n")
        return b"\n" not in last and b"\r" not in last[:-1] and all(_FIELD.fullmatch(line) for line in whole)

    def _finish(self, data: bytes, at: int) -> int:
        self.done = True
        self.rest = data[at:]
        return len(data)


_KNOWN_SIZES = {b"%x" % size: size for size in range(1025)}
