"""What workers, the comparer, the clerk and the control process say to each other over a private Unix socket.

Rule 1: a worker never waits for the other end; counters that do not fit into the socket add up until they do.
Rule 2: counters travel as increments, so a worker that dies takes at most one report with it.
Rule 3: frames are a 4-byte big-endian length and a MessagePack body; a frame over `MAX_FRAME` ends the link.
Long: it is one protocol, and both ends of a link read all of it.
"""

from __future__ import annotations

import msgspec

from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.token_messages import ClerkTokens

MAX_FRAME = 256 * 1024 * 1024
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds of `banyan_request_duration_seconds`; one more, infinite, follows."""
CODE_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class RouteDelta(msgspec.Struct, frozen=True, array_like=True):
    """One route and one server of it (`legacy`, `new`, `self`) since the last report; `codes` follows CODE_CLASSES.

    `failed` counts what a side was asked and failed to answer, whatever the client got; `elsewhere` those of them that
    the other side answered, which are not in `codes`. `nobodys` are buckets of answers in `codes` that say nothing of
    the side (`proxy.core.outcome.Failure.is_nobodys`); empty: there are none.
    """

    route: str
    side: str
    codes: list[int]
    buckets: list[int]
    seconds: float
    failed: int = 0
    elsewhere: int = 0
    nobodys: list[int] = []

    @property
    def asked(self) -> int:
        """How often the side was asked and answered or failed."""
        return sum(self.codes) - sum(self.nobodys) + self.elsewhere


class UsageDelta(msgspec.Struct, frozen=True, array_like=True):
    """Answers in `codes` of one route, whoever gave them, that went to one verified caller; `good` are below 400."""

    route: str
    caller: str
    calls: int
    good: int


class FailureDelta(msgspec.Struct, frozen=True, array_like=True):
    """Failures of one kind since the last report."""

    route: str
    side: str
    phase: str
    blame: str
    count: int


class RefusedDelta(msgspec.Struct, frozen=True, array_like=True):
    """Requests of one route and side that were sent nowhere, by `proxy.core.outcome.Refused`, since the last report."""

    route: str
    side: str
    reason: str
    count: int


class StepAnswerDelta(msgspec.Struct, frozen=True, array_like=True):
    """Requests of one route that a step answered, or would have, by the reason that its policy names, since the last
    report.
    """

    route: str
    reason: str
    count: int


class MetClient(msgspec.Struct, frozen=True, array_like=True):
    """Calls of one client to a route with a brown-out since the last report: all of them, and what became of those that
    were drawn (`proxy.core.brownout.brownout_policy.Browned`). `without` and `whole` as of `BrownoutDelta`, its own.
    """

    client: str
    asked: int
    drawn: dict[str, int]
    without: tuple[int, int, int] = (0, 0, 0)
    whole: tuple[int, int, int] = (0, 0, 0)


class BrownoutDelta(msgspec.Struct, frozen=True, array_like=True):
    """What one brown-out (by its id) of one route has met since the last report.

    `without` and `whole`: of calls that followed one that went without, and one that did not: all, those that failed,
    those that asked for the same again (`proxy.core.brownout.aftermath.NextCalls`).
    """

    route: str
    id: str
    clients: list[MetClient]
    without: list[int]
    whole: list[int]


class EchoDelta(msgspec.Struct, frozen=True, array_like=True):
    """Answers of one side to known callers whose requests were shadowed, since the last report: with `X-Banyan-Saw`,
    and without.
    """

    route: str
    side: str
    echoed: int
    silent: int


class RepeatDelta(msgspec.Struct, frozen=True, array_like=True):
    """Requests sent more than once, of one route and outcome, since the last report; `side` was asked last."""

    route: str
    side: str
    outcome: str
    count: int


class ShadowDelta(msgspec.Struct, frozen=True, array_like=True):
    """What became of shadows of one route since the last report (`proxy.core.routing.shadow.Shadowed`)."""

    route: str
    outcome: str
    count: int


class AliveDelta(msgspec.Struct, frozen=True, array_like=True):
    """Legacy's answers to shadows of one route since the last report: what it answered, and what it failed to."""

    route: str
    good: int
    failed: int


