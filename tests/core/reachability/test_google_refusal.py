from __future__ import annotations

import json

import pytest

from proxy.core.reachability.google_refusal import google_missing


def body(message: str = "", *details: object) -> str:
    return json.dumps({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": details}})


def reason(name: str, **metadata: str) -> object:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": name, "domain": "googleapis.com", "metadata": metadata}


def test_an_api_that_is_off_is_named_with_its_project() -> None:
    """And the command that turns it on."""
    found = google_missing(
        body("", {"@type": "other"}, reason("SERVICE_DISABLED", service="run.googleapis.com", consumer="projects/42"))
    )

    assert found is not None
    assert found.said == "the API run.googleapis.com is off in project 42"
    assert found.cure == "gcloud services enable run.googleapis.com --project 42"


def test_a_permission_is_named_with_its_role_and_project() -> None:
    """Of the resource, where the body says which."""
    resource = "//iam.googleapis.com/projects/crm-new/serviceAccounts/banyan"
    found = google_missing(
        body("", reason("IAM_PERMISSION_DENIED", permission="iam.serviceAccounts.getOpenIdToken", resource=resource))
    )

    assert found is not None
    assert found.said.endswith("/serviceAccounts/banyan in project crm-new")
    role = "roles/iam.serviceAccountOpenIdTokenCreator"
    assert found.cure == f"grant {role} in project crm-new to whom Banyan calls as"


@pytest.mark.parametrize(
    ("message", "said", "cure"),
    [
        (
            "Permission 'run.routes.invoke' denied on resource 'projects/crm/locations/x' (or it may not exist).",
            "run.routes.invoke is missing on projects/crm/locations/x in project crm",
            "grant roles/run.invoker in project crm to whom Banyan calls as",
        ),
        (
            "Permission storage.objects.get denied",
            "storage.objects.get is missing",
            "grant a role that has storage.objects.get to whom Banyan calls as",
        ),
        (
            "Permission iam.serviceAccounts.getAccessToken denied on resource projects/-/serviceAccounts/b",
            "iam.serviceAccounts.getAccessToken is missing on projects/-/serviceAccounts/b",
            "grant roles/iam.serviceAccountTokenCreator to whom Banyan calls as",
        ),
    ],
)
def test_a_permission_in_words_is_found(message: str, said: str, cure: str) -> None:
    """Where there are no details; the project `-` is none."""
    assert google_missing(body(message)) == (said, cure)


def test_cloud_run_s_page_means_its_invoker() -> None:
    """It is HTML, and names nothing."""
    found = google_missing("<h2>Your client does not have permission to get URL <code>/</code> from this server.</h2>")

    assert found is not None
    assert "roles/run.invoker" in found.cure


@pytest.mark.parametrize(
    "other",
    ["", "no", "[" * 100_000, "[]", '{"error": "x"}', body("no"), '{"error": {"details": 1}}', body("", 1)],
)
def test_other_bodies_say_nothing(other: str) -> None:
    """Not JSON, not Google's, too deep, or without a reason."""
    assert google_missing(other) is None
