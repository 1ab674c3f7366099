"""Where the systems find each other, as their deployments would say it: `PAYID_…` of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

API_HOST, SHOP_HOST, OFFICE_HOST = "api.payid.example", "admin.payid.example", "office.payid.example"
ISSUER, AUDIENCE = "https://id.payid.example", "https://api.payid.example"
SHOP_ISSUER, SHOP_AUDIENCE = "https://shops.payid.example", "https://admin.payid.example"
ACCOUNT, VERSION, DRY_RUN = "X-Account", "X-App-Version", "X-Banyan-Dry-Run"
SESSION = "payid_sid"
"""The cookie by which either side knows a flow that began there."""
BRAKE = 0.1
"""Seconds that either side takes over each password, right or wrong, so that nobody guesses many."""
LIVES = 900
"""Seconds for which an access token is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Ports, databases' addresses, and what is secret between the systems.

    `release` 1 of new's APIs has a planted bug in the zip code, 2 of the app's another in cards; 3 has none.
    """

    legacy: int
    cart: int
    shop: int
    app: int
    login: int
    office: int
    processor: int
    smtp: int
    mailbox: int
    legacy_store: str
    new_store: str
    processor_key: str
    copy_key: str
    legacy_signs: str
    new_signs: str
    release: int

    @property
    def variables(self) -> dict[str, str]:
        """For a child's environment."""
        return {f"PAYID_{name.upper()}": str(getattr(self, name)) for name in self.__dataclass_fields__}


def settings() -> Settings:
    """Of this process's environment; KeyError names what is missing."""

    def said(name: str) -> str:
        return os.environ[f"PAYID_{name}"]

    return Settings(
        legacy=int(said("LEGACY")),
        cart=int(said("CART")),
        shop=int(said("SHOP")),
        app=int(said("APP")),
        login=int(said("LOGIN")),
        office=int(said("OFFICE")),
        processor=int(said("PROCESSOR")),
        smtp=int(said("SMTP")),
        mailbox=int(said("MAILBOX")),
        legacy_store=said("LEGACY_STORE"),
        new_store=said("NEW_STORE"),
        processor_key=said("PROCESSOR_KEY"),
        copy_key=said("COPY_KEY"),
        legacy_signs=said("LEGACY_SIGNS"),
        new_signs=said("NEW_SIGNS"),
        release=int(said("RELEASE")),
    )
