"""How Banyan itself runs: its addresses and processes, where it keeps its state, whom it believes, what it logs.

Rule 1: an address of a database may hold a password, so nothing of it is ever repeated, whatever is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from proxy.config.block import Block, Draft, KeysAt, Section, defaulting, needed, optional, said_by
from proxy.config.readers import address, scalars, units
from proxy.config.readers.address import BindAddress
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import beginning
from proxy.config.text.problem import FileProblem
from proxy.core import own_address
from proxy.core.routing.snapshot import AccessLogPolicy
from proxy.core.secret import Secret

MEMORY = "memory"
EMBEDDED = "embedded"
_DRAIN = 30.0
_MOST_WORKERS = 256
_WORKERS = units.Whole(1, _MOST_WORKERS)
_TOKEN = "BANYAN_ADMIN_TOKEN"  # noqa: S105 - the variable's name
DEFAULT_ADMIN = BindAddress(*own_address.DEFAULT_ADMIN)
_SCHEME = re.compile(r"postgres(?:ql)?://")
_ENDPOINT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def read_version(value: object) -> int:
    """The one version of this format."""
    if isinstance(value, int) and not isinstance(value, bool) and value == 1:
        return 1
    raise fault("must be 1, the only version of this format", cure="write version: 1")


def read_workers(value: object) -> int:
    """A number of processes, 0 for `auto`."""
    if value == "auto":
        return 0
    try:
        return _WORKERS(value)
    except ValueError:
        raise fault(f"must be a whole number between 1 and {_MOST_WORKERS}, or auto") from None


def read_state(value: object) -> str:
    """`memory`, `embedded`, or the address of a PostgreSQL."""
    if isinstance(value, str) and value in {MEMORY, EMBEDDED}:
        return value
    if isinstance(value, str) and _SCHEME.match(value):
        return _address(value)
    raise fault("must be memory, embedded or an address such as postgresql://banyan@db/banyan", got=_harmless(value))


def _address(text: str) -> str:
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise _wrong("must hold no spaces")
    try:
        found = urlsplit(text)
    except ValueError:
        raise _wrong("must be an address such as postgresql://banyan@db/banyan") from None
    options = dict(parse_qsl(found.query, keep_blank_values=True))
    endpoints = found.netloc.rpartition("@")[2]
    if not endpoints and not options.get("host"):
        raise _wrong(
            "must name a host: postgresql://banyan@db/banyan, or a socket's folder: …/banyan?host=/run/postgresql"
        )
    if endpoints and not all(map(_is_endpoint, endpoints.split(","))):
        raise _wrong("must name a valid host, and a port between 1 and 65535")
    if options.get("sslmode", "prefer") not in _TLS_MODES:
        raise _wrong(f"sslmode must be one of {', '.join(_TLS_MODES)}")
    return text


def _is_endpoint(text: str) -> bool:
    found = _ENDPOINT.fullmatch(text)
    return found is not None and 1 <= int(found["port"] or 5432) <= 65535


def _wrong(message: str) -> PydanticCustomError:
    return fault(message, got="")


def _harmless(value: object) -> str | None:
    """Nothing of a text that may hold a password."""
    return "" if isinstance(value, str) and ("://" in value or "@" in value) else None


Version = Annotated[int, BeforeValidator(read_version), WithJsonSchema({"const": 1})]
Workers = Annotated[int, BeforeValidator(read_workers), WithJsonSchema({"anyOf": [_WORKERS.schema, {"const": "auto"}]})]
State = Annotated[
    str,
    BeforeValidator(read_state),
    WithJsonSchema({"anyOf": [{"enum": [MEMORY, EMBEDDED]}, beginning(_SCHEME).json_schema]}),
]


class ServerKeys(Block):
    """Where it listens and how it runs."""

    version: Version = needed("Of this format: 1.", 1)
    listen: address.ListenAddress = needed(
        "Where clients come in: address and port, or unix: and a path.",
        "0.0.0.0:8080",
        ":8080",
        "unix:/run/banyan.sock",
    )
    admin: address.AdminAddress = defaulting(
        DEFAULT_ADMIN,
        "Metrics, health and API; never on the port of the clients. Default 127.0.0.1:9090.",
        "127.0.0.1:9090",
    )
    workers: Workers = defaulting(1, "Data-plane processes; auto is one per core. Default 1.", 1, "auto")
    state: State = defaulting(
        MEMORY,
        "Where evidence and positions are kept: memory, embedded (a private PostgreSQL), or the address of "
        "a PostgreSQL that the replicas share. Default memory.",
        EMBEDDED,
        "postgresql://banyan@db/banyan",
    )
    state_password_file: scalars.FilePath | None = optional(
        "A file that holds the password of the PostgreSQL of state, read for each connection. Without it: as state "
        "says.",
        "/run/secrets/banyan-state",
    )
    drain: units.Length = defaulting(
        _DRAIN, f"How long requests in flight may take at the end. Default {_DRAIN:g}s.", "30s"
    )
    kill_file: scalars.FilePath | None = optional(
        "While a file stands here, everything that legacy can answer goes to legacy. Relative paths count from the "
        "folder of this file. Without it: kill in the state directory.",
        "/run/banyan/kill",
    )


class TrustKeys(Block):
    """Who may say for whom a request is forwarded."""

    trusted_proxies: list[address.NetworkText] = Field(
        default_factory=list,
        description="Addresses and networks whose forwarding headers are believed. Default none.",
        examples=[["10.0.0.0/8"]],
    )


class LogBlock(Block):
    """The canonical lines."""

    sample: units.ShareOrFraction | None = optional(
        "Share of good requests that get a line; refusals, failures and 5xx always do. "
        f"Default {AccessLogPolicy().sample:.0%}.",
        "10%",
        0.1,
    )


class LogKeys(Block):
    """What is written of each request."""

    log: LogBlock | None = optional("The canonical lines.", {"sample": "10%"})


def admin_is_apart(draft: Draft) -> Iterator[FileProblem]:
    """The admin port is never the clients' port."""
    server = draft.top(ServerKeys)
    if server.admin.overlaps(server.listen):
        yield draft.problem(("admin",), f"takes the port {server.admin.port} of listen; choose another port")


