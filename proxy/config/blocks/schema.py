"""What routes.yaml may say: one model per block, unknown keys forbidden, every key described.

Rule 1: a model knows single values only; what depends on two of them is `check`'s.
Rule 2: None means that the key is not there; defaults stand in `proxy.core` and are filled in by `build`.
Rule 3: what is promised but does not work yet is refused by its name (`NOT_LANDED`), never ignored.

Long: the keys of the whole file stand in one place, each with its sentence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from proxy.config.blocks.base_block import Block
from proxy.config.blocks.base_block import needed as _needed
from proxy.config.blocks.base_block import optional as _optional
from proxy.config.blocks.compare_blocks import CompareBlock
from proxy.config.blocks.hook_blocks import HookBlock
from proxy.config.blocks.judgement_blocks import FleetGuardBlock, GuardBlock, RampBlock, WindowBlock
from proxy.config.blocks.shadow_blocks import FileShadowBlock, ShadowBlock
from proxy.config.blocks.tie_blocks import AnyStay, CookiesBlock, PinBlock, PinsBlock
from proxy.config.blocks.tls_block import ListenerTlsBlock, UpstreamTlsBlock
from proxy.config.blocks.upstream_blocks import AnyFallback, AnyResolve, BreakerBlock, EjectBlock, HealthBlock
from proxy.config.readers import match_values, scalars, value_types
from proxy.config.readers.address import Address, Url
from proxy.core.routing.route import Respond, Timeouts, Upstream
from proxy.core.routing.snapshot import AccessLogPolicy, Limits

_DRAIN = 30.0
_TIMEOUTS, _LIMITS, _RESPOND = Timeouts(), Limits(), Respond(status=200)
_UPSTREAM = Upstream(name="", scheme="http", host="", port=80)

NOT_LANDED = (
    *("writes", "handover", "adapter", "auth"),
    *("include", "graphql", "jwt"),
)
"""Blocks that are promised and that this version does not have."""


class TimeoutBlock(Block):
    """How long to wait for an upstream."""

    connect: value_types.LengthAboveZero | None = _optional(
        f"For a connection, TLS included. Default {_TIMEOUTS.connect:g}s.", "1s"
    )
    queue: value_types.LengthAboveZero | None = _optional(
        f"For a turn, while all connections are taken. Default {_TIMEOUTS.queue:g}s.", "2s"
    )
    response: value_types.LengthAboveZero | None = _optional(
        f"From the request's last byte to the response's head. Default {_TIMEOUTS.response:g}s.", "15s"
    )
    idle: value_types.LengthAboveZero | None = _optional(
        f"Without a byte while a body or a tunnel runs. Default {_TIMEOUTS.idle:g}s.", "60s"
    )
    total: value_types.Length | None = _optional("For the whole exchange. 0s, the default, is no bound.", "2m")


AnyTimeout = Annotated[
    TimeoutBlock,
    BeforeValidator(scalars.read_timeout, json_schema_input_type=Literal["streaming"] | TimeoutBlock),
]
"""The mapping, or the word for what waits long."""
AnyHealth = Annotated[
    HealthBlock, BeforeValidator(scalars.read_health, json_schema_input_type=value_types.HealthPath | HealthBlock)
]
"""The mapping, or its path alone."""


class UpstreamBlock(Block):
    """One system behind the proxy."""

    url: value_types.UpstreamUrl | None = _optional(
        "Scheme, host and port; no path. Or http+unix:// and the path of a socket.",
        "http://legacy.internal:3000",
        "http+unix:///run/legacy.sock",
    )
    endpoints: list[value_types.UpstreamUrl] | None = _optional(
        "Instead of url: several of them, all with the same scheme.", ["http://new-1:8080", "http://new-2:8080"]
    )
    balance: value_types.BalanceWord | None = _optional(
        "Which address is asked, of all that the names stand for. least_request, the default: the less busy of two "
        "drawn; round_robin: each in turn.",
        "least_request",
    )
    slow_start: value_types.Length | None = _optional(
        f"Over which an address that was left out gets its full part again. Default {_UPSTREAM.slow_start:g}s.", "10s"
    )
    breaker: BreakerBlock | None = _optional("When it is left alone.", {"failures": 5, "open": "5s"})
    eject: EjectBlock | None = _optional("When one of its addresses is left out.", {"base": "30s"})
    health: (
        Annotated[
            HealthBlock,
            BeforeValidator(scalars.read_health, json_schema_input_type=value_types.HealthPath | HealthBlock),
        ]
        | None
    ) = _optional("A path, or a mapping of path and every. Without it the upstream is not asked.", "/healthz")
    host: value_types.HostModeWord | None = _optional(
        "Which Host it sees. preserve, the default: the client's; upstream: its own.", "preserve", "upstream"
    )
    expect: value_types.ExpectWord | None = _optional(
        "Who answers a client that waits with its body (Expect: 100-continue). answer, the default: Banyan, at once; "
        "forward: it, so that what it refuses is never sent.",
        "answer",
        "forward",
    )
    timeout: AnyTimeout | None = _optional("How long to wait for it.", {"connect": "1s", "response": "15s"})
    connections: value_types.Connections | None = _optional(
        f"Most connections of one worker to each of its addresses. Default {_UPSTREAM.connections}.", 512
    )
    queue: value_types.Queue | None = _optional(
        f"Most requests of one worker that wait for a connection; more are shed. Default {_UPSTREAM.queue}.", 1024
    )
    windows: list[WindowBlock] | None = _optional(
        "When the judge leaves the routes of this upstream alone.",
        [{"name": "batch", "start": "22:00", "end": "06:00"}],
    )
    keep_alive: value_types.Length | None = _optional(
        "How long an unused connection is kept: shorter than the upstream itself keeps it, or requests run into its "
        f"closing. Default {_UPSTREAM.keep_alive:g}s.",
        "1.5s",
    )
    leniency: list[value_types.ResponsePoint] | None = _optional(
        "Single points that its responses are forgiven.", ["bare_lf"]
    )
    dry_run: value_types.HealthPath | None = _optional(
        "Where it is asked with OPTIONS whether it can take writes without doing them; see shadow.", "/-/dry-run"
    )
    resolve: AnyResolve | None = _optional(
        "How its names become addresses, and how long those are used; what it leaves out is that of the top.",
        {"most": "10s"},
        "system",
    )
    tls: UpstreamTlsBlock | None = _optional("How it is met, with an https url.", {"ca": "tls/ca.pem"})

    @property
    def places(self) -> list[Url]:
        """Where it listens, by whichever key."""
        return self.endpoints or ([] if self.url is None else [self.url])


class MatchBlock(Block):
    """Which requests a route takes: everything said here must hold."""

    methods: value_types.Methods | None = _optional(
        "A method, or a list. Without it every method fits.", ["GET", "HEAD"]
    )
    path: value_types.Pattern = _needed(
        "Segments: literal, {name} or *; a final ** takes the rest.", "/orders/{id}", "/**"
    )
    host: value_types.HostText | None = _optional(
        'The host that the client asked for: exact, or "*.example.com" for every name below it.', "api.example.com"
    )
    headers: value_types.Fields | None = _optional(
        "By name of the field: text, a list of texts, true (present) or false (absent).", {"X-Client": "app"}
    )
    query: value_types.Query | None = _optional(
        "By name of the parameter: text, a list of texts, true (present) or false (absent).", {"version": "2"}
    )


AnyMatch = Annotated[
    MatchBlock, BeforeValidator(match_values.read_match, json_schema_input_type=value_types.MatchText | MatchBlock)
]
"""The mapping, or the short form."""


class RespondBlock(Block):
    """An answer that Banyan gives itself."""

    status: value_types.Status = _needed("The status code, 200 to 599.", 403)
    body: value_types.Body | None = _optional("Text of the answer, sent as UTF-8. Default none.", "Closed.")
    content_type: value_types.ContentType | None = _optional(
        f"Its media type. Default {_RESPOND.content_type}.", "application/json"
    )


class RateBy(StrEnum):
    """Whose requests a route's rate counts together."""

    CLIENT = "client"
    COHORT = "cohort"


