"""Where the systems find each other, as their deployments would say it: `ACCOUNTS_…` of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

CLIENT, CLIENT_SECRET = "office", "office-secret"
CALLBACK = "https://card.example/link/callback"
CARD_ADDRESS, SERVICE_ADDRESS, RECEIVABLES_ADDRESS = "127.1.0.1", "127.2.0.1", "127.3.0.1"
"""Whence each of them calls: networks of their own, by which `grants:` tells them apart."""
SHARED = "X-Accounts-Shared"
"""On a write: this tenant's data belong to both stores."""
MARGIN = 10.0
"""Seconds that an access token must have left to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Ports on loopback, and the databases' addresses; `release` of the account service: 1 has both planted bugs."""

    banyan: int
    card: int
    service: int
    receivables: int
    aggregator: int
    card_store: str
    service_store: str
    release: int = 3

    @property
    def variables(self) -> dict[str, str]:
        """For a child's environment."""
        return {f"ACCOUNTS_{name.upper()}": str(getattr(self, name)) for name in self.__dataclass_fields__}


def settings() -> Settings:
    """Of this process's environment; KeyError names what is missing."""

    def number(name: str) -> int:
        return int(os.environ[f"ACCOUNTS_{name}"])

    return Settings(
        banyan=number("BANYAN"),
        card=number("CARD"),
        service=number("SERVICE"),
        receivables=number("RECEIVABLES"),
        aggregator=number("AGGREGATOR"),
        card_store=os.environ["ACCOUNTS_CARD_STORE"],
        service_store=os.environ["ACCOUNTS_SERVICE_STORE"],
        release=number("RELEASE"),
    )
