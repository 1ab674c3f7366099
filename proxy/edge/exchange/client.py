"""A client's connection, as its exchange sees it: the seam between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.account.finished_batch import Finished
    from proxy.edge.tally import Counters


class Client(Protocol):
    """A client's connection, as its exchange sees it."""

    closing: bool
    counters: Counters
    finished: Finished
    deadline: float
    started: float
    scheme: bytes
    trusted: bool
    peer: bytes
    address: bytes
    """Who asks: behind trusted proxies not the connection's other end, which is `peer`."""

    @property
    def held(self) -> bool:
        """Whether the client is not being read because the upstream is busy."""

    @property
    def stuffed(self) -> bool:
        """Whether the client does not read what is written to it."""

    def forwarded(self, head: RequestHead) -> bytes:
        """The forwarding fields for the upstream, each with CRLF."""

    def write(self, data: bytes) -> None:
        """Bytes to the client."""

    def hold(self) -> None:
        """Stop reading."""

    def unhold(self) -> None:
        """Read again."""

    def keep_for_later(self, data: bytes) -> None:
        """Bytes behind the current request."""

    def take_later(self) -> bytes:
        """What was kept."""

    def end_writing(self) -> bool:
        """Close the sending half; False when that is not possible alone."""

    def cut(self, *, truncated_silently: bool) -> None:
        """Close so that the client can tell that the response broke off."""

    def close(self) -> None:
        """Close after what is written."""

    def answer_problem(self, status: int, detail: str, request_id: bytes, head: RequestHead | None, again: int) -> int:
        """Write an invented answer, with the seconds after which to ask again (or 0); the size of its body."""

    def exchange_ended(self, ended: float, *, request_done: bool) -> None:
        """The response is out."""
