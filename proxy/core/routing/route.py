"""What to do with one class of requests, and where to send them: immutable values, one generation per snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from proxy.core.http.leniency_points import NONE, Points
from proxy.core.judge.policy import PLAIN_GUARD, Freeze, GuardPolicy, Ramp, Window
from proxy.core.outcome import Side
from proxy.core.parity.rules.rules import NO_RULES, Rules
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.effects import Effects
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import ClaimHolds, Predicate
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.split import salt_of
from proxy.core.routing.tie import Tie
from proxy.core.stage import Stage
from proxy.core.steps.step_policy import StepPolicy
from proxy.core.tls import VERIFIED, Sni, UpstreamTls
from proxy.core.upstream_auth.token_source import UpstreamAuth


class HostMode(StrEnum):
    """Which `Host` an upstream sees: the client's, or its own."""

    PRESERVE = "preserve"
    UPSTREAM = "upstream"


class Expectation(StrEnum):
    """Who asks a client for the body that it waits with (`Expect: 100-continue`): Banyan, at once, or the upstream."""

    ANSWER = "answer"
    FORWARD = "forward"


class Balance(StrEnum):
    """Which of an upstream's addresses is asked: the less busy of two drawn, or the next in turn."""

    LEAST_REQUEST = "least_request"
    ROUND_ROBIN = "round_robin"


