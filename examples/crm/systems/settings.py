"""Where the systems find each other, as their deployments would say it: `CRM_…` of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

LEGACY_PROJECT, CRM_PROJECT = "legacy-prod", "crm-prod"
NUMBERS = {LEGACY_PROJECT: "731950284611", CRM_PROJECT: "205884630179"}
"""Google tells projects by number where an API is off."""
REGION = "asia-northeast1"
AUDIENCE = f"https://crm-{NUMBERS[CRM_PROJECT]}.{REGION}.run.app"
BANYAN_ACCOUNT = f"banyan@{LEGACY_PROJECT}.iam.gserviceaccount.com"
CRM_ACCOUNT = f"crm-backend@{CRM_PROJECT}.iam.gserviceaccount.com"
INSTANCES = ((LEGACY_PROJECT, "customers"), (CRM_PROJECT, "crm"))
"""Databases of Cloud SQL that the CRM back end opens, each in its project."""
OPERATOR = "X-Operator"
"""Who of the inside sales asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Ports, and addresses of databases: `primary` once for each system's own role.

    `projects` is the file of what both projects grant; empty: nobody asks Google. `metadata` is the metadata server of
    Banyan's machine, `cloud` that of the CRM back end, with Google's APIs. `release` of the CRM back end: 1 has a
    planted bug in values, 2 has some in rows, 3 none.
    """

    banyan: int
    admin: int
    legacy: int
    new: int
    valuations: int
    metadata: int
    cloud: int
    primary: str
    crm_primary: str
    replica: str
    valuations_store: str
    projects: str
    release: int

    @property
    def variables(self) -> dict[str, str]:
        """For a child's environment."""
        return {f"CRM_{name.upper()}": str(getattr(self, name)) for name in self.__dataclass_fields__}


def settings() -> Settings:
    """Of this process's environment; KeyError names what is missing."""

    def said(name: str) -> str:
        return os.environ[f"CRM_{name}"]

    return Settings(
        banyan=int(said("BANYAN")),
        admin=int(said("ADMIN")),
        legacy=int(said("LEGACY")),
        new=int(said("NEW")),
        valuations=int(said("VALUATIONS")),
        metadata=int(said("METADATA")),
        cloud=int(said("CLOUD")),
        primary=said("PRIMARY"),
        crm_primary=said("CRM_PRIMARY"),
        replica=said("REPLICA"),
        valuations_store=said("VALUATIONS_STORE"),
        projects=said("PROJECTS"),
        release=int(said("RELEASE")),
    )
