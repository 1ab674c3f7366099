"""The bars: what Banyan promises about speed and memory, in one place. `python -m bench all` judges them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class BarId(StrEnum):
    """The name of a bar in JSON."""

    RATE_NGINX = "rate_nginx"
    CPU_NGINX = "cpu_nginx"
    RATE_ENVOY = "rate_envoy"
    RATE_CADDY = "rate_caddy"
    RATE_TRAEFIK = "rate_traefik"
    ROUTES_CPU = "routes_cpu"
    BODY_DOWN = "body_down"
    BODY_UP = "body_up"
    STREAM_GROWTH = "stream_growth"
    COMPARE_1K = "compare_1k"
    COMPARE_10K = "compare_10k"
    COMPARE_100K = "compare_100k"
    RECONCILE_RATE = "reconcile_rate"
    RECONCILE_P99 = "reconcile_p99"
    AUTH_CACHED = "auth_cached"
    AUTH_FRESH = "auth_fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One promise: the measured value must be at least, or at most, the limit."""

    id: BarId
    sentence: str
    limit: float
    at_least: bool = True
    unit: str = "×"

    def met(self, value: float) -> bool:
        """True if the value keeps the promise."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What was measured for a bar."""

    bar: BarId
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A bar with what was measured; `met` is None where nothing was."""

    bar: Bar
    value: float | None
    met: bool | None


BARS = (
    Bar(id=BarId.RATE_NGINX, sentence="requests per second, against nginx", limit=0.65),
    Bar(id=BarId.CPU_NGINX, sentence="CPU per request, against nginx", limit=1.6, at_least=False),
    Bar(id=BarId.RATE_ENVOY, sentence="requests per second, against Envoy", limit=2.0),
    Bar(id=BarId.RATE_CADDY, sentence="requests per second, against Caddy", limit=2.5),
    Bar(id=BarId.RATE_TRAEFIK, sentence="requests per second, against Traefik", limit=2.5),
    Bar(id=BarId.ROUTES_CPU, sentence="CPU per request with 10,000 routes, against 10", limit=1.1, at_least=False),
    Bar(id=BarId.BODY_DOWN, sentence="bytes per second of 1 MiB downloads, against nginx", limit=0.7),
    Bar(id=BarId.BODY_UP, sentence="bytes per second of 1 MiB uploads, against nginx", limit=0.7),
    Bar(id=BarId.STREAM_GROWTH, sentence="memory growth while 1 GiB passes", limit=32.0, at_least=False, unit=" MiB"),
    Bar(id=BarId.COMPARE_1K, sentence="pairs of 1 KiB compared per second", limit=10_000, unit="/s"),
    Bar(id=BarId.COMPARE_10K, sentence="pairs of 10 KiB compared per second", limit=2_000, unit="/s"),
    Bar(id=BarId.COMPARE_100K, sentence="pairs of 100 KiB compared per second", limit=150, unit="/s"),
    Bar(id=BarId.RECONCILE_RATE, sentence="rows of each side reconciled per second", limit=50_000, unit="/s"),
    Bar(id=BarId.RECONCILE_P99, sentence="p99 of live reads beside a throttled run", limit=1.1, at_least=False),
    Bar(id=BarId.AUTH_CACHED, sentence="CPU of a checked token's request, against none", limit=1.1, at_least=False),
    Bar(
        id=BarId.AUTH_FRESH, sentence="CPU of a new RS256 token's, against none and joserfc", limit=1.4, at_least=False
    ),
)


def judge(measures: Iterable[Measure], bars: Iterable[Bar] = BARS) -> tuple[Verdict, ...]:
    """Every bar with its measure; the same bar measured twice counts with its worse value."""
    found = list(measures)
    verdicts = []
    for bar in bars:
        values = [measure.value for measure in found if measure.bar is bar.id]
        worst = (min if bar.at_least else max)(values) if values else None
        verdicts.append(Verdict(bar=bar, value=worst, met=None if worst is None else bar.met(worst)))
    return tuple(verdicts)
