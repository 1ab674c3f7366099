"""Google's identity tokens, probed against a stand-in that answers as the real ones do: what is missing, and where."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from proxy.core.reachability.finding import End, Finding, ProbeRow, RowOutcome, TargetFindings
from proxy.core.reachability.google_parties import GoogleParties
from proxy.reachability.google_facts import google_parties
from tests.core.reachability.google_answers import API_OFF, NO_ACCOUNT, NOT_BOUND
from tests.e2e.program import free_port
from tests.reachability.google_stand_in import ACCOUNT, GoogleStandIn
from tests.reachability.probing import probed, resolver_files, row

HOST = "crm-415104041262.asia-northeast1.run.app"
AUDIENCE = f"https://{HOST}"
Probe = Callable[..., Awaitable[TargetFindings]]


@pytest.fixture
def google() -> GoogleStandIn:
    return GoogleStandIn(AUDIENCE)


@pytest.fixture
async def probe(google: GoogleStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Probe]:
    """Of the service by its own name, with a token for an audience."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    files = resolver_files(tmp_path, "127.0.0.1", f"127.0.0.1 {HOST}\n")
    async with TestServer(google.app) as server:
        here = f"127.0.0.1:{server.port}"
        monkeypatch.setenv("GCE_METADATA_HOST", here)
        monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", here)  # read when it is imported

        async def asked(audience: str = AUDIENCE) -> TargetFindings:
            auth = {"google_identity": {"audience": audience}}
            return await probed({"url": f"http://{HOST}:{server.port}", "host": "upstream", "auth": auth}, files=files)

        yield asked


def may_i(found: TargetFindings) -> Finding:
    return row(found, ProbeRow.MAY_I)


def as_whom(found: TargetFindings) -> Finding:
    return row(found, ProbeRow.AS_WHOM)


async def test_who_may_call_is_told_as_whom(probe: Probe, google: GoogleStandIn) -> None:
    """The account is that of the token, and nothing of the token is shown."""
    google.invokers.add(ACCOUNT)
    found = await probe()

    assert may_i(found).outcome is RowOutcome.FINE
    assert as_whom(found).said.startswith(f"Google's identity token for {AUDIENCE} of {ACCOUNT}, until 20")


async def test_a_role_that_is_missing_is_named_with_the_callee_s_project(probe: Probe) -> None:
    """On which service, in which of the two projects, to whom, and by which command."""
    refused = may_i(await probe())

    assert (refused.outcome, refused.change) == (RowOutcome.FAILED, End.THERE)
    on = "the service crm (asia-northeast1) in the callee's project 415104041262"
    assert refused.said == f"reached, but refused: 403 to HEAD /: run.routes.invoke is missing on {on}"
    assert refused.cure.startswith(f"grant roles/run.invoker on {on} to serviceAccount:{ACCOUNT}: gcloud run services")


async def test_a_token_for_another_audience_is_for_this_end_to_change(probe: Probe) -> None:
    """Though the words of the answer are the same."""
    refused = may_i(await probe("https://other.example.com"))

    assert (refused.outcome, refused.change) == (RowOutcome.FAILED, End.HERE)
    assert "the service does not take the token" in refused.said


@pytest.mark.parametrize(
    ("refusal", "said", "cure"),
    [
        (
            (403, API_OFF),
            "the API iamcredentials.googleapis.com is off in the caller's project 889403714106",
            "gcloud services enable iamcredentials.googleapis.com --project 889403714106",
        ),
        (
            (403, NOT_BOUND),
            f"iam.serviceAccounts.getOpenIdToken is missing on {ACCOUNT}: the pod may not be it",
            f"grant roles/iam.workloadIdentityUser on {ACCOUNT} in the caller's project crm-edge to the pod's",
        ),
        (
            (404, NO_ACCOUNT),
            "the metadata server has no service account for this host",
            "attach a service account of the caller's project crm-edge to this host",
        ),
    ],
    ids=["API off", "pod not bound", "no account"],
)
async def test_a_token_that_is_not_given_is_the_caller_s_project(
    probe: Probe, google: GoogleStandIn, refusal: tuple[int, str], said: str, cure: str
) -> None:
    """What is missing there; the service is asked nothing."""
    google.refusal = refusal
    found = as_whom(await probe())

    assert (found.outcome, found.change) == (RowOutcome.FAILED, End.THERE)
    assert found.said == f"no token: Google's identity token for {AUDIENCE}: {said}"
    assert found.cure.startswith(cure)


async def test_an_answer_that_says_nothing_is_told_by_its_status(probe: Probe, google: GoogleStandIn) -> None:
    """And that this end may not be on a host of Google's at all."""
    google.refusal = (418, "teapot")
    found = as_whom(await probe())

    assert found.said.endswith("google-auth: RefreshError: answered 418")
    assert (found.change, "GOOGLE_APPLICATION_CREDENTIALS" in found.cure) == (End.HERE, True)


async def test_without_a_metadata_server_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for no longer than a moment; what the host's name says stays."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{free_port()}")
    found = await google_parties(HOST)

    assert (found.account, found.caller, found.callee) == ("", frozenset(), frozenset({"415104041262"}))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (
            {"type": "service_account", "client_email": ACCOUNT, "project_id": "crm-edge", "private_key": "hush"},
            GoogleParties(account=ACCOUNT, caller=frozenset({"crm-edge"})),
        ),
        (
            {
                "type": "impersonated_service_account",
                "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/"
                f"serviceAccounts/{ACCOUNT}:generateAccessToken",
                "source_credentials": {"type": "service_account", "client_email": "edge@other.iam.gserviceaccount.com"},
            },
            GoogleParties(
                account=ACCOUNT, by="serviceAccount:edge@other.iam.gserviceaccount.com", caller=frozenset({"crm-edge"})
            ),
        ),
        (["no"], GoogleParties()),
    ],
    ids=["a key", "a borrowed account", "none"],
)
async def test_a_key_file_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: object, found: GoogleParties
) -> None:
    """And who borrows; nothing of the key."""
    (tmp_path / "key.json").write_text(json.dumps(written))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))

    assert await google_parties("crm.internal") == found


async def test_a_user_who_borrows_is_named_by_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """His own name stands in none; a file that cannot be read says nothing."""
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"service_account_impersonation_url": f"x/{ACCOUNT}:y"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    assert (await google_parties("crm.internal", "no.token.of.ours")).by == f"the user of {file}"
    file.write_text("no JSON")
    assert (await google_parties("crm.internal", "a.!.c")) == GoogleParties()
