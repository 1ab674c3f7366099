"""One request on its way through the steps of its route (`step.py`): what it waits for, and what comes meanwhile.

Rule 1: exactly one of these ends it: the last step, an answer, a deadline, the client's leaving, an error.
Rule 2: bytes behind the head are kept as they came. A whole body is decoded once, and coded anew for the exchange, so
        that what frames it takes no memory.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.core.http.chunked import ChunkedDecoder, encode_chunk, encode_end
from proxy.core.http.request import CHUNKED
from proxy.core.limits.bounds_met import Shed
from proxy.edge.routing.decision import decide
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from proxy.edge.wire.half_closed import CONTINUE, probe

if TYPE_CHECKING:
    from proxy.edge.routing.byte_allowance import ByteAllowance
    from proxy.edge.routing.request import Request

MAX_AHEAD = 64 * 1024
"""Bytes that a client may send ahead while its request waits; then it is read no more."""
MAX_BODIES = 16 * 1024 * 1024
"""Bytes of bodies that steps of one worker may hold together."""
_COME_BACK = (b"Retry-After: 1",)


class AdmittingClient(Protocol):
    """The client's connection, as its admission sees it."""

    deadline: float

    def write(self, data: bytes) -> None:
        """Bytes to the client."""

    def hold(self) -> None:
        """Stop reading."""

    def unhold(self) -> None:
        """Read again."""

    def admission_ended(self, answer: LocalAnswer | None) -> None:
        """Nothing is waited for any more; None: the request may be passed on."""

    def admission_broke(self, error: Exception) -> None:
        """A step has raised."""