class RouteLimitsBlock(Block):
    """Bounds of one route."""

    body_size: value_types.Size | None = _optional("Largest request body; a larger one is answered with 413.", "10MiB")
    rate: value_types.RateText | None = _optional(
        "Requests on this route: so many at once, refilled evenly over the unit; more are answered with 429.", "10/s"
    )
    rate_by: Annotated[RateBy, BeforeValidator(scalars.Choice(RateBy))] | None = _optional(
        "Whose requests count together: client, the default, is an address; cohort what the route says.", "cohort"
    )


class RouteBlock(Block):
    """What to do with one class of requests."""

    name: value_types.Name = _needed("Stable id: metric label, evidence key, CLI argument.", "orders.show")
    was: value_types.Name | None = _optional(
        "The name that it began with: position, latch, evidence and draws are kept under it. It stays here for as long "
        "as the route is between its two sides.",
        "orders.get",
    )
    match: AnyMatch = _needed("METHOD[,METHOD] path, a path alone, or a mapping.", "GET /orders/{id}", "/**")
    stage: value_types.StageWord | None = _optional(
        "Who answers. legacy, shadow: legacy. canary: new for the split's cohorts, else legacy. live, complete: new. "
        "retired: nobody any more (410).",
        "legacy",
        "canary",
    )
    split: value_types.Share | None = _optional(
        "At canary, the share of cohorts that new serves; at retired, the share that is answered with 410.", "10%"
    )
    cohort: value_types.Cohort | None = _optional(
        "What is never split between sides: header:NAME, cookie:NAME, query:NAME, path:NAME, client_ip (default) or "
        "anonymous (a cookie of Banyan's own); of a list, the first one present.",
        "header:X-Tenant-Id",
    )
    group: value_types.Name | None = _optional(
        "Routes of one group share the draw: a cohort moves on all of them.", "orders"
    )
    affinity: value_types.LengthAboveZero | None = _optional(
        "For so long after a cohort has written on a side, what it reads on this route, or in its group, comes from "
        "there. Without it reads go by the draw.",
        "5s",
    )
    stay: AnyStay | None = _optional(
        "Values by which requests are known to belong to one flow, which stays on its side.", ["query:state"]
    )
    pin: PinBlock | None = _optional("Cohorts that are on a side whatever their draw.", {"new": ["acme"]})
    legacy: value_types.Name | None = _optional("The upstream that is legacy on this route. Default legacy.", "legacy")
    new: value_types.Name | None = _optional("The upstream that is new on this route. Default new.", "new")
    effects: value_types.EffectsWord | None = _optional(
        "What repeating a request may do. Default by method: GET, HEAD, OPTIONS safe; PUT, DELETE idempotent; the rest "
        "unsafe, or keyed with an Idempotency-Key. Declared safe: legacy may be asked twice, to learn its noise; "
        "declared otherwise: not shadowed at all.",
        "safe",
    )
    guard: GuardBlock | None = _optional(
        "What the judge watches, and what an alarm does. Without it, all of it, and back.", {"on_failure": "freeze"}
    )
    ramp: RampBlock | None = _optional(
        "How far and on what evidence the judge promotes. Without it nothing is promoted.", {"hold": "10m"}
    )
    windows: list[WindowBlock] | None = _optional(
        "When the judge leaves this route alone.", [{"name": "batch", "start": "22:00", "end": "06:00"}]
    )
    compare: CompareBlock | None = _optional(
        "What may differ between the two answers, beside what may differ on every route.", {"secrets": ["patient"]}
    )
    shadow: ShadowBlock | None = _optional(
        "How requests of this route are sent to the other side as well.", {"sample": "25%", "credentials": "forward"}
    )
    fallback: AnyFallback | None = _optional(
        "The side that is asked when the other one fails; without it none is.", "legacy", {"to": "legacy"}
    )
    respond: RespondBlock | None = _optional("An answer of Banyan's own, instead of a stage.", {"status": 403})
    upgrades: value_types.Upgrades | None = _optional("Upgrades that this route lets through.", ["websocket"])
    timeout: AnyTimeout | None = _optional(
        "Waits of this route instead of its upstream's.", {"response": "60s"}, "streaming"
    )
    limits: RouteLimitsBlock | None = _optional("Bounds of this route.", {"body_size": "10MiB"})
    leniency: list[value_types.RequestPoint] | None = _optional(
        "Single points that requests of this route are forgiven.", ["bare_lf"]
    )


