"""The body of one request: from the client's bytes to those for the upstream, bounded, perhaps held for a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.http.chunked import ChunkedDecoder, encode_chunk, encode_end
from proxy.core.http.headers import NONE_OWNED, Owned, keep_trailer
from proxy.core.http.request import CHUNKED

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.snapshot import Limits

MAX_HELD = 64 * 1024
"""Bytes of a body that are kept until its answer begins, on routes that declare `effects`."""


class Upload:
    """`received` counts payload; `held` is all that was passed on so far, None when that is not kept (any more)."""

    __slots__ = ("_decoder", "_left", "_limit", "_owned", "done", "held", "problem", "received", "rest", "status")

    def __init__(
        self, head: RequestHead, limit: int, limits: Limits, *, holds: bool, owned: Owned = NONE_OWNED
    ) -> None:
        """At most `limit` bytes where the length is not known yet; 0 is no limit. `limits` bound what frames it.

        Trailers by `owned` names go no further.
        """
        self._owned = owned
        self._left = head.length
        self._limit = limit
        self._decoder = ChunkedDecoder(limits.chunk_extension, limits.trailers) if head.length == CHUNKED else None
        self.received = 0
        self.done = False
        self.rest = b""
        self.held: bytes | None = b"" if holds else None
        self.problem = ""
        self.status = 0

    def take(self, data: bytes) -> bytes:
        """The part of `data` that is this body, coded for the upstream; what is behind it stands in `rest`."""
        payload = self._take_sized(data) if self._decoder is None else self._take_chunked(self._decoder, data)
        if self.held is not None:
            held = self.held + payload
            self.held = held if len(held) <= MAX_HELD else None
        return payload

    def _take_sized(self, data: bytes) -> bytes:
        payload = data if len(data) <= self._left else data[: self._left]
        self._left -= len(payload)
        self.received += len(payload)
        if not self._left:
            self.done = True
            self.rest = data[len(payload) :]
        return payload

    def _take_chunked(self, decoder: ChunkedDecoder, data: bytes) -> bytes:
        payload = decoder.feed(data)
        self.received += len(payload)
        if decoder.error or (self._limit and self.received > self._limit):
            self.status = 400 if decoder.error else 413
            self.problem = decoder.error or f"the body is larger than {self._limit} bytes"
            return b""
        coded = encode_chunk(payload) if payload else b""
        if decoder.done:
            kept = [line for line in decoder.trailers if keep_trailer(line.partition(b":")[0], self._owned)]
            coded += encode_end(kept)
            self.done = True
            self.rest = decoder.rest
        return coded
