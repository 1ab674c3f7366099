"""What two projects of Google Cloud grant: which APIs are on, and who has which role. A file with a line for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from examples.crm.systems.settings import BANYAN_ACCOUNT, CRM_ACCOUNT, CRM_PROJECT, LEGACY_PROJECT


@dataclass(frozen=True, slots=True)
class Right:
    """An API that is on in a project, or a role that an account has there; `account` is empty for an API.

    `on` is what a role is given on, as gcloud names it; empty: the project.
    """

    project: str
    name: str
    account: str = ""
    on: str = ""
    member: str = ""

    @property
    def line(self) -> str:
        """As it stands in the file."""
        return " ".join(filter(None, (self.project, self.name, self.account)))

    @property
    def command(self) -> str:
        """By which people give it."""
        if not self.account:
            return f"gcloud services enable {self.name} --project {self.project}"
        binding = f"--role {self.name} --member serviceAccount:{self.member or self.account}"
        if not self.on:
            return f"gcloud projects add-iam-policy-binding {self.project} {binding}"
        kind, _, what = self.on.rpartition(" ")
        return f"gcloud {kind} add-iam-policy-binding {what} --project {self.project} {binding}"


CREDENTIALS_API = Right(LEGACY_PROJECT, "iamcredentials.googleapis.com")
WORKLOAD_IDENTITY = Right(
    LEGACY_PROJECT,
    "roles/iam.workloadIdentityUser",
    BANYAN_ACCOUNT,
    on=f"iam service-accounts {BANYAN_ACCOUNT}",
    member=f"{LEGACY_PROJECT}.svc.id.goog[edge/banyan]",
)
INVOKER = Right(CRM_PROJECT, "roles/run.invoker", BANYAN_ACCOUNT, on="run services crm")
RIGHTS = (
    CREDENTIALS_API,
    WORKLOAD_IDENTITY,
    INVOKER,
    Right(CRM_PROJECT, "sqladmin.googleapis.com"),
    Right(LEGACY_PROJECT, "sqladmin.googleapis.com"),
    Right(LEGACY_PROJECT, "roles/cloudsql.client", CRM_ACCOUNT),
    Right(CRM_PROJECT, "roles/cloudsql.client", CRM_ACCOUNT),
)
"""All that the connection needs, in the order in which a request meets them."""


@dataclass(frozen=True, slots=True)
class Projects:
    """Both of them."""

    file: Path

    def grants(self, right: Right) -> bool:
        """As of now."""
        return right.line in self.file.read_text(encoding="ascii").splitlines()

    def give(self, right: Right) -> None:
        """From now on."""
        with self.file.open("a", encoding="ascii") as written:
            written.write(f"{right.line}\n")
