"""One request on its way: from the decision to the last byte, and what metrics and log say of it.

  1 open        the head is known and the decision made        6 relay    payload, recoded for the client
  2 ask         acquire a connection                            7 finish   count, log, let the client go on
  3 lend        send head and what there is of the body         · fail     retry, fall back, rescue or cut
  4 feed        more of the body, as the client sends it        · expire   a deadline has passed
  5 respond     the final head                                  · upgrade  a tunnel until somebody closes

Rule 1: once a byte of an unsafe request has left, it is never sent again (invariant 5).
Rule 2: after the response head has gone to the client, a failure can only cut: never pad, never end cleanly (R12).
Rule 3: a client that waits with its body waits for the upstream's word where its leg says so, for a bounded time; then
        for ours. Nothing of the body is asked for before, so a refusal costs a head (RFC 9110 section 10.1.1).
Rule 4: taps (`routing/tap.py`) see what passes, and one may replace the answer, or hold it; without any, each place
        costs a truth test.

Long: one request is one state machine, and its steps share its state.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog

from proxy.core.http.chunked import encode_chunk, encode_end
from proxy.core.http.headers import keep_trailer
from proxy.core.http.rewrite import rewrite_lines
from proxy.core.outcome import CLIENT_GONE, SERVED_BY_SIDE, UNAVAILABLE, Blame, Failure, Phase
from proxy.edge.account.finished_batch import BATCH
from proxy.edge.exchange.deadline_blame import as_declared, client_gone, why_overdue
from proxy.edge.exchange.held_answer import HeldAnswer, holder_of, refusal_by_head, tapped, tapped_more, why_withheld
from proxy.edge.exchange.rescue import status_of
from proxy.edge.exchange.retry import next_leg, next_leg_after
from proxy.edge.exchange.tunnel import Tunnel
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.routing.stickiness import cookie_lines
from proxy.edge.routing.tap import interim_as, sent_as, what_lacks
from proxy.edge.wire.half_closed import CONTINUE, probe
from proxy.edge.wire.request_bytes import public_name, request_head
from proxy.edge.wire.response_bytes import Coding, coding_for, interim_head, response_head
from proxy.edge.wire.upload import Upload

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead, ResponseReader
    from proxy.edge.exchange.client import Client
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.request import Request
    from proxy.edge.upstream.connection import UpstreamConnection

_AS_IS: Final = Coding.AS_IS
_CHUNKED: Final = Coding.CHUNKED
_UNTIL_CLOSE: Final = Coding.UNTIL_CLOSE
_NEVER: Final = float("inf")
_UNAVAILABLE: Final = min(UNAVAILABLE)
CONTINUE_WITHIN = 1.0
"""Seconds that an upstream has to say whether it wants a body; curl and Go wait as long for the 100."""
EXPECT = b"Expect: 100-continue\r\n"
NOT_KEPT: Final = LocalAnswer(503, "the side has answered, and its answer could not be kept in time")
_CLOSE: Final = b"Connection: close\r\n"
_KEEP: Final = b"Connection: keep-alive\r\n"


class Exchange:
    """`Asker` towards the upstream, `Waiter` towards the pool; rare states stand on the class, and cost nothing."""

    responding = False
    tunnel = False
    binds = False
    expecting = False
    """Whether the client was not told yet to send its body; by `_admit`, where the upstream is to say it."""
    status = 0
    ended = 0.0
    sent = 0
    received = 0
    failure: Failure | None = None
    attempts = 1
    fell_back = False
    fell_back_from: Failure | None = None
    _tunnel: Tunnel | None = None
    _connection: UpstreamConnection | None = None
    upload: Upload | None = None
    _pending = b""
    _over = False
    _opening = False
    _told_whole = False
    _held: HeldAnswer | None = None

    def __init__(self, client: Client, request: Request) -> None:
        """Step 1, for an admitted request. `client.started` is when the head had arrived."""
        live, head = request.live, request.head
        bound, leg = request.bound, request.leg
        self._client = client
        self.live = live
        self.bound = bound
        self.leg = leg
        self.decision = request.decision
        self.head = head
        self.ids = request.ids
        self.taps = request.taps
        self.stays = request.stays
        self.notes = request.notes
        self.principal = request.principal
        self.wants_upgrade = request.wants_upgrade
        self.started = client.started
        self._coding = _AS_IS
        self.peer = request.peer
        self.address = request.client_ip
        self.is_head = head.method == b"HEAD"
        self.responses: ResponseReader = live.responses
        if head.plain:
            self.request_done = True
        else:
            self.request_done = not head.length
            self.binds = head.binds
            if head.length:
                limits, owned = live.snapshot.limits, live.snapshot.principal.owned
                self.upload = Upload(head, bound.body_limit, limits, holds=bound.holds, owned=owned)
        self.total_at = self.started + leg.timeouts.total if leg.timeouts.total else _NEVER

    @property
    def host(self) -> str:
        """The host that was asked for."""
        return self.head.host

    # -- towards the client -------------------------------------------------------------------------------------------

    def open(self, rest: bytes) -> None:
        """Step 2; `rest` is what came behind the head."""
        for tap in self.taps:
            tap.opened()
        self.leg.gauge.value += 1
        if self.request_done or self.upload is None:
            if rest:
                self._client.keep_for_later(rest)
        else:
            self._pending = self._take(self.upload, rest)
            if self._over:
                return
        if self.taps and (lacking := what_lacks(self.taps, self.leg)) is not None:
            self.failed(lacking)
        else:
            self._opening = True  # `lend`, called from within `acquire`, then takes the head's time and asks no clock
            self.leg.pool.acquire(self)
            self._opening = False
            if self._connection is None and not self._over:
                self._wait()
        if self.taps:
            self._tell_whole()

    def _tell_whole(self) -> None:
        """The taps hear once that the request has come whole; what failed at once is not worth their work."""
        if self.request_done and not self._over and not self._told_whole:
            self._told_whole = True
            for tap in self.taps:
                tap.whole(self._client)

    def _wait(self) -> None:
        """There is no connection yet."""
        timeouts, pool = self.leg.timeouts, self.leg.pool
        behind = pool.is_full or pool.is_behind(self)
        self._client.deadline = self._until(timeouts.queue if behind else timeouts.connect)
        if not self.request_done:
            self._client.hold()

    def feed(self, data: bytes) -> None:
        """Step 4: bytes from the client."""
        connection = self._connection
        if self._tunnel is not None:
            self.received += len(data)
            self._tunnel.up(data)
        elif self.request_done or self.upload is None:
            self._client.keep_for_later(data)
        else:
            payload = self._take(self.upload, data)
            if connection is not None and payload:
                connection.write(payload)
            elif payload:
                self._pending += payload
            if self.taps:
                self._tell_whole()

    def _take(self, upload: Upload, data: bytes) -> bytes:
        """The part of `data` that is this body, coded for the upstream."""
        payload = upload.take(data)
        self.received = upload.received
        for tap in self.taps:
            tap.request(payload)
        if upload.problem:
            failure = Failure(phase=Phase.SEND, blame=Blame.CLIENT, detail=upload.problem)
            self._refuse(failure, upload.status)
        elif upload.done:
            self._request_ended(upload.rest)
        else:
            self._client.deadline = self._until(self.live.snapshot.limits.body)
        return payload

    def _request_ended(self, rest: bytes) -> None:
        self.request_done = True
        if not self.responding:
            self._client.deadline = self._until(self.leg.timeouts.response)
        if rest:
            self._client.keep_for_later(rest)

    def client_lost(self) -> None:
        """The client is gone: nobody wants the answer, and the connection that would bring it ends.

        Of an exchange that `stays` only its client's connection hears so (`client/downstream.py`).
        """
        self._drop_connection()
        if not self.tunnel:
            self.failure = client_gone(responding=self.responding)
            self.status = CLIENT_GONE
        self._record()

    def client_half_closed(self) -> None:
        """The client will send no more."""
        if self._tunnel is not None:
            if self._tunnel.client_ended():
                self._end_tunnel(self._tunnel)
        elif not self.request_done:
            self._refuse(Failure(phase=Phase.SEND, blame=Blame.CLIENT, detail="the body ended before its length"), 400)

    def probe(self) -> bytes:
        """What a half-closed client can be sent now to learn whether it is still there."""
        return probe(self.head.minor, responding=self.responding, chunked=self._coding is Coding.CHUNKED)

    def pause_reading(self) -> None:
        """The client reads slowly: let the upstream wait."""
        if self._connection is not None:
            self._connection.stop_reading()

    def resume_reading(self) -> None:
        """It has caught up."""
        if self._connection is not None:
            self._connection.go_on_reading()

    # -- towards the pool ---------------------------------------------------------------------------------------------

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for, where failures are told apart."""
        return self.bound.operations.of(self.head.method, self.head.path, failed=failed)

    def who(self) -> bytes:
        """The client's address, behind a trusted peer its own."""
        return self.address

    def lend(self, connection: UpstreamConnection) -> None:
        """Step 3."""
        self._connection = connection
        client, head, leg = self._client, self.head, self.leg
        mark, tunnel = self.bound.mark, b""
        if not head.plain:
            mark, tunnel = head.mark or mark, b"websocket" if self.wants_upgrade else b""
        ours = client.forwarded(head)
        if self.principal is not None and self.live.tokens is not None:
            ours += self.live.tokens.line(self.principal, leg.pool.upstream.name)
        data = request_head(head, self.ids, mark, ours, leg.host_line, leg.authority, tunnel)
        if self.taps:
            said = sent_as(self.taps, data, leg)
            if isinstance(said, Failure):
                self._drop_connection()
                self.failed(said)
                return
            data = said
            for tap in self.taps:
                self._pending = tap.sends(self._pending, leg)
        if self._pending:
            data += self._pending
            self._pending = b""
        timeout = leg.timeouts.response
        if not self.request_done:
            timeout = self.live.snapshot.limits.body
            if self.expecting:
                data, timeout = self._pass_expectation(data, timeout)
        deadline = (self.started if self._opening else monotonic()) + timeout
        client.deadline = deadline if deadline < self.total_at else self.total_at  # noqa: FURB136 -- a call costs more
        connection.begin(self, data)
        if not self.request_done:
            client.unhold()

    def _pass_expectation(self, data: bytes, timeout: float) -> tuple[bytes, float]:
        """The request's head with it, and how long its answer is waited for; where it is not passed on: as they are."""
        if self.leg.expects and not self.received:
            return data[:-2] + EXPECT + b"\r\n", CONTINUE_WITHIN
        self._continue()
        return data, timeout

    def go_ahead(self, now: float) -> bool:
        """The upstream has not said in time whether it wants the body: ask for it. False: nobody waits to be asked."""
        if self.responding or self.received or self._connection is None or now >= self.total_at:
            return False
        self._continue()
        return True

    def _continue(self) -> None:
        self.expecting = False
        if not self.received:  # else it has not waited
            self._client.write(CONTINUE)
        self._client.deadline = self._until(self.live.snapshot.limits.body)

    # -- towards the upstream (Asker) ---------------------------------------------------------------------------------

    def pause(self) -> None:
        """The upstream reads slowly."""
        self._client.hold()

    def resume(self) -> None:
        """It has caught up."""
        self._client.unhold()

    def interim(self, head: ResponseHead) -> None:
        """100 goes to who waits for it, others to clients that know them (RFC 9110 section 15.2)."""
        if head.status == 100:
            if self.expecting:
                self._continue()
        elif self.head.minor and (passed := interim_as(self.taps, head)) is not None:
            self._client.write(interim_head(passed))

    def respond(self, head: ResponseHead, payload: bytes, *, done: bool) -> None:
        """Step 5: the final head, with what of the body came in the same read."""
        client, minor = self._client, self.head.minor
        if head.status >= _UNAVAILABLE and self._instead(head.status, done=done):
            return
        if self.taps:
            if self._held is None and self._hold(head, payload, done=done):
                return
            head, payload = tapped(self.taps, head, payload, done=done)
        self.responding = True
        self.status = head.status
        coding = _AS_IS
        if head.length < 0:
            self._coding = coding = coding_for(head, minor)
        connection = self._connection_line(minor, coding)
        if self.live.ties is not None and self.head.visit is not None:
            connection += cookie_lines(self, client, head)
        lines = head.lines
        if self.leg.rewrites and head.rewritable:
            public = public_name(self.head, client.scheme, trusted=client.trusted)
            lines = rewrite_lines(lines, self.leg.authority, *public)
        if coding is _CHUNKED and head.trailer and self.head.te_trailers:
            lines = [*lines, *head.trailer]
        data = response_head(head, lines, coding, connection, self.ids.request_id)
        if done:
            self._connection = None  # the pool has it back already
            self.sent = len(payload)
            client.write(data + payload if payload else data)
            self._finish()
            return
        client.deadline = self._until(self.leg.timeouts.idle)
        if payload:
            self.sent = len(payload)
            data += encode_chunk(payload) if coding is Coding.CHUNKED else payload
        client.write(data)

    def _connection_line(self, minor: int, coding: Coding) -> bytes:
        """What becomes of the connection, where HTTP/1.`minor` does not say it by itself."""
        client = self._client
        if client.closing or not self.head.keep_alive or not self.request_done or coding is _UNTIL_CLOSE:
            client.closing = True  # a body that was not read to its end would be taken for the next request
            return _CLOSE
        return b"" if minor else _KEEP

    def relay(self, payload: bytes, trailers: list[bytes], *, done: bool) -> None:
        """Step 6: more of the body; `trailers` come with its end."""
        client = self._client
        if self.taps:
            held = self._held
            if held is not None and held.is_open:
                self._keep(held, payload, done=done)
                return
            payload = tapped_more(self.taps, payload, done=done)
        self.sent += len(payload)
        if self._coding is Coding.CHUNKED:
            data = encode_chunk(payload) if payload else b""
            if done:
                data += encode_end(self._trailers(trailers))
        else:
            data = payload
        if done:
            self._connection = None  # first: it is another's already, and a slow client must not pause it
        if data:
            client.write(data)
        if done:
            self._finish()
        else:
            client.deadline = self._until(self.leg.timeouts.idle)

    def _hold(self, head: ResponseHead, payload: bytes, *, done: bool) -> bool:
        """Whether a tap wants the answer first, or the client gets another one."""
        refusal = refusal_by_head(self.taps, head)
        if refusal is not None:
            self._withhold(refusal, done=done)
            return True
        holder = holder_of(self.taps)
        if holder is None:
            return False
        self._held = HeldAnswer(head, holder)
        self._keep(self._held, payload, done=done)
        return True

    def _keep(self, held: HeldAnswer, payload: bytes, *, done: bool) -> None:
        """More of an answer that is held; one that is too long goes on as it comes, or not at all."""
        held.add(payload)
        if held.is_full:
            held.is_open = False
            refusal = held.tap.outgrown()
            if refusal is not None:
                self._withhold(refusal, done=done)
            else:
                self.respond(held.whole_head() if done else held.head, held.body, done=done)
        elif done:
            self._connection = None  # the pool has it back already
            self._settle(held)
        else:
            self._client.deadline = self._until(self.leg.timeouts.idle)

    def _settle(self, held: HeldAnswer) -> None:
        """It is whole: its tap says when it may go on, or what the client gets instead."""
        held.is_open = False
        verdict = held.tap.settle(held.head, held.body)
        if verdict is None:
            self.respond(held.whole_head(), held.body, done=True)
        elif isinstance(verdict, LocalAnswer):
            self._withhold(verdict)
        else:
            held.word = verdict
            self._client.deadline = monotonic() + verdict.within
            verdict.listen(self._settled)

    def _settled(self) -> None:
        """The word has come, in the stack of whoever gave it: nothing may go wrong there for our sake."""
        held, over = self._held, self._over
        if held is None or held.word is None or over:
            return
        given, held.word = held.word.given, None
        try:
            if given is not None:
                self._withhold(given)
            else:
                self.respond(held.whole_head(), held.body, done=True)
        except Exception as error:  # noqa: BLE001 -- it costs this request alone
            structlog.get_logger().error("answer_broke", exc_info=error)
            self.broken(Failure(phase=Phase.HEAD, blame=Blame.PROXY, detail="an error inside the proxy"))

    def _withhold(self, answer: LocalAnswer, *, done: bool = False) -> None:
        """The client does not get what the side has answered; `done`: the pool has the connection back already."""
        if done:
            self._connection = None
        self._held = None
        self._drop_connection()
        self._ask_again(why_withheld(answer), answer.status)

    def _trailers(self, lines: list[bytes]) -> list[bytes]:
        return [line for line in lines if keep_trailer(line.partition(b":")[0])] if self.head.te_trailers else []

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """The tunnel is open."""
        connection = self._connection
        if connection is None:
            return
        self.tunnel = self.responding = True
        self.status = head.status
        # Counted now: a tunnel's length in time says nothing of how the upstream answers.
        self.leg.tally.count(head.status, monotonic() - self.started)
        if self.principal is not None:
            self._client.finished.callers.count(self.bound.route.name, self.principal, head.status)
        self._tunnel = Tunnel(self._client, connection, self.live.snapshot.limits.tunnel)
        self.sent, self.received = len(rest), self._tunnel.open(head, self.ids.request_id, rest)

    def tunnelled(self, data: bytes) -> None:
        """Bytes of the tunnel; none means that the upstream's half has ended."""
        if (tunnel := self._tunnel) is None:
            return
        if data:
            self.sent += len(data)
            tunnel.down(data)
        elif tunnel.upstream_ended():
            self._end_tunnel(tunnel)

    def _end_tunnel(self, tunnel: Tunnel) -> None:
        self._connection = None
        tunnel.close(self._record)

    # -- endings ------------------------------------------------------------------------------------------------------

    def failed(self, failure: Failure) -> None:
        """No (whole) response will come: ask again, rescue or cut."""
        self._connection = None
        failure = as_declared(failure, self.bound.route)
        if self.tunnel:
            self._record()
            self._client.close()
        else:
            self._ask_again(failure, status_of(failure))

    def _ask_again(self, failure: Failure, status: int) -> None:
        """Where the route lets it; else the client gets this status."""
        leg = next_leg(self, failure, self._client.counters)
        if leg is None:
            self._refuse(failure, status)
        else:
            self._attempt(leg, failure)

    def _attempt(self, leg: Leg, failure: Failure) -> None:
        """Once more: with a fresh connection to the same side, or with the other side, which is then the one asked."""
        self.attempts += 1
        for tap in self.taps:
            tap.again()
        same = leg is self.leg
        if not same:  # the side that failed is told here, since the record will name the one that answers
            self._client.counters.fail(self.bound.route.name, SERVED_BY_SIDE[self.leg.side], failure)
            self.leg.gauge.value -= 1
            leg.gauge.value += 1
            self.leg = leg
            self.fell_back, self.fell_back_from = True, failure
        if self.upload is not None and self.upload.held is not None:
            self._pending = self.upload.held
        leg.pool.acquire(self, fresh=same)
        if self._connection is None and not self._over:
            self._wait()

    def _instead(self, status: int, *, done: bool) -> bool:
        """Whether the other side is asked instead of passing on that this one is unavailable."""
        leg = next_leg_after(self, status, self._client.counters)
        if leg is None:
            return False
        if self._connection is not None:
            self._connection.unavailable(self, done=done)
            self._connection = None
        self._attempt(leg, Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM, detail=f"it answered {status}"))
        return True

    def _refuse(self, failure: Failure, status: int) -> None:
        self.failure = failure
        self._drop_connection()
        client = self._client
        client.counters.fail(self.bound.route.name, SERVED_BY_SIDE[self.leg.side], failure)
        if self.responding:
            self._record()
            client.cut(truncated_silently=self._coding is Coding.UNTIL_CLOSE)
            return
        self.status = status
        if not (self.request_done and self.head.keep_alive):
            client.closing = True  # the rest of the body still comes, and must not be read as a request
        self.sent = client.answer_problem(status, failure.detail, self.ids.request_id, self.head, failure.retry_after)
        self._finish()

    def broken(self, failure: Failure) -> None:
        """An error of our own."""
        self._refuse(failure, status_of(failure))

    def expire(self, now: float) -> None:
        """The client's deadline for this exchange has passed: find out whose fault that is."""
        if self.tunnel:
            self.client_lost()
            self._client.close()
            return
        if self._held is not None and self._held.word is not None:
            word, self._held.word = self._held.word, None
            word.abandon()
            self._withhold(word.late or NOT_KEPT)
            return
        failure = why_overdue(self, self._client, now, self._connection)
        if failure.blame is Blame.CLIENT:
            self._refuse(failure, status_of(failure))
            return
        if self._connection is not None and not (self.responding and now >= self.total_at):
            self._connection.give_up()  # the upstream's failure, for its breaker; `total` within a response is nobody's
            self._connection = None
        self._drop_connection()
        self.failed(failure)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        else:
            self.leg.pool.forget(self)

    def _finish(self) -> None:
        """Step 7: the client may go on; its next request is read only after this one is recorded."""
        self._record()
        self._client.exchange_ended(self.ended, request_done=self.request_done)

    def _record(self) -> None:
        self._over = True
        self.leg.gauge.value -= 1
        self.ended = monotonic()
        finished = self._client.finished
        finished.waiting.append(self)
        if len(finished.waiting) >= BATCH:
            finished.fold()
        for tap in self.taps:
            tap.ended(self.failure, self.started, self.ended, fell_back=self.fell_back)

    def _until(self, timeout: float) -> float:
        return min(self.total_at, monotonic() + timeout)