class UpstreamState(msgspec.Struct, frozen=True, array_like=True):
    """One upstream, now: its breaker (0 closed, 1 half-open, 2 open), and of its addresses how many are left out.

    `alone` names operations whose own breaker is not closed.
    """

    upstream: str
    breaker: int
    addresses: int
    ejected: int
    alone: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, tag="report"):
    """Worker to control, once a second and when polled. `inflight` by side, now; `poll` echoes a Poll's id.

    `lines_dropped` are canonical lines that found no room; `poll` is 0 when nobody asked.
    `sheds`: how often each bound was met (proxy.core.limits.bounds_met) since the last report.
    `killed`: the kill switch is on; `switched`: when it was last turned, on the machine's monotonic clock, 0 for never.
    `orders` is the version of the Orders that it obeys; `bad` are bad events of live traffic, `bad_lost` more of them;
    `cohorts` are those that new answered on routes where it fails. `asked`: what became of questions to the clerk;
    `waits` and `held` are requests that wait for it now, and bytes kept for it. `translations`: what became of messages
    to the translators' process (proxy.core.translation.adapter_policy.TranslationOutcome) since the last report.
    `usage` is of the routes in `routes`.
    `waits` and `held` are requests that wait for it now, and bytes kept for it. `usage` is of the routes in `routes`.
    `routes` were counted in the `span` seconds until `at`, on the machine's monotonic clock; 0: in the present second.
    """

    worker: int
    pid: int
    revision: str
    inflight: dict[str, int]
    connections: int
    routes: list[RouteDelta]
    failures: list[FailureDelta]
    repeats: list[RepeatDelta] = []
    upstreams: list[UpstreamState] = []
    lines_dropped: int = 0
    draining: bool = False
    poll: int = 0
    killed: bool = False
    switched: float = 0.0
    sheds: dict[str, int] = {}
    orders: int = 0
    bad: list[BadDelta] = []
    bad_lost: int = 0
    shadows: list[ShadowDelta] = []
    recent: Recent | None = None
    cohorts: list[CohortDelta] = []
    refused: list[RefusedDelta] = []
    alive: list[AliveDelta] = []
    step_answers: list[StepAnswerDelta] = []
    step_passes: list[StepAnswerDelta] = []
    asked: list[AskedDelta] = []
    waits: int = 0
    held: int = 0
    echoes: list[EchoDelta] = []
    brownouts: list[BrownoutDelta] = []
    usage: list[UsageDelta] = []
    translations: dict[str, int] = {}
    span: float = 0.0
    at: float = 0.0


class AskedDelta(msgspec.Struct, frozen=True, array_like=True):
    """Questions of one kind to the clerk by `proxy.core.outcome.AskOutcome` since the last report."""

    kind: str
    outcome: str
    count: int


class BodyFields(msgspec.Struct, frozen=True, array_like=True):
    """Names in the body of one request, as JSON, each with what stood there (`core/discovery/request_fields.py`);
    `caller` is the verified one, or empty.
    """

    route: str
    method: str
    path: str
    caller: str
    fields: list[tuple[str, str]]


class Recent(msgspec.Struct, frozen=True, array_like=True):
    """A sample of the `requests` that ended since the last report; beside it some that went wrong, and `fresh`: some
    with paths that were not met lately, of what `/**` takes. `bodies`: names in some of their bodies.
    """

    sample: list[RememberedRequest]
    bad: list[RememberedRequest]
    requests: int
    fresh: list[RememberedRequest] = []
    bodies: list[BodyFields] = []


class BadDelta(msgspec.Struct, frozen=True, array_like=True):
    """One bad event of a route: `bad` and `side` are words, `cohort` 64 bits, `draw` its own, `at` unix seconds.

    `unreachable`: the side was not even connected to.
    """

    route: str
    bad: str
    side: str
    cohort: int
    draw: float
    at: float
    unreachable: bool = False


class CohortDelta(msgspec.Struct, frozen=True, array_like=True):
    """What new answered one cohort (64 bits) of a route on which it fails, and failed to, since the last report."""

    route: str
    cohort: int
    good: int
    failed: int


