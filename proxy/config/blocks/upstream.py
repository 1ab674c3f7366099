"""The systems behind the proxy: where each is, how long it is waited for, and how its failures are met."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional, said_by
from proxy.config.blocks.server import ServerKeys
from proxy.config.blocks.windows import WindowBlock
from proxy.config.readers import address, scalars, units
from proxy.config.readers.address import Url
from proxy.config.readers.errors import fault
from proxy.config.text.problem import FileProblem, Path
from proxy.core.own_address import is_own
from proxy.core.routing.route import (
    Balance,
    BreakerPolicy,
    Eject,
    Endpoint,
    Expectation,
    Health,
    HostMode,
    Timeouts,
    Upstream,
)

_TIMEOUTS, _HEALTH, _BREAKER, _EJECT = Timeouts(), Health(path="/"), BreakerPolicy(), Eject()
_UPSTREAM = Upstream(name="", scheme="http", host="", port=80)
_SWITCHED = (True, False)
STREAMING = "streaming"
STREAMS: Mapping[str, str] = {"response": "10m", "idle": "1h", "total": "0s"}
"""What the word stands for: a long poll's answer, silence inside an event stream, and no end of the whole."""

BalanceWord = Annotated[Balance, BeforeValidator(scalars.Choice(Balance))]
HostModeWord = Annotated[HostMode, BeforeValidator(scalars.Choice(HostMode))]
ExpectWord = Annotated[Expectation, BeforeValidator(scalars.Choice(Expectation))]


def read_health(value: object) -> object:
    """The short form, a path alone, as the mapping that it stands for."""
    if isinstance(value, dict):
        return value
    return {"path": value}


def read_timeout(value: object) -> object:
    """The word for long polls and event streams as the mapping that it stands for."""
    if value == STREAMING:
        return dict(STREAMS)
    if isinstance(value, dict) and STREAMING in value:
        raise fault(f"{STREAMING} is a word, not a key", got="", cure=f"write timeout: {STREAMING}")
    if isinstance(value, str):
        raise fault(f"must be {STREAMING}, or a mapping such as {{response: 15s}}")
    return value


class TimeoutBlock(Block):
    """How long to wait for an upstream."""

    connect: units.LengthAboveZero | None = optional(
        f"For a connection, TLS included. Default {_TIMEOUTS.connect:g}s.", "1s"
    )
    queue: units.LengthAboveZero | None = optional(
        f"For a turn, while all connections are taken. Default {_TIMEOUTS.queue:g}s.", "2s"
    )
    response: units.LengthAboveZero | None = optional(
        f"From the request's last byte to the response's head. Default {_TIMEOUTS.response:g}s.", "15s"
    )
    idle: units.LengthAboveZero | None = optional(
        f"Without a byte while a body or a tunnel runs. Default {_TIMEOUTS.idle:g}s.", "60s"
    )
    total: units.Length | None = optional("For the whole exchange. 0s, the default, is no bound.", "2m")


class HealthBlock(Block):
    """How an upstream is asked how it is."""

    path: scalars.HealthPath = needed("Asked with GET at each endpoint; below 400 says that it is well.", "/healthz")
    host: scalars.Authority | None = optional(
        "The Host that it sees, perhaps with a port. Default its own.", "api.example.com"
    )
    every: units.LengthAboveZero | None = optional(f"How often. Default {_HEALTH.every:g}s.", "5s")
    unhealthy_after: units.AtLeastOne | None = optional(
        f"Bad answers in a row after which it counts as down. Default {_HEALTH.unhealthy_after}.", 3
    )
    healthy_after: units.AtLeastOne | None = optional(
        f"Good answers in a row after which it counts as up again. Default {_HEALTH.healthy_after}.", 2
    )


class BreakerBlock(Block):
    """When an upstream, or one operation of it, is left alone: by failed connects in a row, or the share that fails."""

    enabled: scalars.Switch | None = optional("false: it is always asked. Default true.", *_SWITCHED)
    failures: units.AtLeastOne | None = optional(
        f"Failures to connect in a row, within the window, after which it opens. Default {_BREAKER.failures}.", 5
    )
    share: units.Share | None = optional(
        f"Share of the window's requests whose failure opens it too. Default {_BREAKER.share:.0%}.", "50%"
    )
    volume: units.AtLeastOne | None = optional(
        f"Requests that the window must have for the share to count. Default {_BREAKER.volume}.", 20
    )
    window: units.LengthAboveZero | None = optional(f"Over which it counts. Default {_BREAKER.window:g}s.", "10s")
    open: units.LengthAboveZero | None = optional(
        f"How long nothing is sent, before real requests find out again. Default {_BREAKER.open:g}s.", "5s"
    )
    probes: units.Few | None = optional(f"How many requests find out at once. Default {_BREAKER.probes}.", 1)
    count_5xx: scalars.Switch | None = optional("true: answers 500 to 599 are failures too. Default false.", *_SWITCHED)