class LimitsBlock(Block):
    """Bounds of the clients' side."""

    connections: value_types.Connections | None = _optional(
        f"Most client connections of one worker. Default {_LIMITS.connections}.", 16_000
    )
    connections_per_client: value_types.AtLeastOne | None = _optional(
        "Most connections of one worker from one address; not for trusted_proxies. Without it there is no bound.", 100
    )
    requests_per_connection: value_types.AtLeastOne | None = _optional(
        "After so many, a connection is closed. Without it there is no bound.", 1000
    )
    pipeline: value_types.AtLeastOne | None = _optional(
        f"Requests that may wait behind one; then the client is not read. Default {_LIMITS.pipeline}.", 100
    )
    rate: value_types.RateText | None = _optional(
        "Requests of one client's address: so many at once, refilled evenly over the unit; more are answered with 429. "
        "Without it there is no bound.",
        "100/s",
    )
    memory: value_types.Memory | None = _optional(
        "What one worker may take: near it, it sheds. auto, the default, is 90 % of what the control group allows, "
        "divided by the workers.",
        "512MiB",
        "auto",
    )
    head: value_types.LengthAboveZero | None = _optional(f"For a whole request head. Default {_LIMITS.head:g}s.", "10s")
    body: value_types.LengthAboveZero | None = _optional(
        f"Without a byte of a request's body. Default {_LIMITS.body:g}s.", "30s"
    )
    body_rate: value_types.ByteRate | None = _optional(
        f"The least that a body brings, over each body timeout; 0B/s is no bound. Default {_LIMITS.body_rate}B/s.",
        "240B/s",
    )
    write: value_types.LengthAboveZero | None = _optional(
        f"For a client that does not read what is written to it. Default {_LIMITS.write:g}s.", "60s"
    )
    idle: value_types.LengthAboveZero | None = _optional(
        f"Between two requests of a connection. Default {_LIMITS.idle:g}s.", "75s"
    )
    tunnel: value_types.LengthAboveZero | None = _optional(
        f"Without a byte in a tunnel, such as a WebSocket. Default {_LIMITS.tunnel:g}s.", "1h"
    )
    body_size: value_types.Size | None = _optional(
        "Largest request body; a larger one is answered with 413. Without it there is no bound.", "10MiB"
    )
    request_line: value_types.Bytes | None = _optional(
        "Longest request line; a longer one is 414. Default 16KiB.", "16KiB"
    )
    field: value_types.Bytes | None = _optional("Longest header field; a longer one is 431. Default 16KiB.", "16KiB")
    head_size: value_types.Bytes | None = _optional(
        "Largest request head; a larger one is 431. Default 64KiB.", "64KiB"
    )
    fields: value_types.AtLeastOne | None = _optional(
        f"Most header fields; more are 431. Default {_LIMITS.fields}.", _LIMITS.fields
    )
    chunk_extension: value_types.Bytes | None = _optional(
        "Longest extension of one chunk's size line; a longer one is 400. Default 256B.", "256B"
    )
    trailers: value_types.Bytes | None = _optional(
        "Largest trailer section; a larger one is 400. Default 8KiB.", "8KiB"
    )


