"""`grants:` of routes.yaml as values: a provider's token endpoint, who may hold copies, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import ClassVar

from proxy.core.secret import NO_TEXT, Secret

MAX_SYSTEMS = 4
LEAST_LEASE = 15.0
"""Seconds: three times what a statement to the database may take."""


class GrantRole(StrEnum):
    """Which endpoint of the provider a route stands for."""

    TOKEN = "token"  # noqa: S105 -- the endpoint's name
    REVOCATION = "revocation"


class Regress(StrEnum):
    """What becomes of a system that shows an older token than it has shown."""

    ALARM = "alarm"
    REFUSE = "refuse"


class Replaces(StrEnum):
    """Which old family's ancestors a new consent takes over: none, or those of the same `sub` in its id_token."""

    NONE = "none"
    SUBJECT = "id_token.sub"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """Where a key of 32 bytes is had from: a file that the clerk reads, or a text of the environment."""

    file: str = ""
    text: Secret[str] = NO_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSystem:
    """Who may hold copies, by network. `until` in unix seconds, 0: for ever."""

    name: str
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    adopt: bool = False
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPolicy:
    """One provider. Times in seconds; docs/grants.md says what each is for.

    `relative`, `absolute`: members of a stored answer that say what is left, and when it was made.
    """

    name: str
    upstream: str
    systems: tuple[GrantSystem, ...]
    hash_key: KeyPlace
    data_keys: tuple[KeyPlace, ...]
    grace: float = 0.0
    timeout: float = 60.0
    wait: float = 20.0
    lease: float = 60.0
    min_left: float = 60.0
    keep: float = 7 * 86400.0
    regress: Regress = Regress.ALARM
    replaces: Replaces = Replaces.NONE
    heir: str = ""
    relative: tuple[str, ...] = ("expires_in", "refresh_expires_in")
    absolute: tuple[str, ...] = ("created_at",)

    def system_of(self, address: str) -> GrantSystem | None:
        """Who asks from there; None: a stranger."""
        try:
            asked = ip_address(address)
        except ValueError:
            return None
        for system in self.systems:
            if any(asked in network for network in system.networks):
                return system
        return None


@dataclass(frozen=True, slots=True)
class GrantUse:
    """The policy of a step: which `grants:` a route stands for, and which of the provider's endpoints."""

    of: str
    role: GrantRole = GrantRole.TOKEN
    key: ClassVar[str] = "grants"
    fields: ClassVar[frozenset[bytes]] = frozenset()
    answers: ClassVar[tuple[str, ...]] = ("grants",)