class Admission:
    """`rest` is what came behind the head; `has_begun`: it waits, or has waited.

    The other flags say to `slow_clients.py` how its body comes.
    """

    tunnel = False
    expecting = False
    request_done = True
    received = 0
    _client: AdmittingClient
    _bodies: ByteAllowance
    _wait: Wait | None = None
    _wanted: WholeBody | None = None
    _decoder: ChunkedDecoder | None = None

    def __init__(self, request: Request) -> None:
        """No step was called yet."""
        self.request = request
        self.rest = b""
        self._steps = request.bound.admission
        self._at = 0
        self._is_stale = False
        self._asked_at = -1
        self.has_begun = False
        self._taken = 0
        self._body: list[bytes] = []

    def begin(self, client: AdmittingClient, bodies: ByteAllowance, rest: bytes) -> None:
        """Call the first step; `bodies` bounds what is held."""
        self._client = client
        self._bodies = bodies
        self.rest = rest
        self._go_on()
        self.has_begun = True

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Until the end, or something is to be waited for."""
        self._follow_kill()
        while self._at < len(self._steps):
            step = self._steps[self._at]
            verdict: Verdict = step(self.request)
            if isinstance(verdict, WholeBody):
                verdict = self._ask_for(verdict)
                if self._wanted is not None:
                    return
                if verdict is None:
                    continue  # the body is here: the same step once more
            if isinstance(verdict, Wait):
                if not verdict.is_over:
                    self._begin_wait(verdict)
                    return
                verdict = verdict.given
            if isinstance(verdict, LocalAnswer):
                self._end(verdict)
                return
            self._is_stale = self._is_stale and step is not decide
            self._at += 1
        self._end(self._decide_again() if self._is_stale else None)

    def _decide_again(self) -> LocalAnswer | None:
        """Rule 1 of `step.py`; what was cleared for one side is not sent to the other."""
        request = self.request
        answer = decide(request)
        if answer is None and request.only is not None and request.leg.side is not request.only:
            return LocalAnswer(503, "the route has moved while the request waited", lines=_COME_BACK)
        return answer

    def _follow_kill(self) -> None:
        """A table that was replaced during a wait does not follow the kill switch by itself."""
        bound = self.request.bound
        if self.request.live.switch.on and bound.killed is not None:
            bound.decision = bound.killed

    def _begin_wait(self, wait: Wait) -> None:
        self._wait = wait
        self._client.deadline = monotonic() + wait.within
        wait.listen(self._resume)

    def _resume(self) -> None:
        """The word has come, in the stack of whoever gave it: nothing may go wrong there for our sake."""
        wait, self._wait = self._wait, None
        if wait is None:
            return
        try:
            self._is_stale = True
            if wait.given is not None:
                self._end(wait.given)
            else:
                self._at += 1
                self._go_on()
        except Exception as error:  # noqa: BLE001 -- it costs this request alone
            self._client.admission_broke(error)

    # -- a whole body -------------------------------------------------------------------------------------------------

    def _ask_for(self, wanted: WholeBody) -> LocalAnswer | None:
        """What to answer instead; None: it is here, unless `_wanted` says that it is still to come."""
        if self._asked_at == self._at and self.request.body is not None:
            raise RuntimeError("a step asks for a body that it has")
        self._asked_at = self._at
        head, body = self.request.head, self.request.body
        if body is not None or not head.length:
            self.request.body = body or b""
            return _too_large(wanted.most) if len(self.request.body) > wanted.most else None
        if head.length > wanted.most:
            return _too_large(wanted.most)
        if head.length != CHUNKED and not self._take(head.length):
            return _no_room()
        limits = self.request.live.snapshot.limits
        self._decoder = ChunkedDecoder(limits.chunk_extension, limits.trailers) if head.length == CHUNKED else None
        self._wanted = wanted
        self.request_done = False
        if head.expect and not self.rest:
            self._client.write(CONTINUE)
        data, self.rest = self.rest, b""
        self._client.unhold()
        return self._collect(wanted, data)

    def _collect(self, wanted: WholeBody, data: bytes) -> LocalAnswer | None:
        """More of the body; what to answer instead of going on."""
        self._client.deadline = monotonic() + self.request.live.snapshot.limits.body
        decoder = self._decoder
        answer = None
        if decoder is None:
            left = self.request.head.length - self.received
            self._keep(data[:left])
            if len(data) >= left:
                self._has_all(data[left:])
        else:
            answer = self._collect_chunked(decoder, wanted, data)
        if answer is not None:
            self._wanted = None
            self.request_done = True
        return answer

    def _collect_chunked(self, decoder: ChunkedDecoder, wanted: WholeBody, data: bytes) -> LocalAnswer | None:
        payload = decoder.feed(data)
        if decoder.error:
            return LocalAnswer(400, decoder.error, close=True)
        if self.received + len(payload) > wanted.most:
            return _too_large(wanted.most)
        if not self._take(len(payload)):
            return _no_room()
        self._keep(payload)
        if decoder.done:
            self._has_all(encode_end(decoder.trailers) + decoder.rest)
        return None

    def _keep(self, payload: bytes) -> None:
        self.received += len(payload)
        self._body.append(payload)

    def _has_all(self, behind: bytes) -> None:
        """`behind` is the end of its coding, and what came after it."""
        self.request.body = body = b"".join(self._body)
        self._body = []
        self.rest = (encode_chunk(body) if body and self._decoder is not None else body) + behind
        self._wanted = None
        self.request_done = True

    def _take(self, size: int) -> bool:
        if not self._bodies.take(size):
            return False
        self._taken += size
        return True

    # -- what the connection does -------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Bytes from the client."""
        wanted = self._wanted
        if wanted is not None:
            answer = self._collect(wanted, data)
            if answer is not None:
                self._end(answer)
            elif self._wanted is None:
                self._is_stale = True
                self._go_on()
            return
        self.rest += data
        if len(self.rest) > MAX_AHEAD:
            self._client.hold()

    def probe(self) -> bytes:
        """What a half-closed client can be sent now to learn whether it is still there."""
        return probe(self.request.head.minor, responding=False, chunked=False)

    def expire(self) -> None:
        """The deadline has passed: the client's, if its body was to come, or the step's (rule 2 of `step.py`)."""
        if self._wanted is not None:
            self._end(LocalAnswer(408, "the body stalled", close=True, shed=Shed.BODY_TIME))
        elif self._wait is not None and self._wait.goes_on_late:
            self._wait.go_on()
        else:
            late = None if self._wait is None else self._wait.late
            self._end(late or LocalAnswer(503, "what has to be known first did not come in time", lines=_COME_BACK))

    def client_half_closed(self) -> None:
        """The client will send no more; it may wait on, unless its body was to come."""
        if self._wanted is not None:
            self._end(LocalAnswer(400, "the body ended before its length", close=True))

    def leave(self) -> None:
        """Nobody needs the request any more."""
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.abandon()
        self._wanted = None
        self.request.body = None
        self._bodies.give_back(self._taken)
        self._taken = 0

    def _end(self, answer: LocalAnswer | None) -> None:
        self.leave()
        self._client.admission_ended(answer)


def _too_large(most: int) -> LocalAnswer:
    return LocalAnswer(413, f"the body is larger than {most} bytes", close=True, shed=Shed.BODY_SIZE)


def _no_room() -> LocalAnswer:
    return LocalAnswer(503, "short of memory for the body", lines=_COME_BACK, close=True, shed=Shed.MEMORY)
