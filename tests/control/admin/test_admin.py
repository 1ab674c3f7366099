from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from proxy.control.running import Reload
from proxy.control.traffic.ledger import SILENT_AFTER
from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.principal_policy import PrincipalPolicy
from proxy.core.auth.signed_principal import PrincipalKey, SignedPrincipal
from proxy.core.position.standing import Standing
from proxy.core.secret import Secret
from tests.control.conftest import STARTED, Open, Port
from tests.control.key_sets.sources import Watched
from tests.control.stands import Clock
from tests.control.tables import crm
from tests.control.worker import delta


async def get(port: Port, path: str) -> Any:  # noqa: ANN401 JSON
    async with port.client.get(port.url + path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def refused(port: Port, path: str, method: str = "GET") -> dict[str, Any]:
    """The problem document of a request that is not granted."""
    async with port.client.request(method, port.url + path) as answer:
        assert answer.content_type == "application/problem+json"
        document = await answer.json()
        assert document["status"] == answer.status
        assert document["type"] == "about:blank"
        return {**document, "allow": answer.headers.get("Allow")}


async def test_routes_have_the_contracts_shape(port: Port) -> None:
    """Each route shows what the file says, what runs and why, its traffic, its parity and a verdict."""
    body = await get(port, "/api/routes")

    assert body["revision"] == "r1"
    assert [route["name"] for route in body["routes"]] == ["orders.show", "orders.list", "rest", "internal"]
    assert body["routes"][0] == {
        "name": "orders.show",
        "written_in": "",
        "file": {"stage": "canary", "split": 0.1},
        "runs": {"stage": "canary", "split": 0.1, "reason": "as the file says"},
        "traffic": {"legacy": 0, "new": 0},
        "rate": {"legacy": 0.0, "new": 0.0, "self": 0.0, "failed": 0.0},
        "answered": 0,
        "parity": {
            "compared": 0,
            "match": 0,
            "mismatch": 0,
            "ignored": 0,
            "incomparable": 0,
            "undecided": 0,
            "fields_waiting": 0,
            "rate_upper_bound": 1.0,
            "mismatch_rate": None,
            "since": "",
        },
        "coverage": {"shapes": 0, "uncovered": 0, "unseen": 1.0, "unseen_bound": 1.0, "echoes": []},
        "verdict": "hold",
        "state": "no_ramp",
        "reasons": ["no ramp is declared: it goes as far as routes.yaml says"],
        "numbers": {},
        "obstacle": "no ramp is declared: it goes as far as routes.yaml says",
    }
    assert body["reload"] == {
        "ok": True,
        "at": "2026-03-01T12:00:00.000Z",
        "problems": [],
        "warnings": [],
        "needs_restart": [],
    }
    assert body["workers"] == []


async def test_a_route_that_answers_itself_has_no_stage(port: Port) -> None:
    """`respond` stands instead of a stage, so stage and split are null."""
    body = await get(port, "/api/routes/internal")

    assert body["file"] == {"stage": None, "split": None}


async def test_traffic_is_what_workers_counted_up_to_now(port: Port, clock: Clock) -> None:
    """Counts come from all workers at the moment of the question; rates over the seconds that are over."""
    first, second = await port.worker(0, 100), await port.worker(1, 101)
    first.count(delta("rest", "legacy", ok=3), delta("rest", "self", failed=1))
    second.count(delta("rest", "legacy", ok=4), delta("rest", "new", ok=1))
    route = await get(port, "/api/routes/rest")

    assert route["traffic"] == {"legacy": 7, "new": 1}
    assert route["answered"] == 1
    assert route["last_minute"]["legacy"] == [0] * 60

    clock.now += 1
    route = (await get(port, "/api/routes"))["routes"][2]

    assert route["rate"] == {"legacy": 7.0, "new": 1.0, "self": 1.0, "failed": 1.0}
    assert (await get(port, "/api/routes/rest"))["last_minute"]["legacy"] == [0] * 59 + [7]


async def test_one_route_tells_more(port: Port) -> None:
    """A route alone also shows its match, its upstreams, its line and the revision."""
    route = await get(port, "/api/routes/orders.show")

    assert route["name"] == "orders.show"
    assert (route["path"], route["methods"]) == ("/orders/{id}", None)
    assert route["upstreams"] == {"legacy": "legacy", "new": "new"}
    assert route["revision"] == "r1"


async def test_workers_are_listed(port: Port) -> None:
    """Each linked worker shows who it is, what it serves, and whether that is what runs."""
    worker = await port.worker(2, 300)
    worker.connections = 17
    body = await get(port, "/api/routes")

    assert body["workers"] == [
        {
            "worker": 2,
            "pid": 300,
            "revision": "r1",
            "serves_current": True,
            "draining": False,
            "connections": 17,
            "killed": False,
            "switched": 0.0,
        }
    ]


async def test_a_refused_file_is_shown_with_its_problems(port: Port) -> None:
    """After a bad reload the old revision runs, the problems stand beside it, and no route says it follows the file."""
    at = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    port.running.refuse(Reload(ok=False, at=at, problems=("routes.yaml:3:1: routes: must be a list",)))
    body = await get(port, "/api/routes")

    assert body["revision"] == "r1"
    assert body["reload"]["ok"] is False
    assert body["reload"]["at"] == "2026-03-01T13:00:00.000Z"
    assert body["reload"]["problems"] == ["routes.yaml:3:1: routes: must be a list"]
    assert body["routes"][0]["runs"]["reason"] == "as the last good file says; the present one has problems"


async def test_upstreams_are_listed(port: Port) -> None:
    """Upstreams show name, address and endpoints; what is not probed has no health, what nobody reported is null."""
    body = await get(port, "/api/upstreams")
    unknown: dict[str, object] = {"health": None, "breaker": None, "addresses": None, "ejected": None, "alone": []}

    assert body["upstreams"] == [
        {"name": name, "url": f"http://{where}", "endpoints": [{"endpoint": where, "health": None}], **unknown}
        for name, where in (("legacy", "127.0.0.1:3000"), ("new", "127.0.0.1:8443"))
    ]


async def test_no_transition_has_happened(port: Port) -> None:
    """Nothing moves stages yet, so the list is truly empty."""
    assert await get(port, "/api/transitions?route=rest") == {"transitions": []}


@pytest.mark.parametrize("path", ["/api/routes", "/api/routes/rest", "/api/upstreams", "/api/transitions"])
async def test_an_answer_that_is_known_is_not_sent_again(port: Port, path: str) -> None:
    """`If-None-Match` with the ETag of the last answer gets 304; after a reload it gets the new answer."""
    async with port.client.get(port.url + path) as answer:
        tag = answer.headers["ETag"]

    assert tag.removeprefix('"v0.').removeprefix('"').startswith("r1.")

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        async with port.client.get(port.url + path, headers={"If-None-Match": known}) as answer:
            assert (answer.status, answer.headers["ETag"], await answer.read()) == (304, tag, b"")

    port.take(crm("r2"))
    async with port.client.get(port.url + path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200
        assert answer.headers["ETag"].removeprefix('"v0.').removeprefix('"').startswith("r2.")


async def test_new_traffic_is_a_new_answer(port: Port) -> None:
    """An ETag stands for the whole answer, counts included: a poll with it never shows old traffic."""
    worker = await port.worker()
    async with port.client.get(port.url + "/api/routes") as answer:
        tag = answer.headers["ETag"]
    worker.count(delta("rest", "legacy", ok=1))
    async with port.client.get(port.url + "/api/routes", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200
        assert (await answer.json())["routes"][2]["traffic"]["legacy"] == 1


@pytest.mark.parametrize("path", ["/", "/metric", "/api", "/api/routes/", "/api/routes/none/more"])
async def test_what_is_not_there_is_a_problem_document(port: Port, path: str) -> None:
    """An unknown path is answered 404 in the form that every error has."""
    assert (await refused(port, path))["status"] == 404


@pytest.mark.parametrize("path", ["/api/routes/none", "/api/routes/none/mismatches"])
async def test_an_unknown_route_is_named(port: Port, path: str) -> None:
    """A route that is not in the table is answered 404 with its name and where to look."""
    document = await refused(port, path)

    assert document["status"] == 404
    assert document["title"] == "Not Found"
    assert "'none'" in document["detail"]
    assert "/api/routes" in document["detail"]
    assert "did you mean" not in document["detail"]


@pytest.mark.parametrize("page", ["", "/mismatches", "/exchanges", "/epochs"])
async def test_a_mistyped_route_is_asked_about(port: Port, page: str) -> None:
    """The nearest name there is stands in the sentence; a very long one is cut, and costs no search."""
    names = [each.name for each in port.running.snapshot.routes]
    document = await refused(port, f"/api/routes/{names[0][:-1]}x{page}")
    long = await refused(port, f"/api/routes/{'x' * 5000}{page}")

    assert f"did you mean {names[0]}? GET /api/routes lists those there are" in document["detail"]
    assert len(long["detail"]) < 200


async def test_a_wrong_method_is_told_the_right_ones(open_port: Open) -> None:
    """405 says what is possible, in the header and in words."""
    port = await open_port(token="t")
    port.client.headers["Authorization"] = "Bearer t"
    document = await refused(port, "/api/routes", "DELETE")

    assert document["status"] == 405
    assert document["allow"] == "GET, HEAD"
    assert "GET, HEAD" in document["detail"]
    assert (await refused(port, "/api/kill", "PUT"))["allow"] == "GET, HEAD, POST"


async def test_a_defect_is_a_problem_document(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a handler breaks, the answer is a 500 problem document that shows nothing from inside; the next works."""
    monkeypatch.setattr(port.running, "snapshot", None)
    document = await refused(port, "/api/routes")

    assert document["status"] == 500
    assert "NoneType" not in json.dumps(document)

    monkeypatch.undo()
    await get(port, "/api/routes")


async def test_healthy_is_control_alone(port: Port) -> None:
    """Control is healthy without any worker."""
    async with port.client.get(port.url + "/-/healthy") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("published", [(), (b'{"kid":"1"}', b'{"kid":"2"}')])
async def test_the_key_set_is_of_what_runs(port: Port, published: tuple[bytes, ...]) -> None:
    """Public keys of the tokens by which upstreams know who calls; without such tokens there is none."""
    signer = PrincipalKey(kid="1", algorithm=Algorithm.ES256, pem=Secret(b"private"))
    signed = SignedPrincipal(name="X-Principal", issuer="a", signer=signer, published=published)
    said = PrincipalPolicy(signed=signed if published else None)
    port.running.take(replace(port.running.snapshot, principal=said), Reload(ok=True, at=STARTED))
    async with port.client.get(port.url + "/.well-known/jwks.json") as answer:
        assert answer.content_type == "application/jwk-set+json"
        assert await answer.read() == b'{"keys":[%b]}' % b",".join(published)


async def ready(port: Port) -> str:
    """Empty when ready, else the reason."""
    async with port.client.get(port.url + "/-/ready") as answer:
        if answer.status == 200:
            return ""
        assert answer.status == 503
        assert answer.content_type == "application/problem+json"
        return str((await answer.json())["detail"])


async def test_ready_is_a_worker_with_the_current_table(port: Port) -> None:
    """Ready begins with the first worker that serves what runs, and ends with the last."""
    assert await ready(port) == "no worker is linked to control"

    worker = await port.worker(0, 100)

    assert await ready(port) == ""

    await worker.die()

    assert await ready(port) == "no worker is linked to control"


async def test_ready_is_to_know_where_routes_stand(open_port: Open) -> None:
    """Before the store has said it, Banyan is not ready, says so, and shows where routes run meanwhile."""
    port = await open_port(snapshot=replace(crm(), state=Secret("postgresql://db/banyan")))
    here = port.parts.here
    await port.worker(0, 100)
    before = await ready(port)
    shown = {each["name"]: each["runs"] for each in (await get(port, "/api/routes"))["routes"]}
    metrics = await page(port)
    here.take(Standing())

    assert before == "the state store has not said yet where routes stand; legacy answers meanwhile what it can"
    assert shown["orders.list"]["stage"] == "legacy"
    assert "banyan_standing_known 0.0" in metrics
    assert await ready(port) == ""
    assert "banyan_standing_known 1.0" in await page(port)


async def test_ready_is_to_be_able_to_check_tokens(open_port: Open, tmp_path: Path) -> None:
    """A fresh Banyan without a key set gets no clients yet, for half a minute at most."""
    watched = Watched(tmp_path)
    watched.follow("http://127.0.0.1:1/keys?token=secret")
    port = await open_port(key_sets=watched.watch)
    await port.worker(0, 100)

    assert await ready(port) == (
        "the key set http://127.0.0.1:1/keys has not been fetched yet, so no token can be checked"
    )

    watched.now += 30

    assert await ready(port) == ""
    await watched.close()


async def page(port: Port) -> str:
    """`/metrics`."""
    async with port.client.get(port.url + "/metrics") as answer:
        return await answer.text()


async def test_ready_says_who_lags(port: Port, clock: Clock) -> None:
    """A worker that serves another revision, drains or is silent does not make Banyan ready, and is named."""
    worker = await port.worker(0, 100)
    worker.revision = "r0"
    await port.links.refresh()

    assert await ready(port) == "no worker serves revision r1: worker 0 (pid 100) serves r0"

    worker.revision, worker.draining = "r1", True
    await port.links.refresh()

    assert await ready(port) == "no worker serves revision r1: worker 0 (pid 100) serves r1, is draining"

    worker.draining = False

    assert await ready(port) == ""

    worker.mute = True
    clock.now += SILENT_AFTER

    assert await ready(port) == "no worker serves revision r1: worker 0 (pid 100) serves r1, is silent"


async def test_ready_follows_a_reload_at_once(port: Port) -> None:
    """Right after a reload the workers that took the new table make Banyan ready again."""
    await port.worker()
    port.take(crm("r2"))

    assert await ready(port) == ""


async def test_a_scrape_is_whole_and_fresh(port: Port) -> None:
    """One scrape holds what every worker has counted until then, also when many ask at once."""
    workers = [await port.worker(number, 100 + number) for number in range(2)]
    for worker in workers:
        worker.count(delta("rest", "legacy", ok=2))

    async def scrape() -> str:
        async with port.client.get(port.url + "/metrics") as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            return await answer.text()

    for page in await asyncio.gather(scrape(), scrape(), scrape()):
        assert 'banyan_requests_total{route="rest",side="legacy",code="2xx"} 4\n' in page


async def test_a_scrape_may_be_squeezed(port: Port) -> None:
    """Prometheus asks for gzip and gets it; who does not, gets text."""
    port.client._auto_decompress = False
    plain = {"Accept-Encoding": "identity"}
    async with port.client.get(port.url + "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"banyan_workers 0.0\n" in gzip.decompress(await answer.read())
    async with port.client.get(port.url + "/metrics", headers=plain) as answer:
        assert "Content-Encoding" not in answer.headers
        assert b"banyan_workers 0.0\n" in await answer.read()


async def test_a_body_that_is_too_long_is_told_with_its_bound(open_port: Open) -> None:
    """A reason of a hundred thousand signs is refused with how long one may be."""
    port = await open_port(token="t")
    port.client.headers["Authorization"] = "Bearer t"
    async with port.client.post(f"{port.url}/api/routes/a/hold", data=b"x" * 100_000) as answer:
        said = await answer.json()

    assert answer.status == 413
    assert said["detail"] == "the body is longer than 65,536 bytes; a reason may have 4,000 characters"
