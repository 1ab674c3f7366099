"""Content-Encoding undone, within bounds: a hundred bytes must not become a gigabyte.

Rule 1: at most `size` bytes come out, and beyond 64 KiB at most `ratio` times what went in, for every coding that was
        applied; what would be more is not decoded at all.
Rule 2: of gzip `_MEMBERS` may follow each other, and no more: each of them, an empty one too, costs as much as all that
        is behind it.
Rule 3: a stream that ends early, or is followed by something else, is not decoded either: half an answer is none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import brotli
import zstandard

_NONE = frozenset({"", "identity"})
_FREE = 64 * 1024
_MEMBERS = 500
_ZSTD_WINDOW = 8 * 1024 * 1024
"""RFC 8878 section 3.1.1.1.2 asks decoders for no more."""
_ZSTD_STEP = 256
"""A block of 4 bytes becomes 128 KiB, so this much input becomes 8 MiB at the most."""


class Undecodable(Exception):  # noqa: N818 - what the answer is
    """The body cannot be decoded within the bounds; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`size` in bytes; `ratio`: bytes out per byte in; `codings`: how many may be applied one after the other."""

    size: int = 8 * 1024 * 1024
    ratio: int = 500
    codings: int = 2

    def room(self, data: bytes) -> int:
        """How many bytes `data` may become."""
        return min(self.size, max(_FREE, len(data) * self.ratio))


BOUNDS = Bounds()


def decode(body: bytes, codings: str, bounds: Bounds = BOUNDS) -> bytes:
    """The body without its codings, given as Content-Encoding names them; raises `Undecodable`."""
    names = [name for part in codings.lower().split(",") if (name := part.strip()) not in _NONE] if codings else []
    if len(names) > bounds.codings:
        raise Undecodable(f"{len(names)} codings, more than {bounds.codings}")
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise Undecodable(f"unknown coding {name[:40]}")
        try:
            body = decoder(body, bounds.room(body)) if body else body
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise Undecodable(f"no {name}: {error}") from None
    if len(body) > bounds.size:
        raise Undecodable(f"{len(body)} bytes, more than {bounds.size}")
    return body


def _gzip(data: bytes, room: int) -> bytes:
    """All members, one after the other (RFC 1952 section 2.2)."""
    whole = b""
    for _ in range(_MEMBERS + 1):
        if not data:
            return whole
        member = zlib.decompressobj(wbits=31)
        whole += _inflated(member, data, room - len(whole))
        data = member.unused_data
    raise Undecodable(f"more than {_MEMBERS} members")


def _deflate(data: bytes, room: int) -> bytes:
    """With zlib's frame as RFC 9110 section 8.4.1.2 says, or without, as many servers send it."""
    try:
        return _alone(zlib.decompressobj(), data, room)
    except zlib.error:
        return _alone(zlib.decompressobj(wbits=-zlib.MAX_WBITS), data, room)


def _alone(stream: zlib._Decompress, data: bytes, room: int) -> bytes:
    whole = _inflated(stream, data, room)
    if stream.unused_data:
        raise Undecodable("something follows the deflate stream")
    return whole


def _inflated(stream: zlib._Decompress, data: bytes, room: int) -> bytes:
    whole = stream.decompress(data, room + 1)
    if len(whole) > room:
        raise Undecodable(f"more than {room} bytes come out")
    if not stream.eof:
        raise Undecodable("the stream ends early")
    return whole


def _brotli(data: bytes, room: int) -> bytes:
    stream = brotli.Decompressor()
    parts = [stream.process(data, output_buffer_limit=_FREE)]
    size = len(parts[0])
    while not stream.is_finished():
        parts.append(stream.process(b"", output_buffer_limit=_FREE))
        if not parts[-1]:
            raise Undecodable("the stream ends early")
        size += len(parts[-1])
        if size > room:
            raise Undecodable(f"more than {room} bytes come out")
    return b"".join(parts)


def _zstd(data: bytes, room: int) -> bytes:
    """All frames, one after the other (RFC 8878 section 3.1)."""
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    parts: list[bytes] = []
    size, stream = 0, decoder.decompressobj()
    for start in range(0, len(data), _ZSTD_STEP):
        step = data[start : start + _ZSTD_STEP]
        while step:
            if stream.eof:
                stream = decoder.decompressobj()
            parts.append(stream.decompress(step))
            step = stream.unused_data if stream.eof else b""
            size += len(parts[-1])
            if size > room:
                raise Undecodable(f"more than {room} bytes come out")
    if not stream.eof:
        raise Undecodable("the stream ends early")
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
