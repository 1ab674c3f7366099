"""An exchange whose request and answer are kept as they pass, for comparison; the client notices nothing of it.

Only requests that were drawn for a shadow are served by this class, so that all others pay for none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.edge.shadow.overlapping_writes import Writing
from proxy.edge.wire.request_bytes import public_name

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.edge.shadow.capture import Capture
    from proxy.edge.wire.upload import Upload


class Watched(Writing):
    """Tells its capture of what it does; what it does is the exchange's."""

    capture: Capture

    def open(self, rest: bytes) -> None:
        """Step 2, and then the other side's turn."""
        super().open(rest)
        self._shadow()

    def feed(self, data: bytes) -> None:
        """Step 4."""
        super().feed(data)
        self._shadow()

    def _shadow(self) -> None:
        if self.request_done and not self._over and not self.capture.started:
            client, bound = self._client, self.bound
            named = any(leg is not None and leg.rewrites for leg in (bound.legacy, bound.new))
            public = public_name(self.head, client.scheme, trusted=client.trusted) if named else None
            self.capture.request_is_whole(client.forwarded(self.head), public)

    def _take(self, upload: Upload, data: bytes) -> bytes:
        payload = super()._take(upload, data)
        self.capture.take(payload)
        return payload

    def respond(self, head: ResponseHead, payload: bytes, *, done: bool) -> None:
        """Step 5."""
        self.capture.begin(head, payload)
        super().respond(head, payload, done=done)
        if not self.responding:
            self.capture.live.forget()  # the other side answers instead

    def relay(self, payload: bytes, trailers: list[bytes], *, done: bool) -> None:
        """Step 6."""
        self.capture.live.add(payload)
        super().relay(payload, trailers, done=done)

    def _record(self) -> None:
        super()._record()
        self.capture.live_ended(self.failure, self.started, self.ended, fell_back=self.fell_back)
