"""Where the systems find each other, as their deployments would say it: `TODOCK_…` of the environment."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

AUDIENCE = "https://api.todock.example"
APP_HOST, SITE_HOST = "app.todock.example", "www.todock.example"
GENERATION = "X-App-Generation"
"""What the apps say of themselves: `1`, written in 2019, and `2`, written anew in 2022."""
SAW, VERSION = "X-Banyan-Saw", "X-App-Version"
MEMBERS = 60
FIRST_NUMBER = 30000001
"""Of the first member's card; legacy knows members by these numbers, and so does the claim `member_number`."""
UNCONFIRMED = 8
"""Each member of so many has not shown who he is, and so may not have the card."""
BANYAN_ADDRESS = "127.0.0.1"
"""From where writes come without a token of their own: those that the other side has done before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Ports and databases' addresses; `release` 1 of the history API and of the order API has a planted bug each."""

    delivery: int
    points: int
    history: int
    invoice: int
    card: int
    orders: int
    provider: int
    delivery_store: str
    orders_store: str
    echo_key: str
    release: int

    @property
    def issuer(self) -> str:
        """The identity provider."""
        return f"http://127.0.0.1:{self.provider}"

    @property
    def variables(self) -> dict[str, str]:
        """For a child's environment."""
        return {f"TODOCK_{name.upper()}": str(getattr(self, name)) for name in self.__dataclass_fields__}

    def saw(self, number: str) -> str:
        """What each side says of whom it saw: a hash that only those make who share the key."""
        return hmac.new(self.echo_key.encode(), number.encode(), hashlib.sha256).hexdigest()[:16]


def settings() -> Settings:
    """Of this process's environment; KeyError names what is missing."""

    def said(name: str) -> str:
        return os.environ[f"TODOCK_{name}"]

    return Settings(
        delivery=int(said("DELIVERY")),
        points=int(said("POINTS")),
        history=int(said("HISTORY")),
        invoice=int(said("INVOICE")),
        card=int(said("CARD")),
        orders=int(said("ORDERS")),
        provider=int(said("PROVIDER")),
        delivery_store=said("DELIVERY_STORE"),
        orders_store=said("ORDERS_STORE"),
        echo_key=said("ECHO_KEY"),
        release=int(said("RELEASE")),
    )
