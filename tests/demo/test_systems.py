from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.demo import legacy, new
from proxy.demo.seed import CUSTOMERS_PER_OFFICE, OFFICES, customers_of, office_name, sow

OFFICE = office_name(7)
Ask = Callable[..., Awaitable[tuple[int, object]]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "customers.db"
    sow(path)
    return path


async def both(
    database: Path, method: str, path: str, *bodies: object, office: str = OFFICE
) -> list[tuple[int, object]]:
    """What legacy and new answer, one after the other: status and JSON; the second body goes to new."""
    answers = []
    for application, body in zip((legacy.application, new.application), (bodies * 2)[:2] or (None, None), strict=True):
        async with TestClient(TestServer(application(str(database)))) as client:
            sent = {"data": body} if isinstance(body, bytes) else {"json": body}
            async with client.request(method, path, headers={"X-Tenant-Id": office}, **sent) as response:
                answers.append((response.status, meaning(await response.json())))
    return answers


def meaning(value: object) -> object:
    """The value, with times as moments: both systems may write one moment in their own way."""
    match value:
        case dict():
            return {key: moment(each) if key.endswith("_at") else meaning(each) for key, each in value.items()}
        case list():
            return [meaning(each) for each in value]
        case _:
            return value


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customers/7", 200),
        ("/customers/8", 404),
        ("/customers/99999", 404),
        ("/customers/abc", 404),
        ("/customers", 200),
        ("/customers?name=%26", 200),
        ("/customers?name=nobody", 200),
        ("/customers?page=2", 200),
        ("/customers/7/appointments", 200),
        (f"/customers/{7 + OFFICES}/appointments", 200),
        ("/customers/8/appointments", 404),
    ],
)
async def test_both_systems_keep_one_contract(database: Path, path: str, status: int) -> None:
    """To the same question both give the same status and JSON of the same meaning, nulls included."""
    first, second = await both(database, "GET", path)

    assert first[0] == status
    assert first == second


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
async def test_every_kind_of_customer_reads_alike(database: Path, number: int) -> None:
    """Names in any script, with any mark that one of the systems escapes, mean the same from both."""
    first, second = await both(database, "GET", f"/customers/{number}", office=office_name(number))

    assert first == second
    assert first[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/customers", {"name": ""}, 422),
        ("POST", "/customers", {}, 422),
        ("POST", "/customers", b"{", 400),
        ("PATCH", "/customers/7", {"name": ""}, 422),
        ("PATCH", "/customers/7", {"name": None}, 422),
        ("PATCH", "/customers/7", b"nonsense", 400),
        ("PATCH", "/customers/8", {"note": "x"}, 404),
    ],
)
async def test_both_refuse_alike(database: Path, method: str, path: str, body: object, status: int) -> None:
    """What one refuses the other refuses, with the same status and words."""
    first, second = await both(database, method, path, body)

    assert first[0] == status
    assert first == second


async def test_what_one_writes_the_other_reads(database: Path) -> None:
    """A customer made by one system is the other's too, at once, and its changes as well."""
    async with (
        TestClient(TestServer(legacy.application(str(database)))) as old,
        TestClient(TestServer(new.application(str(database)))) as crm,
    ):
        headers = {"X-Tenant-Id": OFFICE}
        for writer, reader in ((old, crm), (crm, old)):
            async with writer.post("/customers", json={"name": "山本 <&>", "phone": None}, headers=headers) as made:
                assert made.status == 201
                place, written = made.headers["Location"], meaning(await made.json())
            async with reader.get(place, headers=headers) as read:
                assert meaning(await read.json()) == written
            async with reader.patch(place, json={"note": "seen", "email": None}, headers=headers) as changed:
                assert changed.status == 200
            async with writer.get(place, headers=headers) as read:
                seen = await read.json()
                assert (seen["note"], seen["phone"], seen["lock_version"]) == ("seen", None, 1)


async def test_the_bytes_differ(database: Path) -> None:
    """Equal meaning, different bytes: the two would not pass for one another to a byte comparison."""
    texts = []
    for application in (legacy.application, new.application):
        async with (
            TestClient(TestServer(application(str(database)))) as client,
            client.get("/customers/2", headers={"X-Tenant-Id": office_name(2)}) as response,
        ):
            texts.append(await response.text())

    assert texts[0] != texts[1]
    assert "\\u0026" in texts[0]
    assert "\\u0026" not in texts[1]


async def test_the_first_release_writes_some_money_otherwise(database: Path) -> None:
    """Release 1.0 drops the noughts at the end of an amount, and nothing else; 1.1 writes them as legacy."""
    said = []
    for release in (new.FIRST, new.MENDED):
        paid = []
        async with TestClient(TestServer(new.application(str(database), release))) as client:
            for number in (7, 10):
                async with client.get(f"/customers/{number}", headers={"X-Tenant-Id": office_name(number)}) as response:
                    paid.append((await response.json())["total_paid"])
                    assert response.headers["X-App-Version"] == release
        said.append(paid)

    assert said == [["259.07", "370.1"], ["259.07", "370.10"]]


async def test_each_system_says_who_it_is(database: Path) -> None:
    """The Server header tells the sides apart, in errors too."""
    named = []
    for application in (legacy.application, new.application):
        async with TestClient(TestServer(application(str(database)))) as client:
            for path in ("/customers/7", "/customers/8"):
                async with client.get(path, headers={"X-Tenant-Id": OFFICE}) as response:
                    named.append(response.headers["Server"])

    assert named == ["legacy-rails", "legacy-rails", "crm", "crm"]


def test_new_cannot_write_by_its_reader(database: Path) -> None:
    """The connection that the new system reads by is read-only: a wrong query cannot change legacy's data."""
    reader = new.Repository(str(database)).reader

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("UPDATE customers SET name = ''")


async def test_writers_wait_for_each_other(database: Path) -> None:
    """Both systems write at once, many times, and no write is lost."""
    async with (
        TestClient(TestServer(legacy.application(str(database)))) as old,
        TestClient(TestServer(new.application(str(database)))) as crm,
    ):

        async def write(client: TestClient, times: int) -> None:  # type: ignore[type-arg]
            for _ in range(times):
                async with client.patch("/customers/7", json={"note": "x"}, headers={"X-Tenant-Id": OFFICE}) as done:
                    assert done.status == 200

        await asyncio.gather(write(old, 20), write(crm, 20))
        async with old.get("/customers/7", headers={"X-Tenant-Id": OFFICE}) as response:
            assert (await response.json())["lock_version"] == 40


def test_the_seed_is_as_the_traffic_expects(database: Path) -> None:
    """Every office has the customers that its clients will ask for, and JSON can hold all of them."""
    rows = sqlite3.connect(database).execute("SELECT office, id FROM customers").fetchall()

    assert len(rows) == OFFICES * CUSTOMERS_PER_OFFICE
    assert set(rows) == {(office_name(number), id_) for number in range(1, OFFICES + 1) for id_ in customers_of(number)}
    assert json.dumps(rows)