class EjectBlock(Block):
    """When one of several addresses of an upstream is left out."""

    enabled: scalars.Switch | None = optional("false: by health only. Default true.", *_SWITCHED)
    failures: units.AtLeastOne | None = optional(
        f"Failures to connect in a row after which it is left out. Default {_EJECT.failures}.", 3
    )
    share: units.Share | None = optional(
        f"Share of the window's requests to it whose failure leaves it out too. Default {_EJECT.share:.0%}.", "50%"
    )
    volume: units.AtLeastOne | None = optional(
        f"Requests to it that the window must have for the share to count. Default {_EJECT.volume}.", 10
    )
    window: units.LengthAboveZero | None = optional(f"Over which it counts. Default {_EJECT.window:g}s.", "10s")
    base: units.LengthAboveZero | None = optional(
        f"How long, times how often it was before. Default {_EJECT.base:g}s.", "30s"
    )
    cap: units.LengthAboveZero | None = optional(f"The longest. Default {_EJECT.cap:g}s.", "300s")
    max_ejected: units.Share | None = optional(
        f"The share of all addresses that may be out at once, by health too. Default {_EJECT.max_ejected:.0%}.", "50%"
    )


AnyTimeout = Annotated[
    TimeoutBlock, BeforeValidator(read_timeout, json_schema_input_type=Literal["streaming"] | TimeoutBlock)
]
"""The mapping, or the word for what waits long."""
AnyHealth = Annotated[
    HealthBlock, BeforeValidator(read_health, json_schema_input_type=scalars.HealthPath | HealthBlock)
]
"""The mapping, or its path alone."""


class UpstreamKeys(Block):
    """One system behind the proxy."""

    url: address.UpstreamUrl | None = optional(
        "Scheme, host and port; no path. Or http+unix:// and the path of a socket.",
        "http://legacy.internal:3000",
        "http+unix:///run/legacy.sock",
    )
    endpoints: list[address.UpstreamUrl] | None = optional(
        "Instead of url: several of them, all with the same scheme.", ["http://new-1:8080", "http://new-2:8080"]
    )
    balance: BalanceWord | None = optional(
        "Which address is asked, of all that the names stand for. least_request, the default: the less busy of two "
        "drawn; round_robin: each in turn.",
        "least_request",
    )
    slow_start: units.Length | None = optional(
        f"Over which an address that was left out gets its full part again. Default {_UPSTREAM.slow_start:g}s.", "10s"
    )
    breaker: BreakerBlock | None = optional("When it is left alone.", {"failures": 5, "open": "5s"})
    eject: EjectBlock | None = optional("When one of its addresses is left out.", {"base": "30s"})
    health: AnyHealth | None = optional(
        "A path, or a mapping of path and every. Without it the upstream is not asked.", "/healthz"
    )
    host: HostModeWord | None = optional(
        "Which Host it sees. preserve, the default: the client's; upstream: its own.", "preserve", "upstream"
    )
    expect: ExpectWord | None = optional(
        "Who answers a client that waits with its body (Expect: 100-continue). answer, the default: Banyan, at once; "
        "forward: it, so that what it refuses is never sent.",
        "answer",
        "forward",
    )
    timeout: AnyTimeout | None = optional("How long to wait for it.", {"connect": "1s", "response": "15s"})
    connections: units.Connections | None = optional(
        f"Most connections of one worker to each of its addresses. Default {_UPSTREAM.connections}.", 512
    )
    queue: units.Queue | None = optional(
        f"Most requests of one worker that wait for a connection; more are shed. Default {_UPSTREAM.queue}.", 1024
    )
    windows: list[WindowBlock] | None = optional(
        "When the judge leaves the routes of this upstream alone.",
        [{"name": "batch", "start": "22:00", "end": "06:00"}],
    )
    keep_alive: units.Length | None = optional(
        "How long an unused connection is kept: shorter than the upstream itself keeps it, or requests run into its "
        f"closing. Default {_UPSTREAM.keep_alive:g}s.",
        "1.5s",
    )
    leniency: list[scalars.ResponsePoint] | None = optional(
        "Single points that its responses are forgiven.", ["bare_lf"]
    )
    dry_run: scalars.HealthPath | None = optional(
        "Where it is asked with OPTIONS whether it can take writes without doing them; see shadow.", "/-/dry-run"
    )

    @property
    def places(self) -> list[Url]:
        """Where it listens, by whichever key."""
        return self.endpoints or ([] if self.url is None else [self.url])


