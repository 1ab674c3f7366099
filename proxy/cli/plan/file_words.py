"""Values of the core in the words of routes.yaml: `10%`, `20s`, `64MiB`, under the keys that a person writes there.

Rule 1: what is written here is read there as the same value; tests read it back.
Rule 2: of a secret nothing is written but that there is one.
Rule 3: of something whole stands what was said of it, as `{ hold: 5m }`: what has its default was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Any, NamedTuple

from proxy.core.brownout.brownout_policy import BrownoutPolicy
from proxy.core.brownout.deprecation import DeprecationPolicy
from proxy.core.http.redact import redact_target
from proxy.core.http.trace import RequestIds
from proxy.core.judge.policy import FleetPolicy, Freeze, GuardPolicy, Needs, OnFailure, Ramp, Window
from proxy.core.outcome import Side
from proxy.core.parity.rules.rules import NoiseWord, Rule, Rules
from proxy.core.routing.route import (
    BreakerPolicy,
    Eject,
    Fallback,
    Health,
    RateLimit,
    Resolve,
    Route,
    Timeouts,
    Upstream,
)
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import AUTO, AccessLogPolicy, Hook, Limits, Snapshot
from proxy.core.routing.tie import Tie
from proxy.core.secret import Secret
from proxy.core.stage import GUARDED, Stage
from proxy.core.steps.closed_hours import ClosedHours, Hours
from proxy.core.tls import ListenerTls
from proxy.core.traffic.remembered_request import source_text
from proxy.core.translation.adapter_policy import AdapterPolicy, Step

NOTHING = "nothing"
LONGEST = 120
"""Characters of a value: more of it says no more."""
_DAY = 86_400
_UNITS = ((2 * _DAY, _DAY, "d"), (3_600, 3_600, "h"), (120, 60, "m"), (1, 1, "s"))
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1000**3, "GB"), (1000**2, "MB"), (1000, "KB"))
_PER = {1.0: "s", 60.0: "m", 3600.0: "h"}
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def number(value: float) -> str:
    """`0.000001`, never `1e-06`; `3`, never `3.0`."""
    digits = format(Decimal(repr(value)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def length(seconds: float) -> str:
    """`250ms`, `20s`, `10m`, `24h` or `30d`: the greatest unit that divides it."""
    for least, unit, name in _UNITS:
        if seconds >= least and seconds % unit == 0:
            return f"{number(seconds / unit)}{name}"
    return f"{number(round(seconds * 1000, 6))}ms" if seconds else "0s"


def share(part: float) -> str:
    """`10%`; at most two decimals, as the file has them."""
    return f"{number(round(part * 100, 4))}%"


def size(count: int) -> str:
    """`64MiB`."""
    for unit, name in _SIZES:
        if count >= unit and count % unit == 0:
            return f"{count // unit}{name}"
    return f"{count}B"


def rate(limit: RateLimit | None) -> str:
    """`10/s`."""
    if limit is None:
        return NOTHING
    counted = ", rate_by: cohort" if limit.by_cohort else ""
    return f"{limit.requests}/{_PER[limit.seconds]}{counted}"


def address(place: tuple[str, int]) -> str:
    """`127.0.0.1:8080`, `[::1]:8080` or `unix:/run/banyan.sock`."""
    host, port = place
    if host.startswith("/"):
        return f"unix:{host}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def last_day(until: float | None) -> str:
    """Of a rule that ends with a day (unix seconds of its end), or `never`."""
    return "never" if until is None else datetime.fromtimestamp(until - _DAY, UTC).date().isoformat()


def text(value: object) -> str:
    """Any value without a unit, on one line, at most `LONGEST` characters."""
    written = "".join(sign if sign.isprintable() else " " for sign in _text(value))
    return written if len(written) <= LONGEST else written[: LONGEST - 1] + "…"


def _text(value: object) -> str:  # noqa: C901 - a table
    match value:
        case None | str() | bytes() | tuple() | frozenset() | Secret() if not value:
            return NOTHING
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case bytes():
            return value.decode("latin-1")
        case str() if "://" in value:  # of a token endpoint, say, with a key in its query
            return redact_target(value.encode()).decode()
        case IPv4Network() | IPv6Network() if value.prefixlen == value.max_prefixlen:
            return str(value.network_address)
        case RateLimit():
            return rate(value)
        case _ if isinstance(value, Step):
            return f"{{ {value.text} }}"
        case Hook():
            return f"{{ url: {value.shown}/… }}"
        case tuple():
            return _listed(map(_text, value))
        case frozenset():
            return _listed(sorted(map(_text, value)))
        case _:
            return _whole(value) if is_dataclass(value) else number(value) if isinstance(value, float) else str(value)


def _listed(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _whole(value: Any) -> str:  # noqa: ANN401 - a dataclass
    """Rule 3."""
    said = [field for field in fields(value) if field.repr and _is_said(value, field)]
    return f"{{ {', '.join(_said(field, key_of(value, field)) for field in said)} }}" if said else "{}"


def _said(field: Field[object], found: FoundKey) -> str:
    return f"{found.key.name or field.name}: {found.key.write(found.value)}"


def _is_said(value: object, field: Field[object]) -> bool:
    """An end that is `never` is always written; what a rule is for stands in the way to it."""
    if isinstance(value, Rule | NoiseWord) and field.name in ("id", "treatment", "path", "noisy"):
        return False
    return field.name == "until" or getattr(value, field.name) != field.default


def _or_nothing(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """For a 0 or None that stands for a key which is not there."""
    return lambda value: write(value) if value else NOTHING


def _unless(absent: str, write: Callable[[Any], str] = text) -> Callable[[Any], str]:
    """For a None that has words."""
    return lambda value: absent if value is None else write(value)


def _switched(value: object) -> str:
    return "{ enabled: false }" if value is None else text(value).replace("{}", "{ enabled: true }")


def _memory(count: int) -> str:
    return "auto" if count == AUTO else size(count) if count else "off"


def _failures(said: tuple[tuple[Stage, OnFailure], ...]) -> str:
    actions = {action for _, action in said}
    if len(actions) == 1 and len(said) == len(GUARDED):
        return str(said[0][1].value)
    by_stage = ", ".join(f"{stage.value}: {action.value}" for stage, action in said)
    return f"{{ {by_stage} }}" if said else OnFailure.ROLLBACK.value


def pins(said: tuple[tuple[bytes, Side], ...]) -> str:
    """`{ new: [acme] }`."""
    sides = {side: [key.decode("utf-8", "replace") for key, its in said if its is side] for side in Side}
    return f"{{ {', '.join(f'{side.value}: {_listed(keys)}' for side, keys in sides.items() if keys)} }}"


def _days(days: frozenset[int]) -> str:
    found = sorted(days)
    if len(found) > 2 and found == list(range(found[0], found[-1] + 1)):
        return f"{_WEEK[found[0]]}-{_WEEK[found[-1]]}"
    return _listed(_WEEK[day] for day in found)


def _clock(minute: int) -> str:
    return f'"{minute // 60:02}:{minute % 60:02}"'


def _moment(seconds: float) -> str:
    return f'"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"'


def _windows(hours: Hours) -> str:
    return _listed(window.name for window in hours) if hours else NOTHING


class FileKey(NamedTuple):
    """What a field is called in routes.yaml (empty: its own fields stand one level up), and how its value is written.

    `instead` stands for None, so that what differs from it can be told field by field.
    """

    name: str
    write: Callable[[Any], str] = text
    instead: object = None


def _same(write: Callable[[Any], str], *names: str) -> dict[str, FileKey]:
    """Fields that are called in the file as in the core."""
    return {name: FileKey(name, write) for name in names}


_CLOSES = FileKey("answer", lambda closes: "503" if closes else NOTHING)
KEYS: Mapping[type, Mapping[str, FileKey]] = {
    Route: {
        "split": FileKey("split", share),
        "timeouts": FileKey("timeout", _unless("the upstream's")),
        "effects": FileKey("effects", _unless("by the method")),
        "websocket": FileKey("upgrades", lambda value: "[websocket]" if value else NOTHING),
        "body_limit": FileKey("limits.body_size", _or_nothing(size)),
        "steps": FileKey(""),
        "tie": FileKey("", instead=Tie()),
    },
    Timeouts: _same(length, "connect", "queue", "response", "idle", "total"),
    Fallback: {"to": FileKey("to", _unless("other"))},
    GuardPolicy: {
        "on_failure": FileKey("on_failure", _failures),
        "budget": FileKey("budget", length),
        "latency": FileKey("latency", share),
        "door": FileKey("one_way_door"),
    },
    Ramp: {"steps": FileKey("steps", lambda steps: _listed(map(share, steps)))} | _same(length, "hold", "soak"),
    Needs: _same(share, "mismatch_rate", "coverage", "incomparable") | _same(length, "lag"),
    Window: {"days": FileKey("days", _days), "closes": _CLOSES} | _same(_clock, "start", "end"),
    Freeze: {"closes": _CLOSES} | _same(_moment, "start", "end"),
    ClosedHours: {"legacy": FileKey("legacy", _windows), "new": FileKey("new", _windows)},
    Rules: {"rules": FileKey(""), "words": FileKey("")},
    Rule: {"until": FileKey("until", last_day)} | _same(length, "within") | _same(number, "absolute", "relative"),
    NoiseWord: {"until": FileKey("until", last_day)},
    ShadowPolicy: {
        "sample": FileKey("sample", _unless("by the stage", share)),
        "carry": FileKey("credentials"),
        "replacements": FileKey("credentials.replace"),
        "dry_run": FileKey("writes", lambda value: "dry_run" if value else "never"),
    }
    | _same(length, "timeout")
    | _same(size, "max_body")
    | _same(share, "second"),
    AdapterPolicy: _same(size, "max_body") | _same(length, "timeout"),
    BrownoutPolicy: {
        "field": FileKey("field", _unless(NOTHING, lambda path: path.text)),
        "status": FileKey("answer"),
    }
    | _same(share, "share")
    | _same(_moment, "until")
    | _same(length, "retry_after"),
    DeprecationPolicy: _same(_moment, "since") | _same(_unless(NOTHING, _moment), "sunset"),
    Tie: {
        "affinity": FileKey("affinity", _or_nothing(length)),
        "stay": FileKey("stay.by", lambda sources: _listed(map(source_text, sources)) if sources else NOTHING),
        "stay_for": FileKey("stay.lasts", length),
        "pins": FileKey("pin", _or_nothing(pins)),
    },
    Upstream: {
        "host_mode": FileKey("host"),
        "expectation": FileKey("expect"),
        "timeouts": FileKey("timeout"),
        "breaker": FileKey("breaker", _switched),
        "eject": FileKey("eject", _switched),
    }
    | _same(length, "keep_alive", "slow_start"),
    Health: _same(length, "every"),
    BreakerPolicy: _same(share, "share") | _same(length, "window", "open"),
    Eject: _same(share, "share", "max_ejected") | _same(length, "window", "base", "cap"),
    Resolve: {"system": FileKey("by", lambda value: "system" if value else "dns")} | _same(length, "least", "most"),
    Snapshot: {
        "trusted": FileKey("trusted_proxies"),
        "access_log": FileKey("log"),
        "fleet": FileKey("guard"),
        "underscores": FileKey("underscore_headers", lambda value: "allow" if value else "reject"),
        "request_id": FileKey("request_id", lambda value: NOTHING if value is RequestIds.TRUSTED else value.value),
        "shadow_memory": FileKey("shadow.memory", size),
        "choosers": FileKey("pins.header"),
    }
    | _same(address, "listen", "admin")
    | _same(length, "drain"),
    Limits: _same(length, "head", "body", "idle", "write", "tunnel")
    | _same(size, "request_line", "field", "head_size", "chunk_extension", "trailers")
    | _same(_or_nothing(size), "body_size")
    | _same(_or_nothing(text), "connections_per_client", "requests_per_connection")
    | _same(rate, "rate")
    | {"memory": FileKey("memory", _memory), "body_rate": FileKey("body_rate", lambda count: f"{size(count)}/s")},
    AccessLogPolicy: _same(share, "sample"),
    FleetPolicy: {"errors": FileKey("error_budget", _unless(NOTHING, share))} | _same(length, "window"),
    Hook: _same(length, "timeout"),
    ListenerTls: {"certificates": FileKey("")},
}
"""Fields that have another name, or a value with a unit."""


class FoundKey(NamedTuple):
    """A key with its value."""

    key: FileKey
    value: object


def key_of(value: object, field: Field[object]) -> FoundKey:
    """A field of the core's value, as routes.yaml has it."""
    key = KEYS.get(type(value), {}).get(field.name) or FileKey(field.name)
    found = getattr(value, field.name)
    return FoundKey(key, key.instead if found is None and key.instead is not None else found)
