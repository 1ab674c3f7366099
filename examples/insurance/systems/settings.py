"""Where the systems find each other, as their deployments would say it: `INSURANCE_…` of the environment."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

APP_KEY, BANYAN_KEY = "AKIDCONSUMERAPP", "AKIDBANYAN"
REGION, SERVICE = "ap-northeast-1", "execute-api"
AUDIENCE = "https://api.insurance.example"
GATEWAY = "https://gateway.insurance.example"
"""Who Banyan is, in the tokens by which it says who calls."""
PLAN_NAME, CONTRACT_NAME = "plan.insurance.internal", "contract.insurance.internal"
PLAN_ADDRESS, CONTRACT_ADDRESS, MOVED_ADDRESS = "127.61.0.1", "127.62.0.1", "127.62.0.2"
"""Where the services are; the contract service moves to the last of them."""
PARTNERS = 12
READER = "partner-12"
"""May ask for proposals, and has no scope for contracts."""
SAW = "X-Banyan-Saw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Ports, the names of services, databases' addresses; `release` 1 of each service has a planted bug."""

    banyan: int
    admin: int
    legacy: int
    plan: int
    contract: int
    provider: int
    plan_host: str
    contract_host: str
    legacy_store: str
    contract_store: str
    app_secret: str
    banyan_secret: str
    echo_key: str
    release: int

    @property
    def variables(self) -> dict[str, str]:
        """For a child's environment."""
        return {f"INSURANCE_{name.upper()}": str(getattr(self, name)) for name in self.__dataclass_fields__}

    def saw(self, subject: str) -> str:
        """What either side says of whom it saw: a hash that only those make who share the key."""
        return hmac.new(self.echo_key.encode(), subject.encode(), hashlib.sha256).hexdigest()[:16]


def settings() -> Settings:
    """Of this process's environment; KeyError names what is missing."""

    def said(name: str) -> str:
        return os.environ[f"INSURANCE_{name}"]

    return Settings(
        banyan=int(said("BANYAN")),
        admin=int(said("ADMIN")),
        legacy=int(said("LEGACY")),
        plan=int(said("PLAN")),
        contract=int(said("CONTRACT")),
        provider=int(said("PROVIDER")),
        plan_host=said("PLAN_HOST"),
        contract_host=said("CONTRACT_HOST"),
        legacy_store=said("LEGACY_STORE"),
        contract_store=said("CONTRACT_STORE"),
        app_secret=said("APP_SECRET"),
        banyan_secret=said("BANYAN_SECRET"),
        echo_key=said("ECHO_KEY"),
        release=int(said("RELEASE")),
    )