class Trigger(StrEnum):
    """After what the other side is asked: no connection; a break before the answer, or one that cannot be translated;
    silence; or 502, 503, 504.
    """

    CONNECT = "connect"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    STATUS = "5xx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """In seconds. `queue`: wait for a free connection; `response`: request sent to response head; `idle`: silence
    inside a body; `total`: 0 is none.
    """

    connect: float = 2.0
    queue: float = 2.0
    response: float = 30.0
    idle: float = 60.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the control process asks an upstream how it is; `every` in seconds, the others in answers in a row.

    `host` is the Host that it sees; empty: its own.
    """

    path: str
    every: float = 5.0
    unhealthy_after: int = 3
    healthy_after: int = 2
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When an upstream, or one operation of it, is not asked for `open` seconds: after `failures` to connect in a row,
    or when a `share` of at least `volume` requests fails, within `window` seconds. Then `probes` requests find out.
    """

    failures: int = 5
    share: float = 0.5
    volume: int = 20
    window: float = 10.0
    open: float = 5.0
    probes: int = 1
    count_5xx: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Eject:
    """When one of several addresses is left out: after `failures` to connect in a row, or when a `share` of at least
    `volume` requests fails within `window` seconds. For `base` seconds, longer each time up to `cap`; `max_ejected` of
    all, at most, are out at once, for whatever reason.
    """

    failures: int = 3
    share: float = 0.5
    volume: int = 10
    window: float = 10.0
    base: float = 30.0
    cap: float = 300.0
    max_ejected: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """How long the addresses of a name are used: its TTL, but at `least` and at `most` so many seconds.

    `system`: by the system's own modules (nsswitch.conf), which tell no TTL, instead of hosts file and name servers.
    """

    least: float = 1.0
    most: float = 30.0
    system: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place where an upstream listens: a host and its port, or the path of a Unix socket (port 0)."""

    host: str
    port: int

    @property
    def is_unix(self) -> bool:
        """Whether the host is the path of a socket: no name of a host begins with a slash."""
        return self.host.startswith("/")

    @property
    def text(self) -> str:
        """`host:port`, brackets around an IPv6 address; `unix:/path`."""
        if self.is_unix:
            return f"unix:{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """`to` is the side that may step in for the other; None: either for the other."""

    to: Side | None
    after: frozenset[Trigger] = frozenset({Trigger.CONNECT, Trigger.FAILURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One system behind the proxy. `host` and `port` are its first endpoint; `more` are the others.

    `scheme` is http, https or http+unix.
    `connections` bounds one worker's to each address, `queue` the requests that wait; `slow_start` in seconds;
    `dry_run` is the path of its handshake, or empty, and `applies` that of the one for writes that were done before.
    """

    name: str
    scheme: str
    host: str
    port: int
    host_mode: HostMode = HostMode.PRESERVE
    tls: UpstreamTls = VERIFIED
    timeouts: Timeouts = Timeouts()
    health: Health | None = None
    connections: int = 512
    queue: int = 1024
    keep_alive: float = 1.5
    leniency: Points = NONE
    more: tuple[Endpoint, ...] = ()
    balance: Balance = Balance.LEAST_REQUEST
    slow_start: float = 10.0
    breaker: BreakerPolicy | None = BreakerPolicy()
    eject: Eject | None = Eject()
    dry_run: str = ""
    applies: str = ""
    expectation: Expectation = Expectation.ANSWER
    resolve: Resolve = Resolve()
    auth: UpstreamAuth | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them, in the order of the file."""
        return (Endpoint(self.host, self.port), *self.more)

    @property
    def tls_name(self) -> str:
        """The name that is asked for by TLS, and that the certificate must hold."""
        return self.tls.server_name or self.host.removesuffix(".")

    @property
    def follows_host(self) -> bool:
        """Whether that name is each request's Host instead."""
        https, preserved = self.scheme == "https", self.host_mode is HostMode.PRESERVE
        return https and preserved and self.tls.sni is Sni.HOST

    @property
    def authority(self) -> str:
        """`host[:port]` as it stands in a Host field, without the scheme's own port; `localhost` behind a socket."""
        if self.host.startswith("/"):
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def where(self) -> str:
        """For people: the authority, or `unix:/path`."""
        first = Endpoint(self.host, self.port)
        return first.text if first.is_unix else self.authority

    @property
    def url(self) -> str:
        """Of the first endpoint, as routes.yaml may write it."""
        return f"{self.scheme}://{quote(self.host) if self.host.startswith('/') else self.authority}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """A local answer: `respond: {status: 403, body: …}`."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """`requests` at once, refilled evenly over `seconds`; counted per client, or `by_cohort`.

    Of a route it is the policy of a step, whose answers are counted as a bound that was met.
    """

    requests: int
    seconds: float
    by_cohort: bool = False

    @property
    def key(self) -> str:
        """Of the rate of a route."""
        return "limits.rate"

    @property
    def fields(self) -> frozenset[bytes]:
        """Those of the cohort are the route's own."""
        return frozenset()

    @property
    def answers(self) -> tuple[str, ...]:
        """None by name: `banyan_shed_total` counts them."""
        return ()

    @property
    def is_remembered(self) -> bool:
        """They are."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `index` is its place in the snapshot; `split` in [0, 1]; `methods` None means every method.

    `group` shares the draw; `timeouts` None takes the upstream's; `body_limit` in bytes; `shadow` None: never.
    `was` is the name that it began with, if it has another now. `steps` stand before its requests.
    `file`, from the folder of routes.yaml, is empty where that includes none.
    """

    name: str
    index: int
    pattern: PathPattern
    methods: frozenset[bytes] | None = None
    predicates: tuple[Predicate, ...] = ()
    stage: Stage = Stage.LEGACY
    split: float = 0.0
    cohort: tuple[CohortSource, ...] = (CLIENT_IP,)
    group: str = ""
    legacy: str = "legacy"
    new: str = "new"
    effects: Effects | None = None
    timeouts: Timeouts | None = None
    respond: Respond | None = None
    websocket: bool = False
    body_limit: int = 0
    fallback: Fallback | None = None
    leniency: Points = NONE
    steps: tuple[StepPolicy, ...] = ()
    guard: GuardPolicy = PLAIN_GUARD
    ramp: Ramp | None = None
    windows: tuple[Window | Freeze, ...] = ()
    compare: Rules = NO_RULES
    shadow: ShadowPolicy | None = None
    tie: Tie | None = None
    line: int = 0
    file: str = ""
    was: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.file}:{self.line}" if self.file else f"line {self.line}"

    @property
    def origin(self) -> str:
        """The name under which its state is kept (`core/routing/state_names.py`)."""
        return self.was or self.name

    @property
    def scope(self) -> str:
        """Within which a cohort is on one side: its group, or the route itself."""
        return self.group or self.was or self.name  # spelled out: asked for with each request that is tied

    @property
    def salt(self) -> int:
        """The seed of this route's draws."""
        return salt_of(self.scope)

    def upstream(self, side: Side) -> str:
        """The upstream's name that plays `side` on this route."""
        return self.legacy if side is Side.LEGACY else self.new

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that routing this route reads, its steps included."""
        asked = [predicate.fields for predicate in self.predicates] + [source.fields for source in self.cohort]
        asked += [step.fields for step in self.steps]
        return frozenset[bytes]().union(*asked, *(() if self.tie is None else (self.tie.fields,)))

    @property
    def claims_read(self) -> frozenset[str]:
        """Names of the claims by which its requests are routed or drawn."""
        asked = {each.claim.name for each in self.predicates if isinstance(each, ClaimHolds)}
        return frozenset(asked | {source.name for source in self.cohort if source.kind is SourceKind.JWT})

    @property
    def is_remembered(self) -> bool:
        """Whether heads of its requests may be kept for who asks later."""
        return all(step.is_remembered for step in self.steps)

    @property
    def is_tied(self) -> bool:
        """Whether something is remembered, or set, for its requests."""
        tie = self.tie
        remembers = tie is not None and bool(tie.affinity or tie.stay)
        return remembers or any(source.kind is SourceKind.ANONYMOUS for source in self.cohort)