class ComparedDelta(msgspec.Struct, frozen=True, array_like=True):
    """Comparisons of one route, epoch (its mark), step and side that answered, in order: (clean, then mismatches).

    A request counts once a minute. `rest`: those whose order finds no room.
    """

    route: str
    epoch: str
    step: int
    side: str
    runs: list[tuple[int, int]]
    rest: tuple[int, int] = (0, 0)


class OutcomeDelta(msgspec.Struct, frozen=True, array_like=True):
    """What the comparison of one request came to, in the words of the API; see `proxy/api/recent.py`."""

    request_id: str
    outcome: str
    why: str = ""
    cluster: str = ""
    path: str = ""
    kind: str = ""
    severity: str = ""
    differences: int = 0


class Comparer(msgspec.Struct, frozen=True, tag="comparer"):
    """Comparer to control, as its first word and once a second: what waits now, and what it did since its start.

    `lag` is the age in seconds of the oldest pair that waits; `shed` counts by reason pairs that nobody compared;
    `lost` are records of evidence that found no place; `unreadable` frames that were no pairs.
    """

    pid: int
    revision: str
    waiting: int
    waiting_bytes: int
    lag: float
    compared: int
    shed: dict[str, int]
    lost: int
    unreadable: int


class Evidence(msgspec.Struct, frozen=True, tag="evidence"):
    """Comparer to control: what was found since the last one. `parts` is MessagePack of `core/evidence/fold.Part`.

    `bad` are mismatches of high severity, by who answered the client; `bad_lost` more of them than a message holds.
    `compared` is for the detectors of change, `outcomes` for whoever asks what became of one request: the newest.
    """

    parts: bytes
    bad: list[BadDelta]
    bad_lost: int = 0
    compared: list[ComparedDelta] = []
    outcomes: list[OutcomeDelta] = []


class ClerkState(msgspec.Struct, frozen=True, tag="clerk"):
    """Clerk to control, as its first word and once a second: questions that it works on; `away`: the database is."""

    pid: int
    revision: str
    running: int
    away: bool


class GrantCounts(msgspec.Struct, frozen=True, tag="grants"):
    """Clerk to control: what it has done for `grants` since it last said so, by provider and word.

    `calls` by outcome with the `seconds` that they took, `stored` answers by system, `alarms`. `consents` are
    (provider, family, client, why) of grants that need a new consent.
    """

    calls: list[tuple[str, str, int]]
    seconds: list[tuple[str, float]]
    stored: list[tuple[str, str, int]]
    alarms: list[tuple[str, str, int]]
    consents: list[tuple[str, str, str, str]]


class IntrospectionCounts(msgspec.Struct, frozen=True, tag="introspections"):
    """Clerk to control, of questions about opaque tokens since it last said so: (policy, outcome, count)."""

    counts: list[tuple[str, str, int]]


class Noise(msgspec.Struct, frozen=True, tag="noise"):
    """Control to comparer: by route and key what all replicas know (a `KeyState`, but `waits`).

    `lags`: of clocks that are not the present how far they are from it, in seconds. All of it holds in the epoch of
    the mark in `epochs`; `lasting` is what holds in any other.
    """

    states: dict[str, dict[str, str]]
    lags: dict[str, dict[str, float]] = {}
    epochs: dict[str, str] = {}
    lasting: dict[str, dict[str, str]] = {}


