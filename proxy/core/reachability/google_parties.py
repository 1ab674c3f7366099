"""Who calls whom at Google: the account that Banyan calls as, with its project, and the project of what it calls.

Rule 1: a project has a name and a number, and errors say either: both are known where somebody has said both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_OF_PROJECT = re.compile(r"[^@]+@([a-z0-9:.-]+)\.iam\.gserviceaccount\.com")
_COMPUTE = re.compile(r"([0-9]+)-compute@developer\.gserviceaccount\.com")
_APP_ENGINE = re.compile(r"([a-z0-9:.-]+)@appspot\.gserviceaccount\.com")
_ACCOUNTS = (_OF_PROJECT, _COMPUTE, _APP_ENGINE)
_RUN = re.compile(r"(?P<service>[a-z0-9-]+)-(?P<project>[0-9]{6,})\.(?P<region>[a-z]+-[a-z]+[0-9]+)\.run\.app")
_FUNCTION = re.compile(r"(?P<region>[a-z]+-[a-z]+[0-9]+)-(?P<project>[a-z0-9-]+)\.cloudfunctions\.net")
_APP = re.compile(r"(?:[a-z0-9-]+-dot-)?(?P<project>[a-z0-9-]+)\.[a-z]{2}\.r\.appspot\.com")
_HOSTS = (_RUN, _FUNCTION, _APP)


class Party(StrEnum):
    """Whose project it is."""

    CALLER = "caller"
    CALLEE = "callee"


@dataclass(frozen=True, slots=True)
class RunService:
    """A service of Cloud Run, as its own URL says it."""

    name: str
    project: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleParties:
    """`account` is the e-mail as which Banyan calls, `by` who borrows it (empty: itself); projects by name or number.

    What nobody has said is empty.
    """

    account: str = ""
    by: str = ""
    caller: frozenset[str] = frozenset()
    callee: frozenset[str] = frozenset()
    service: RunService | None = None

    def whose(self, project: str) -> Party | None:
        """Whose project has this name or number; None: neither's, as far as anybody has said."""
        if project in self.caller:
            return Party.CALLER
        return Party.CALLEE if project in self.callee else None

    def named(self, party: Party) -> str:
        """For people: `the caller's project crm-edge`."""
        known = self.caller if party is Party.CALLER else self.callee
        name = next(iter(sorted(known, key=str.isdigit)), "")
        return f"the {party.value}'s project {name}".rstrip()

    @property
    def member(self) -> str:
        """Whom a role is granted to, as IAM writes it; empty: nobody knows."""
        return f"serviceAccount:{self.account}" if self.account else ""


NOBODY = GoogleParties()


def project_of(account: str) -> str:
    """The project of a service account, by its e-mail; empty: it does not say."""
    return next((found[1] for each in _ACCOUNTS if (found := each.fullmatch(account)) is not None), "")


def called_by(host: str, audience: str) -> str:
    """The name that says whose project is called: the host's, or that of the token's audience, the service's own URL,
    where a balancer or a tunnel stands before it.
    """
    if callee_of(host)[0]:
        return host
    return audience.removeprefix("https://").partition("/")[0] if audience.startswith("https://") else host


def callee_of(host: str) -> tuple[frozenset[str], RunService | None]:
    """The project that a host's name says, and its service of Cloud Run where it says that."""
    for each in _HOSTS:
        found = each.fullmatch(host.lower())
        if found is not None:
            said = found.groupdict()
            run = RunService(said["service"], said["project"], said["region"]) if "service" in said else None
            return frozenset({said["project"]}), run
    return frozenset(), None