def health_of(block: HealthBlock | None) -> Health | None:
    """The value of the block."""
    return None if block is None else replace(_HEALTH, **said_by(block))


def breaker_of(block: BreakerBlock | None) -> BreakerPolicy | None:
    """The value of the block; None: there is none."""
    if block is None:
        return _BREAKER
    said = said_by(block)
    return None if said.pop("enabled", True) is False else replace(_BREAKER, **said)


def eject_of(block: EjectBlock | None) -> Eject | None:
    """The value of the block; None: no address is left out for what it failed."""
    if block is None:
        return _EJECT
    said = said_by(block)
    return None if said.pop("enabled", True) is False else replace(_EJECT, **said)


def timeouts_of(block: TimeoutBlock | None, under: Timeouts = _TIMEOUTS) -> Timeouts:
    """The waits that a block says, and those `under` it that it leaves out."""
    return replace(under, **said_by(block))


def _build(keys: UpstreamKeys, _: Draft) -> Mapping[str, object]:
    first, *more = keys.places
    said = {name: value for name in _AS_SAID if (value := getattr(keys, name)) is not None}
    return said | {
        "scheme": first.scheme,
        "host": first.host,
        "port": first.port,
        "more": tuple(Endpoint(place.host, place.port) for place in more),
        "breaker": breaker_of(keys.breaker),
        "eject": eject_of(keys.eject),
        "timeouts": timeouts_of(keys.timeout),
        "health": health_of(keys.health),
        "dry_run": keys.dry_run or "",
        "host_mode": keys.host or _UPSTREAM.host_mode,
        "expectation": keys.expect or _UPSTREAM.expectation,
        "leniency": frozenset(keys.leniency or ()),
    }


_AS_SAID = ("connections", "queue", "balance", "slow_start", "keep_alive")


def upstreams_are_somewhere(draft: Draft) -> Iterator[FileProblem]:
    """An upstream has a url or endpoints; these are different places that speak alike."""
    for name, block in draft.of_upstreams(UpstreamKeys).items():
        path: Path = ("upstreams", name)
        if block.url is not None and block.endpoints is not None:
            yield draft.problem((*path, "endpoints"), "and url exclude each other; take one out", at_key=True)
        elif not block.places:
            key = "url" if block.endpoints is None else "endpoints"
            yield draft.problem((*path, key), "is missing; say where it listens, such as url: http://legacy:3000")
        for place, endpoint in enumerate(block.endpoints or ()):
            if endpoint.scheme != block.places[0].scheme:
                yield draft.problem((*path, "endpoints", place), "has another scheme than the first; choose one")
            elif endpoint in block.places[:place]:
                yield draft.problem((*path, "endpoints", place), "stands twice; take one out")


def upstreams_are_elsewhere(draft: Draft) -> Iterator[FileProblem]:
    """No upstream is where Banyan itself listens: its requests would come in again.

    Numbers and `localhost` are looked at; a name is not asked for, and is found out when it is used.
    """
    server = draft.top(ServerKeys)
    bound = {"listen": server.listen, "admin": server.admin}
    for name, block in draft.of_upstreams(UpstreamKeys).items():
        for at, endpoint in enumerate(block.places):
            path: Path = ("upstreams", name, "url") if block.endpoints is None else (*_ends(name), at)
            for key, own in bound.items():
                if is_own(endpoint.host, endpoint.port, (own.host, own.port), _is_local):
                    place = draft.place((key,))
                    message = f"is where this proxy itself listens ({key}, {place}): its requests would come in"
                    yield draft.problem(path, f"{message} again and again; name the system behind it")
                    break


def _ends(name: str) -> tuple[str, str, str]:
    return "upstreams", name, "endpoints"


def _is_local(address: str) -> bool:
    return address in addresses()


FOUR = FilePath("/proc/net/fib_trie")
SIX = FilePath("/proc/net/if_inet6")
_LOCAL = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")


def addresses(four: FilePath = FOUR, six: FilePath = SIX) -> frozenset[str]:
    """Those of this machine, in text form, out of /proc: no socket is opened. None where the kernel does not say."""
    found = set(_LOCAL.findall(_text(four)))
    return frozenset(found.union(str(IPv6Address(int(line[:32], 16))) for line in _text(six).splitlines()))


def _text(path: FilePath) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


UPSTREAM = Section(upstream=KeysAt(UpstreamKeys, _build), checks=(upstreams_are_somewhere, upstreams_are_elsewhere))