class Poll(msgspec.Struct, frozen=True, tag="poll"):
    """Control to worker: report now."""

    id: int


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Control to worker: serve this from the next request on. `pickled` is a `proxy.core.routing.snapshot.Snapshot`."""

    revision: str
    pickled: bytes


class RouteOrder(msgspec.Struct, frozen=True, array_like=True):
    """Where one route (by its origin) runs, whatever the table says: `stage`, and `split` in [0, 1].

    `said_stage` and `said_split` are what routes.yaml said when this was ordered: a table that says something else was
    edited since. `pins` are (cohort key, side); `slow` is the time in seconds above which an answer is a bad event, 0
    for none; `drained`: cohorts that new has not served lately go to legacy; `sample`: at canary this share of the
    requests is shadowed where routes.yaml says none, 0 for the usual one. `step` and `begun` are the position's, put on
    every pair. `ended` are brown-outs that are over, by id.
    """

    route: str
    stage: str
    split: float
    said_stage: str
    said_split: float
    pins: list[tuple[str, str]] = []
    slow: float = 0.0
    drained: bool = False
    sample: float = 0.0
    step: int = 0
    begun: int = 0
    ended: list[str] = []


class Orders(msgspec.Struct, frozen=True, tag="orders"):
    """Control to worker: what runs on the routes named here; all others run as the table says.

    `version` has no order: a worker that obeys these orders says the same one. `known` False: where routes stand has
    not been read yet, and routes that may stand elsewhere than the table says wait at legacy. `standing`: the version
    of the standing that they come from, where some route's writes go to both sides.
    """

    version: int
    routes: list[RouteOrder]
    known: bool = True
    standing: int = 0


class Probed(msgspec.Struct, frozen=True, tag="probed"):
    """Control to worker: how an endpoint (`host:port`) of an upstream is; `lasts` is how many seconds that holds.

    `dry_run` None: nothing is said of it; else whether it accepts dry runs, and then nothing is said of its health.
    """

    upstream: str
    endpoint: str
    healthy: bool
    lasts: float
    dry_run: bool | None = None


class KeySet(msgspec.Struct, frozen=True, array_like=True):
    """The keys by which tokens of an issuer are checked. `source`: its URL or file, as the policy writes it.

    `jwks` is the document (RFC 7517 section 5), public keys only; empty: there is none now.
    """

    source: str
    jwks: bytes


class KeySets(msgspec.Struct, frozen=True, tag="key_sets"):
    """Control to worker: all key sets of the table, whenever one has changed or was asked for.

    `answered`: sources that have been looked at since a worker wanted a key; `began`: when that look did, unix seconds.
    """

    sets: list[KeySet]
    answered: list[str] = []
    began: float = 0.0


class KeyWanted(msgspec.Struct, frozen=True, tag="key_wanted"):
    """Worker to control: a token names a key that is not in this key set; KeySets follow that say so (`answered`)."""

    source: str


class Suspended(msgspec.Struct, frozen=True, tag="suspended"):
    """Control to worker: all subjects who may not call, however good their tokens are."""

    subjects: list[str]


ToWorker = Poll | Table | Probed | Orders | KeySets | Suspended
ToComparer = Poll | Table | Probed | Noise | Orders | KeySets | Suspended
ToControl = Report | Comparer | Evidence | ClerkState | GrantCounts | IntrospectionCounts | KeyWanted | ClerkTokens

_encode = msgspec.msgpack.Encoder().encode
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_to_comparer: msgspec.msgpack.Decoder[ToComparer] = msgspec.msgpack.Decoder(ToComparer)
_to_control: msgspec.msgpack.Decoder[ToControl] = msgspec.msgpack.Decoder(ToControl)


def frame(message: ToWorker | ToComparer | ToControl) -> bytes:
    """The message as it goes over the socket."""
    body = _encode(message)
    return len(body).to_bytes(4, "big") + body


class Unframer:
    """Cuts a byte stream into message bodies."""

    def __init__(self, most: int = MAX_FRAME) -> None:
        """Begin at a frame's start; `most` bytes may be in one."""
        self._held = bytearray()
        self._most = most

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that are now whole; ValueError when a frame is too long to be one of ours."""
        self._held += data
        bodies: list[bytes] = []
        while len(self._held) >= 4:
            size = int.from_bytes(self._held[:4], "big")
            if size > self._most:
                message = f"a frame of {size} bytes cannot come from a worker or control of this version"
                raise ValueError(message)
            if len(self._held) < 4 + size:
                break
            bodies.append(bytes(self._held[4 : 4 + size]))
            del self._held[: 4 + size]
        return bodies


def read_to_worker(body: bytes) -> ToWorker:
    """What control said; msgspec.DecodeError when it is not of this version."""
    return _to_worker.decode(body)


def read_to_comparer(body: bytes) -> ToComparer:
    """What control said; msgspec.DecodeError when it is not of this version."""
    return _to_comparer.decode(body)


def read_to_control(body: bytes) -> ToControl:
    """What a worker, the comparer or the clerk said; msgspec.DecodeError when it is not of this version."""
    return _to_control.decode(body)