class Underscores(StrEnum):
    """What becomes of fields whose names hold an underscore."""

    ALLOW = "allow"
    REJECT = "reject"


class Keeping(StrEnum):
    """What becomes of an id that a client gave."""

    KEEP = "keep"
    REPLACE = "replace"


class LogBlock(Block):
    """The canonical lines."""

    sample: value_types.ShareOrFraction | None = _optional(
        "Share of good requests that get a line; refusals, failures and 5xx always do. "
        f"Default {AccessLogPolicy().sample:.0%}.",
        "10%",
        0.1,
    )


class SettingsBlock(Block):
    """Everything but upstreams and routes."""

    version: value_types.Version = _needed("Of this format: 1.", 1)
    listen: value_types.ListenAddress = _needed(
        "Where clients come in: address and port, or unix: and a path.",
        "0.0.0.0:8080",
        ":8080",
        "unix:/run/banyan.sock",
    )
    admin: value_types.AdminAddress = Field(
        Address("127.0.0.1", 9090),
        description="Metrics, health and API; never on the port of the clients. Default 127.0.0.1:9090.",
        examples=["127.0.0.1:9090"],
    )
    workers: value_types.Workers = Field(
        1, description="Data-plane processes; auto is one per core. Default 1.", examples=[1, "auto"]
    )
    state: value_types.State = Field(
        "memory",
        description="Where evidence and positions are kept: memory, embedded (a private PostgreSQL), or the address of "
        "a PostgreSQL that the replicas share. Default memory.",
        examples=["embedded", "postgresql://banyan@db/banyan"],
    )
    drain: value_types.Length = Field(
        _DRAIN, description=f"How long requests in flight may take at the end. Default {_DRAIN:g}s.", examples=["30s"]
    )
    kill_file: value_types.FilePath | None = _optional(
        "While a file stands here, everything that legacy can answer goes to legacy. Relative paths count from the "
        "folder of this file. Without it: kill in the state directory.",
        "/run/banyan/kill",
    )
    resolve: AnyResolve | None = _optional(
        "How names of upstreams become addresses: a mapping, or dns or system alone. Default dns.",
        {"least": "1s", "most": "30s"},
        "system",
    )
    trusted_proxies: list[value_types.NetworkText] = Field(
        default_factory=list,
        description="Addresses and networks whose forwarding headers are believed. Default none.",
        examples=[["10.0.0.0/8"]],
    )
    cookies: CookiesBlock | None = _optional("The cookies that Banyan sets itself.", {"side": "banyan_side"})
    pins: PinsBlock | None = _optional("Who may choose a side for a request.", {"header": ["10.20.0.0/16"]})
    guard: FleetGuardBlock | None = _optional("What holds over all routes.", {"in_motion": 2})
    windows: list[WindowBlock] | None = _optional(
        "When the judge leaves all routes alone.", [{"name": "batch", "start": "22:00", "end": "06:00"}]
    )
    compare: CompareBlock | None = _optional(
        "What may differ between the two answers on every route.", {"secrets": ["patient"]}
    )
    shadow: FileShadowBlock | None = _optional(
        "How requests are sent to the other side as well, on every route.", {"memory": "64MiB"}
    )
    limits: LimitsBlock | None = _optional("Bounds of the clients' side.", {"body_size": "10MiB"})
    leniency: list[value_types.RequestPoint] | None = _optional(
        "Single points that every request is forgiven.", ["unknown_methods"]
    )
    underscore_headers: Annotated[Underscores, BeforeValidator(scalars.Choice(Underscores))] | None = _optional(
        "What becomes of a request with a field whose name holds an underscore. Default allow.", "allow", "reject"
    )
    request_id: Annotated[Keeping, BeforeValidator(scalars.Choice(Keeping))] | None = _optional(
        "What becomes of the X-Request-Id that a request comes with: keep or replace. Default: trusted_proxies' are "
        "kept, others' replaced.",
        "keep",
        "replace",
    )
    tls: ListenerTlsBlock | None = _optional(
        "TLS on the clients' port. Without it the port speaks plain HTTP.",
        {"cert": "tls/site.pem", "key": "tls/site.key"},
    )
    log: LogBlock | None = _optional("The canonical lines.", {"sample": "10%"})
    hooks: list[HookBlock] | None = _optional(
        "Who is told of each move of a route, by a POST.", [{"url": "https://hooks.example.com/banyan"}]
    )


class FileBlock(SettingsBlock):
    """The whole of routes.yaml."""

    upstreams: dict[value_types.Name, UpstreamBlock] = Field(
        default_factory=dict,
        description="The systems behind the proxy, by name. Those called legacy and new have these roles everywhere.",
        examples=[{"legacy": {"url": "http://legacy.internal:3000"}}],
    )
    routes: list[RouteBlock] = Field(
        min_length=1,
        description="The most specific path wins, whatever the order here; then the route with more conditions.",
        examples=[[{"name": "rest", "match": "/**", "stage": "legacy"}]],
    )
