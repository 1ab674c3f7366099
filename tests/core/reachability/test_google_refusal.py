"""What Google's answers say is missing, by answers as they are."""

from __future__ import annotations

import json

import pytest

from proxy.core.reachability.finding import End
from proxy.core.reachability.google_parties import GoogleParties, RunService
from proxy.core.reachability.google_refusal import GoogleAnswer, Missing, google_missing
from tests.core.reachability.google_answers import (
    ACCOUNT_GONE,
    API_OFF,
    API_OFF_BY_GKE,
    BORROWED,
    IAP_AUDIENCE,
    IAP_UNPARSED,
    KEY_GONE,
    NO_ACCOUNT,
    NOT_BOUND,
    RUN_FORBIDDEN,
    RUN_UNAUTHORIZED,
    reason,
)

BANYAN = "banyan@crm-edge.iam.gserviceaccount.com"
PARTIES = GoogleParties(
    account=BANYAN,
    caller=frozenset({"crm-edge", "889403714106"}),
    callee=frozenset({"415104041262"}),
    service=RunService("crm", "415104041262", "asia-northeast1"),
)


def body(message: str = "", *details: object) -> str:
    return json.dumps({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": details}})


def making(text: str, status: int = 403, parties: GoogleParties = PARTIES) -> Missing:
    """Of who was asked for a token."""
    found = google_missing(GoogleAnswer(status=status, body=text, making=True, parties=parties))
    assert found is not None
    return found


def called(text: str, status: int = 403, parties: GoogleParties = PARTIES, *, is_iap: bool = False) -> Missing:
    """Of the service that was called."""
    found = google_missing(GoogleAnswer(status=status, body=text, is_iap=is_iap, parties=parties))
    assert found is not None
    return found


# -- a token is made: the caller's project -----------------------------------------------------------------------------


def test_who_borrows_an_account_is_told_the_role_on_it() -> None:
    """In the caller's project, and who has to have it."""
    lender = GoogleParties(account=BANYAN, by="serviceAccount:edge@x.iam.gserviceaccount.com", caller=PARTIES.caller)
    found, unknown = making(BORROWED, parties=lender), making(BORROWED, parties=GoogleParties())

    what = "iam.serviceAccounts.getOpenIdToken is missing"
    role = "roles/iam.serviceAccountOpenIdTokenCreator"
    assert found.said == f"{what} on {BANYAN} in the caller's project crm-edge"
    assert found.cure == (
        f"grant {role} on {BANYAN} in the caller's project crm-edge to serviceAccount:edge@x.iam.gserviceaccount.com"
    )
    assert unknown.said == f"{what} in the caller's project"
    assert unknown.cure == f"grant {role} in the caller's project to whom Banyan calls as"


@pytest.mark.parametrize("text", [API_OFF, API_OFF_BY_GKE], ids=["as JSON", "as GKE's text"])
def test_an_api_that_is_off_is_named_with_its_project(text: str) -> None:
    """And the command that turns it on; that of tokens is needed by the caller."""
    assert making(text) == (
        "the API iamcredentials.googleapis.com is off in the caller's project 889403714106",
        "gcloud services enable iamcredentials.googleapis.com --project 889403714106",
        End.THERE,
    )
    assert called(text, parties=GoogleParties()).said == making(text).said


def test_a_pod_that_may_not_be_its_google_account_is_told_so() -> None:
    """GKE's own role, on that account, to the Kubernetes account."""
    found, unknown = making(NOT_BOUND), making(NOT_BOUND, parties=GoogleParties())

    assert found.said == f"iam.serviceAccounts.getOpenIdToken is missing on {BANYAN}: the pod may not be it"
    assert f"grant roles/iam.workloadIdentityUser on {BANYAN} in the caller's project crm-edge" in found.cure
    assert "svc.id.goog[NAMESPACE/NAME]" in found.cure
    assert "the Google account that the pod's is annotated with" in unknown.cure


def test_a_host_without_an_account_is_told_so() -> None:
    """By the metadata server's page; of any other status it says nothing."""
    found = making(NO_ACCOUNT, 404)

    assert found.said == "the metadata server has no service account for this host"
    assert "attach a service account of the caller's project crm-edge" in found.cure
    assert google_missing(GoogleAnswer(status=500, body="Internal Server Error", making=True)) is None


@pytest.mark.parametrize(
    ("text", "words", "cure"),
    [
        (KEY_GONE, "Invalid JWT Signature.", f"the key file of {BANYAN} is not taken any more"),
        (ACCOUNT_GONE, "Invalid grant: account not found", f"{BANYAN} is not there any more"),
    ],
)
def test_a_key_that_is_not_taken_is_for_this_end_to_change(text: str, words: str, cure: str) -> None:
    """Its account or itself is gone."""
    found = making(text, 400)

    assert (found.said, found.change) == (f"the key is refused ({words})", End.HERE)
    assert found.cure.startswith(cure)
    assert google_missing(GoogleAnswer(body=json.dumps({"error": "invalid_client"}), making=True)) is None
    assert google_missing(GoogleAnswer(body=json.dumps({"error": "invalid_grant"}), making=True)) is None


# -- a service is called: the callee's project -------------------------------------------------------------------------


def test_cloud_run_s_403_is_its_invoker_in_the_callee_s_project() -> None:
    """On that service, to that account, and the command for it."""
    found = called(RUN_FORBIDDEN)
    on = "the service crm (asia-northeast1) in the callee's project 415104041262"

    assert found.said == f"run.routes.invoke is missing on {on}"
    assert found.cure == (
        f"grant roles/run.invoker on {on} to serviceAccount:{BANYAN}: gcloud run services add-iam-policy-binding crm "
        f"--region asia-northeast1 --project 415104041262 --role roles/run.invoker --member serviceAccount:{BANYAN}"
    )
    assert found.change is End.THERE
    assert called(RUN_FORBIDDEN, parties=GoogleParties()) == (
        "run.routes.invoke is missing in the callee's project",
        "grant roles/run.invoker in the callee's project to whom Banyan calls as",
        End.THERE,
    )


def test_cloud_run_s_401_is_the_token_s_audience() -> None:
    """It is the same sentence, and no role would help."""
    found = called(RUN_UNAUTHORIZED, 401)

    assert (found.said, found.change) == ("the service does not take the token", End.HERE)
    assert "audience" in found.cure


def test_iap_says_for_whom_a_token_has_to_be() -> None:
    """Of another audience both are named; of another fault its words."""
    wrong, unparsed = called(IAP_AUDIENCE, 401), called(IAP_UNPARSED, 401)

    assert wrong.cure == "write audience: 1234-abc.apps.googleusercontent.com"
    assert wrong.said.endswith("and this one is for https://crm.example.com")
    assert (unparsed.said, unparsed.change) == ("IAP does not take the token (Unable to parse JWT)", End.HERE)


def test_iap_s_403_is_its_accessor_in_the_callee_s_project() -> None:
    """It is known by its head alone."""
    found = called("<html>You don't have access</html>", is_iap=True)

    assert found.said.startswith("iap.webServiceVersions.accessViaIAP is missing")
    assert "grant roles/iap.httpsResourceAccessor" in found.cure
    assert found.cure.endswith(f"in the callee's project 415104041262 to serviceAccount:{BANYAN}")


@pytest.mark.parametrize(
    ("consumer", "whose"),
    [("415104041262", "the callee's project"), ("crm-edge", "the caller's project"), ("other", "project")],
)
def test_an_api_of_the_called_side_is_off_in_the_project_that_the_answer_names(consumer: str, whose: str) -> None:
    """Whose that is, where it is known."""
    off = reason("SERVICE_DISABLED", service="run.googleapis.com", consumer=f"projects/{consumer}")

    assert called(body("", {"@type": "other"}, off)).said == f"the API run.googleapis.com is off in {whose} {consumer}"


def test_a_resource_is_named_with_its_own_project() -> None:
    """An account by its name."""
    resource = "//iam.googleapis.com/projects/crm-new/serviceAccounts/edge@crm-new.iam.gserviceaccount.com"
    denied = reason("IAM_PERMISSION_DENIED", permission="iam.serviceAccounts.getOpenIdToken", resource=resource)
    found = making(body("", denied))

    assert found.said.endswith("on edge@crm-new.iam.gserviceaccount.com in the caller's project crm-new")


@pytest.mark.parametrize(
    ("message", "said", "role"),
    [
        (
            "Permission 'run.routes.invoke' denied on resource 'projects/crm/locations/x' (or it may not exist).",
            "run.routes.invoke is missing on projects/crm/locations/x in the callee's project crm",
            "roles/run.invoker",
        ),
        (
            "Permission storage.objects.get denied",
            "storage.objects.get is missing on the service crm (asia-northeast1) in the callee's project 415104041262",
            "a role that has storage.objects.get",
        ),
        (
            "Permission iam.serviceAccounts.getAccessToken denied on resource projects/-/serviceAccounts/b",
            f"iam.serviceAccounts.getAccessToken is missing on {BANYAN} in the caller's project crm-edge",
            "roles/iam.serviceAccountTokenCreator",
        ),
    ],
)
def test_a_permission_in_words_is_found(message: str, said: str, role: str) -> None:
    """Where there are no details; the project `-` is none."""
    found = called(body(message))

    assert found.said == said
    assert found.cure.startswith(f"grant {role} on ")


@pytest.mark.parametrize(
    "other",
    ["", "no", "[" * 100_000, "[]", '{"error": "x"}', body("no"), '{"error": {"details": 1}}', body("", 1)],
)
def test_other_bodies_say_nothing(other: str) -> None:
    """Not JSON, not Google's, too deep, or without a reason."""
    assert google_missing(GoogleAnswer(body=other)) is None
