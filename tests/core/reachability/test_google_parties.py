"""Whose project is whose."""

from __future__ import annotations

import pytest

from proxy.core.reachability.google_parties import (
    NOBODY,
    GoogleParties,
    Party,
    RunService,
    called_by,
    callee_of,
    project_of,
)


@pytest.mark.parametrize(
    ("account", "project"),
    [
        ("banyan@crm-edge.iam.gserviceaccount.com", "crm-edge"),
        ("889403714106-compute@developer.gserviceaccount.com", "889403714106"),
        ("crm-edge@appspot.gserviceaccount.com", "crm-edge"),
        ("ann@example.com", ""),
        ("", ""),
    ],
)
def test_the_project_of_an_account_is_in_its_name(account: str, project: str) -> None:
    """By name, or by number."""
    assert project_of(account) == project


@pytest.mark.parametrize(
    ("host", "project", "service"),
    [
        (
            "Crm-415104041262.asia-northeast1.run.app",
            "415104041262",
            RunService("crm", "415104041262", "asia-northeast1"),
        ),
        ("crm-abcdefghij-an.a.run.app", "", None),
        ("asia-northeast1-crm-new.cloudfunctions.net", "crm-new", None),
        ("crm-new.an.r.appspot.com", "crm-new", None),
        ("api-dot-crm-new.an.r.appspot.com", "crm-new", None),
        ("crm.internal", "", None),
    ],
)
def test_the_project_of_who_is_called_may_be_in_its_host(host: str, project: str, service: RunService | None) -> None:
    """A service of Cloud Run says its name and region as well; the older form says neither."""
    assert callee_of(host) == (frozenset({project}) - {""}, service)


def test_a_project_is_somebody_s_by_name_or_number() -> None:
    """For people by its name, if that is known."""
    both = GoogleParties(account="a@crm-edge.iam.gserviceaccount.com", caller=frozenset({"42", "crm-edge"}))

    assert (both.whose("42"), both.whose("crm-edge"), both.whose("7")) == (Party.CALLER, Party.CALLER, None)
    assert both.named(Party.CALLER) == "the caller's project crm-edge"
    assert both.named(Party.CALLEE) == "the callee's project"
    assert (both.member, NOBODY.member) == ("serviceAccount:a@crm-edge.iam.gserviceaccount.com", "")
    assert GoogleParties(callee=frozenset({"42"})).whose("42") is Party.CALLEE


@pytest.mark.parametrize(
    ("host", "audience", "name"),
    [
        (
            "crm-205884630179.asia-northeast1.run.app",
            "https://other.example",
            "crm-205884630179.asia-northeast1.run.app",
        ),
        ("10.0.0.7", "https://crm-205884630179.asia-northeast1.run.app/", "crm-205884630179.asia-northeast1.run.app"),
        ("crm.internal", "32555940559.apps.googleusercontent.com", "crm.internal"),
    ],
)
def test_an_address_is_known_by_the_audience(host: str, audience: str, name: str) -> None:
    """Where the address says no project; of a client of IAP the audience says none either."""
    assert called_by(host, audience) == name
