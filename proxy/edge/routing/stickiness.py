"""What ties requests to a side, at work: Banyan's own cookies are read and set, flows and writes are remembered.

Rule 1: it is only there where the table asks for some of it. Cookies are read before the route is known, behind rates.
Rule 2: a mark is put as soon as a request is decided, before anything is sent, and again when it is answered, by the
        side that answered: a fallback moves the flow with it.
Rule 3: memory and cookie can differ, since a client goes to many machines, and a cohort has many clients: what was
        put later holds. A cookie can only be missing or old, never another's: of several the first that verifies
        counts, and where none of a name does, the answer sets it anew or takes it away.
Rule 4: Banyan's cookies never reach an upstream. They are set on answers of both sides alike.
Rule 5: when the kill switch turns, everything is forgotten: flows that were cut must not be sent back.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from mmap import mmap
from os import urandom
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from proxy.core.http.forwarded import CHOICE, is_trusted
from proxy.core.http.request_context import RequestContext
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind, present_cohort
from proxy.core.routing.shadow import is_safe
from proxy.core.routing.split_exceptions import SplitExceptions, decide_pinned
from proxy.core.routing.tie import Tie, issued, text_of
from proxy.core.stickiness.marks import SIZE, MarkTable, mark_of
from proxy.core.stickiness.own_cookies import take_own
from proxy.core.stickiness.signed import ID_BYTES, open_cohort, open_ties, seal_cohort, seal_ties, set_cookie
from proxy.edge.wire.request_bytes import public_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.http.request import RequestHead
    from proxy.core.http.response import ResponseHead
    from proxy.core.routing.decide import Decision
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.kill_switch import WorkerKillSwitch

_DAY = 86_400
_CHOICES = {b"legacy": Side.LEGACY, b"new": Side.NEW}
_CHOICE = CHOICE + b":"
_WRITE = b"affinity"


class TiedRoute(Protocol):
    """A route, as far as requests of it are tied."""

    route: Route
    salt: int


class TiedLeg(Protocol):
    """Who answers."""

    @property
    def side(self) -> Side:
        """Which system it is."""


class TiedTable(Protocol):
    """A table, as far as requests are tied in it."""

    switch: WorkerKillSwitch
    ties: Ties | None


class TiedExchange(Protocol):
    """An exchange, as far as its answer ties what follows."""

    @property
    def live(self) -> TiedTable:
        """The table that it began with."""

    @property
    def bound(self) -> TiedRoute:
        """Its route."""

    @property
    def leg(self) -> TiedLeg:
        """Who answers."""

    head: RequestHead


class TiedClient(Protocol):
    """A client's connection, as far as cookies go."""

    scheme: bytes
    trusted: bool


class TieMemory:
    """What outlives a table: the marks, which workers share, the key, and since when cookies count (unix seconds)."""

    __slots__ = ("_find_key", "_key", "marks", "now", "since", "wall")

    def __init__(
        self,
        words: mmap | None = None,
        find_key: Callable[[], bytes] | None = None,
        now: Callable[[], float] = monotonic,
        wall: Callable[[], float] = time,
    ) -> None:
        """Without these, memory and key of its own; the key is found when it is first needed.

        `now` is a clock that all who share the memory have, `wall` tells unix seconds.
        """
        self.now = now
        self.wall = wall
        self.marks = MarkTable(memoryview(words or mmap(-1, SIZE)).cast("Q"))
        self.since = 0.0
        self._find_key = find_key or partial(urandom, 32)
        self._key = b""

    @property
    def key(self) -> bytes:
        """For tables that say none."""
        self._key = self._key or self._find_key()
        return self._key

    def forget(self) -> None:
        """Rule 5; what a cookie says of the second that runs is forgotten too."""
        self.marks.clear()
        self.since = self.wall() + 1.0


