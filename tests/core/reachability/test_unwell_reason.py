from __future__ import annotations

import pytest

from proxy.core.reachability.unwell_reason import MOST, UnwellReason, unwell_reason

FAILED = 'failed to get instance metadata (connection name = "legacy-prod:asia-northeast1:customers"): googleapi: '


def test_what_a_connector_lacks_is_named_with_its_project() -> None:
    """Of the connection name: Google's own sentence names the instance alone."""
    found = unwell_reason(
        f"{FAILED}Error 403: boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission "
        "cloudsql.instances.get on resource instances/customers., notAuthorized"
    )

    assert found == UnwellReason(
        "cloudsql.instances.get is missing on the instance customers in project legacy-prod",
        "grant roles/cloudsql.client in project legacy-prod to the account that it runs as",
    )


def test_an_api_that_is_off_is_named_with_the_project_of_which_it_is() -> None:
    """Which may be another than the instance's: it is the one that the sentence names."""
    found = unwell_reason(
        f"{FAILED}Error 403: Cloud SQL Admin API has not been used in project 205884630179 before or it is disabled. "
        "Enable it by visiting https://console.developers.google.com/apis/api/sqladmin.googleapis.com/overview"
        "?project=205884630179 then retry., accessNotConfigured"
    )

    assert found == UnwellReason(
        "the API sqladmin.googleapis.com is off in project 205884630179",
        "gcloud services enable sqladmin.googleapis.com --project 205884630179",
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("queue is full\n", "queue is full"),
        ("no primary:\n  timed out", "no primary: timed out"),
        ("x" * 1000, "x" * MOST),
        (f"{FAILED}dial tcp: timeout", f"{FAILED}dial tcp: timeout"),
    ],
)
def test_other_words_are_repeated(body: str, said: str) -> None:
    """On one line, up to a length; there is no cure for what nobody knows."""
    assert unwell_reason(body) == UnwellReason(said)


@pytest.mark.parametrize("body", ["", " \n", "<html>down</html>", '{"status": "down"}', "[]"])
def test_pages_and_documents_are_not_repeated(body: str) -> None:
    """Nor is silence."""
    assert unwell_reason(body) is None