def admin_is_guarded(draft: Draft) -> Iterator[FileProblem]:
    """Whoever can reach the admin port from elsewhere must show a token."""
    if not draft.top(ServerKeys).admin.is_loopback and not draft.env.get(_TOKEN):
        message = f"can be reached from other machines, so {_TOKEN} must be set in the environment; or use 127.0.0.1"
        yield draft.problem(("admin",), message)


def one_state_password(draft: Draft) -> Iterator[FileProblem]:
    """A file is for an address, and for one without a password."""
    server = draft.top(ServerKeys)
    if server.state_password_file is None:
        return
    if server.state in {MEMORY, EMBEDDED}:
        message = f"has no meaning with state: {server.state}; take it out"
        yield draft.problem(("state_password_file",), message, at_key=True)
    elif ":" in urlsplit(str(server.state)).netloc.rpartition("@")[0]:
        message = "and a password in state exclude each other; take one out"
        yield draft.problem(("state_password_file",), message, at_key=True)


def _server(keys: ServerKeys, draft: Draft) -> Mapping[str, object]:
    return {
        "listen": _pair(keys.listen),
        "admin": _pair(keys.admin),
        "workers": keys.workers or min(_cores(), _MOST_WORKERS),
        "state": Secret(keys.state),
        "state_password_file": _beside(draft, keys.state_password_file),
        "drain": keys.drain,
        "kill_file": keys.kill_file or "",
    }


def _beside(draft: Draft, path: str | None) -> str:
    """From the folder of routes.yaml, whole."""
    return "" if path is None else str(FilePath(draft.directory, path).absolute())


def _cores() -> int:
    """How many processors this process may run on."""
    return len(os.sched_getaffinity(0))


def _pair(place: BindAddress) -> tuple[str, int]:
    return place.host, place.port


SERVER = Section(
    top=KeysAt(ServerKeys, _server),
    checks=(admin_is_apart, admin_is_guarded, one_state_password),
    addresses=lambda _: [("state",)],
)
TRUST = Section(top=KeysAt(TrustKeys, lambda keys, _: {"trusted": tuple(keys.trusted_proxies)}))
LOG = Section(top=KeysAt(LogKeys, lambda keys, _: {"access_log": AccessLogPolicy(**said_by(keys.log))}))