class Ties:
    """For one table."""

    __slots__ = ("_age", "_choosers", "_cohort", "_key", "_memory", "_own", "_side")

    def __init__(self, snapshot: Snapshot, memory: TieMemory) -> None:
        """The file's key, where it has one, is the one that replicas share."""
        cookies = snapshot.cookies
        self._memory = memory
        self._key = cookies.key.reveal() or memory.key
        self._cohort = cookies.cohort.encode("ascii")
        self._side = cookies.side.encode("ascii")
        self._own = frozenset({self._cohort, self._side}) - {b""}
        self._age = cookies.days * _DAY
        self._choosers = snapshot.choosers

    # -- before the decision ------------------------------------------------------------------------------------------

    def take_cookies(self, head: RequestHead) -> None:
        """Rule 4: take what is ours out of the request."""
        found = take_own(head, self._own) if b"cookie" in head.fields else None
        if found:
            head.visit = visit = RequestContext()
            visit.cohort_cookies = found.get(self._cohort, ())
            visit.side_cookies = found.get(self._side, ())

    def decide(self, bound: TiedRoute, head: RequestHead, client_ip: bytes, exceptions: SplitExceptions) -> Decision:
        """Who answers, by the function that decides for all; rule 2."""
        route = bound.route
        visit = head.visit
        if visit is None:
            head.visit = visit = RequestContext()
        visit.decided = True
        if head.managed:
            visit.asked = self._asked(head, client_ip)
        if route.is_tied:
            self._recall(visit, route, head, client_ip)
        decision = decide_pinned(route, bound.salt, head, client_ip, exceptions)
        if visit.uses and decision.serve is not None:
            self._put(visit, decision.serve)
        return decision

    def _asked(self, head: RequestHead, client_ip: bytes) -> Side | None:
        """The side that the client asks for, if it may."""
        for line in head.managed:
            if line[: len(_CHOICE)].lower() == _CHOICE and is_trusted(client_ip.decode("ascii"), self._choosers):
                return _CHOICES.get(line[len(_CHOICE) :].strip(b" \t"))
        return None

    def _recall(self, visit: RequestContext, route: Route, head: RequestHead, client_ip: bytes) -> None:
        source, key = present_cohort(route.cohort, head, client_ip) or self._anonymous(visit, route, client_ip)
        tie = route.tie
        if tie is None:
            return
        for sent in visit.side_cookies:
            visit.known = open_ties(self._key, sent, self._memory.wall(), self._memory.since)
            if visit.known:
                break
        scope = route.scope
        for flow in tie.stay:
            value = flow.key(head, client_ip)
            if value:
                self._recall_flow(visit, mark_of(self._key, scope, text_of(flow), value), tie)
        if tie.affinity:
            mark = mark_of(self._key, scope, _WRITE, source.prefix + key)
            if is_safe(route.effects, head.method, has_key=head.first(b"idempotency-key") is not None):
                visit.follows = self._side_of(visit, mark, tie.affinity)
            else:
                visit.writes = True
                visit.uses.append((mark, tie.affinity))

    def _recall_flow(self, visit: RequestContext, mark: int, tie: Tie) -> None:
        """The first value that is known says where to stay; what is tied elsewhere already is left so."""
        side = self._side_of(visit, mark, tie.stay_for)
        if side is not None and visit.stays is None:
            visit.stays = side
        if side is None or side is visit.stays:
            visit.uses.append((mark, tie.stay_for))

    def _side_of(self, visit: RequestContext, mark: int, lasts: float) -> Side | None:
        """Rule 3; both end so much after they were put, the cookie half as much again."""
        found = self._memory.marks.get(mark, self._memory.now())
        known = visit.known.get(mark) if visit.known else None
        if found is None or known is None:
            return found[0] if found is not None else known[0] if known is not None else None
        left = known[1] - self._memory.wall() - lasts / 2
        return found[0] if found[1] > left else known[0]

    def _anonymous(self, visit: RequestContext, route: Route, client_ip: bytes) -> tuple[CohortSource, bytes]:
        """No other source is there: the cohort of the cookie, or a new one; routes that ask for none go by address."""
        source = route.cohort[-1]
        if source.kind is not SourceKind.ANONYMOUS:
            return CLIENT_IP, client_ip
        now = self._memory.wall()
        found = next(filter(None, (open_cohort(self._key, cookie, now) for cookie in visit.cohort_cookies)), None)
        visit.renews = found is None or found[1] - now < self._age / 2
        visit.anonymous = urandom(ID_BYTES) if found is None else found[0]
        return source, visit.anonymous

    def _put(self, visit: RequestContext, side: Side) -> None:
        now = self._memory.now()
        for mark, lasts in visit.uses:
            self._memory.marks.put(mark, side, now, lasts)

    # -- with the answer ----------------------------------------------------------------------------------------------

    def answered(self, exchange: TiedExchange, scheme: bytes, answer: ResponseHead) -> bytes:
        """Remember what this answer ties, and the lines that set cookies, each with CRLF; `scheme` is the client's."""
        visit, route = exchange.head.visit, exchange.bound.route
        if visit is None or not visit.decided or exchange.live.switch.on:
            return b""
        tie = route.tie
        if tie is not None and tie.stay:
            scope = route.scope
            found = issued(tie.stay, answer.lines)
            visit.uses += [(mark_of(self._key, scope, text_of(flow), value), tie.stay_for) for flow, value in found]
        lines = b""
        secure = scheme == b"https"
        if visit.renews:
            value = seal_cohort(self._key, visit.anonymous, self._memory.wall() + self._age)
            lines = set_cookie(self._cohort, value, self._age, secure=secure)
        if visit.uses:
            self._put(visit, exchange.leg.side)
            if self._side:
                lines += self._side_line(visit, exchange.leg.side, secure=secure)
        elif visit.side_cookies and tie is not None and not visit.known:
            lines += set_cookie(self._side, b"", 0, secure=secure)
        return lines

    def _side_line(self, visit: RequestContext, side: Side, *, secure: bool) -> bytes:
        """Nothing while the cookie that the client has says the same, and for long enough.

        It holds half as long again, so that it need not be set with every answer; after a write it is.
        """
        now = self._memory.wall()
        known = visit.known
        if not visit.writes and all(
            mark in known and known[mark][0] is side and known[mark][1] - now > lasts for mark, lasts in visit.uses
        ):
            return b""
        ties = {**known, **{mark: (side, now + 1.5 * lasts) for mark, lasts in visit.uses}}
        age = ceil(max(ends for _, ends in ties.values()) - now)
        return set_cookie(self._side, seal_ties(self._key, now, ties), age, secure=secure)


def cookie_lines(exchange: TiedExchange, client: TiedClient, answer: ResponseHead) -> bytes:
    """What the answer to a request with a visit has beside the upstream's own lines."""
    ties = exchange.live.ties
    if ties is None:
        return b""
    return ties.answered(exchange, public_name(exchange.head, client.scheme, trusted=client.trusted)[1], answer)
