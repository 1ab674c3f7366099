"""What a brown-out does to an answer and sees of the next one, and what answers say of their route's end.

Rule 1: they change an answer last (`Tap.last`), behind all taps that watch, so that what is compared or kept is whole.
Rule 2: an answer that has to be taken apart is held, within the bound of `field_removal`; where another tap holds it
        already, or it turns out longer, it is taken as that leaves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.brownout.brownout_policy import Browned
from proxy.core.brownout.deprecation import added
from proxy.core.brownout.field_removal import MAX_BODY, may_be_lean, without_field
from proxy.edge.routing.tap import Tap
from proxy.edge.wire.replaced_head import head_with

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.core.outcome import Failure
    from proxy.core.translation.body_path import BodyPath
    from proxy.edge.brownout.client_calls import BrownoutCalls, ClientCalls, FollowingCall
    from proxy.edge.brownout_tally import BrownoutTally

_FIRST_ERROR: Final = 400
_UNFIT: Final = Browned.UNFIT


class LeanTap(Tap):
    """Of a call that was drawn."""

    changes_last = True

    def __init__(self, path: BodyPath, calls: BrownoutCalls, client: ClientCalls) -> None:
        """The answer goes without the member that the path names."""
        self._path = path
        self._calls = calls
        self._client = client
        self._outcome = _UNFIT
        self._is_answered = False

    def see(self, head: ResponseHead) -> None:
        """Rule 2."""
        self.holds = MAX_BODY if may_be_lean(head.status, head.lines, head.length) else 0

    def last(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        """Rule 1."""
        self._is_answered = head.status < _FIRST_ERROR
        if not done or not may_be_lean(head.status, head.lines, len(payload)):
            return head, payload
        lean = without_field(self._path, head.lines, payload)
        self._outcome = lean.outcome
        if lean.body is payload:
            return head, payload
        return head_with(head, head.status, lean.lines, len(lean.body)), lean.body

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """An error says nothing of the field."""
        del failure, began, ended, fell_back
        if self._is_answered:
            self._calls.end(self._client, self._outcome)


class AftermathTap(Tap):
    """Of a call that follows another one of its client."""

    def __init__(self, tally: BrownoutTally, call: FollowingCall) -> None:
        """How it ends is told there."""
        self._tally = tally
        self._call = call
        self._failed = True

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """There is an answer."""
        del payload
        self._failed = head.status >= _FIRST_ERROR

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """A client that left says nothing of itself."""
        del began, ended, fell_back
        if failure is None or not failure.is_nobodys:
            call = self._call
            self._tally.followed(
                call.client, is_behind_lean=call.is_behind_lean, is_error=self._failed, is_repeat=call.is_repeat
            )


class DeprecationTap(Tap):
    """Of any call of a route that ends."""

    changes_last = True

    def __init__(self, lines: tuple[bytes, ...]) -> None:
        """The fields that its answer gets."""
        self._lines = lines

    def last(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        """Rule 1."""
        del done
        made = head_with(head, head.status, added(head.lines, self._lines), head.length)
        made.trailer = head.trailer
        return made, payload
