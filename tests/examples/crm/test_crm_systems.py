"""What the CRM story's own parts do: who is let in, what is missing, and which rows planted bugs change."""

from __future__ import annotations

import json
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jwt
from joserfc.jwk import RSAKey

from examples.crm.story.load import SOURCES
from examples.crm.story.rehearsal import rows_that_differ
from examples.crm.story.rehearsed_writes import rehearsed_writes
from examples.crm.systems import customer_json, customer_service
from examples.crm.systems.cloud_run import caller_of, front_end
from examples.crm.systems.google import Google
from examples.crm.systems.projects import INVOKER, RIGHTS, Projects
from examples.crm.systems.settings import AUDIENCE, BANYAN_ACCOUNT

KEY = RSAKey.generate_key(2048, {"kid": "google-1"})
ROW = {
    **dict.fromkeys(("name", "kana", "phone"), "n"),
    "id": 7,
    "status": 5,
    "source": 1,
    "note": None,
    "lock_version": 2,
    "next_call_at": datetime(2026, 12, 1, 1, 30),  # noqa: DTZ001 -- as the column has it
    "total_paid": Decimal("1500.00"),
    "created_at": datetime(2026, 6, 1, 3, 0, 0, 123456),  # noqa: DTZ001
    "updated_at": datetime(2026, 6, 1, 3, 0, 0, 123456),  # noqa: DTZ001
}


@pytest.fixture
def projects(tmp_path: Path) -> Projects:
    """In which nothing is granted."""
    (tmp_path / "projects").touch()
    return Projects(tmp_path / "projects")


def token(**claims: object) -> str:
    said = {"aud": AUDIENCE, "email": BANYAN_ACCOUNT, "exp": int(time.time()) + 60, **claims}
    return jwt.encode({"alg": "RS256", "kid": "google-1"}, said, KEY)


@pytest.mark.parametrize(
    "shown",
    [
        token(aud="https://elsewhere.run.app"),
        token(exp=int(time.time()) - 1),
        token()[:-8] + "AAAAAAAA",
        "no token",
    ],
)
def test_another_token_is_nobodys(shown: str) -> None:
    """For another service, one that has ended, with another signature, or none at all."""
    assert caller_of(shown, KEY) == ""
    assert caller_of(token(), KEY) == BANYAN_ACCOUNT


async def test_whoever_may_not_invoke_gets_the_page_of_cloud_run(projects: Projects) -> None:
    """Until the role is there; whoever shows no token of Google's never gets further."""

    async def inside(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    app = web.Application(middlewares=[front_end(projects, KEY)])
    app.router.add_get("/readyz", inside)
    async with TestClient(TestServer(app)) as client:

        async def asked(**fields: str) -> tuple[int, str]:
            async with client.get("/readyz", headers=fields) as answer:
                return answer.status, await answer.text()

        status, page = await asked(Authorization=f"Bearer {token()}")
        assert (status, "does not have permission to get URL <code>/readyz</code>" in page) == (403, True)
        projects.give(INVOKER)
        assert await asked(Authorization=f"Bearer {token()}") == (200, "inside")
        assert (await asked())[0] == 403
        assert (await asked(Authorization="Bearer forged"))[0] == 401


async def test_google_says_what_is_missing_one_after_the_other(projects: Projects) -> None:
    """Of the API of the caller's project, of the instance's, and of the role there."""
    where = "/sql/v1beta4/projects/legacy-prod/instances/customers/connectSettings"
    async with TestClient(TestServer(Google(projects, KEY).cloud())) as client:
        async with client.get("/computeMetadata/v1/instance/service-accounts/default/token") as answer:
            bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        said = []
        for right in RIGHTS[3:6]:
            async with client.get(where, headers=bearer) as answer:
                said.append((answer.status, json.loads(await answer.text())["error"]["message"]))
            projects.give(right)
        async with client.get(where, headers=bearer) as answer:
            assert answer.status == 200

    assert [status for status, _ in said] == [403] * 3
    assert "has not been used in project 205884630179 before or it is disabled" in said[0][1]
    assert "has not been used in project 731950284611 before or it is disabled" in said[1][1]
    assert "Possibly missing permission cloudsql.instances.get on resource instances/customers" in said[2][1]


def test_both_sides_mean_the_same_in_other_bytes() -> None:
    """Times, numbers and nulls; release 1 is nine hours early."""
    legacy, new = customer_service.as_json(ROW), customer_json.customer(ROW, 3)

    assert (legacy["next_call_at"], new["next_call_at"]) == ("2026-12-01T10:30:00.000+09:00", "2026-12-01T01:30:00Z")
    assert customer_json.customer(ROW, 1)["next_call_at"] == "2026-11-30T16:30:00Z"
    assert (str(legacy["total_paid"]), str(new["total_paid"])) == ("1500.0", "1500")
    assert legacy["status"] == new["status"] == "declined"
    assert set(legacy) - set(new) == {"note"}


def test_the_writes_of_a_rehearsal_are_always_the_same() -> None:
    """So are the rows in which the planted bugs differ, which are counted as they are drawn."""
    one, other = rehearsed_writes(400, 100), rehearsed_writes(400, 100)
    saved = {each.target for each in one.writes if each.sent is not None and set(each.sent) == {"source"}}
    misnumbered = [each for each in one.writes if each.sent and each.sent.get("kind") in {"parcel", "online"}]
    gone = [each.target for each in one.writes if each.method == "DELETE"]

    assert one.writes == other.writes
    assert one.differing == other.differing
    assert one.differing["customers", "other values", "lock_version"] == len(saved)
    assert one.differing["appointments", "other values", "kind"] == len(misnumbered)
    assert one.differing["items", "only at legacy", ""] == len(gone) == len(set(gone))
    assert 0 < one.differing["customers", "other values", "updated_at"] < len(saved)


def test_a_customer_that_is_saved_as_it_was_has_its_own_source() -> None:
    """As the seeds give it, by its number."""
    for each in rehearsed_writes(400, 100).writes:
        if each.sent is not None and set(each.sent) == {"source"}:
            assert each.sent["source"] == SOURCES[int(each.target.rpartition("/")[2]) % 4]


def test_what_reconcile_prints_is_read() -> None:
    """Check by check; a row that is missing has no column."""
    said = """\
keys  rows  column
1,204  other values  lock_version
12  other values  updated_at
customers: 7,000 rows at legacy, 7,000 at new: 1,204 keys differ (9,000 rows/s)
appointments: 10 rows at legacy, 10 at new: 0 keys differ (9,000 rows/s)
keys  rows  column
7  only at legacy
items: 20 rows at legacy, 13 at new: 7 keys differ (9,000 rows/s)
"""
    assert rows_that_differ(said) == {
        ("customers", "other values", "lock_version"): 1204,
        ("customers", "other values", "updated_at"): 12,
        ("items", "only at legacy", ""): 7,
    }
