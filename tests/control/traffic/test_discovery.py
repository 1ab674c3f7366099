from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy.control.traffic.discovered_file import NAME
from proxy.control.traffic.discovery import MOST_WAITING, Discovery
from proxy.core.discovery.usage import UNVERIFIED
from proxy.core.routing.snapshot import Snapshot
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.messages import BodyFields, Recent
from proxy.tasks import Tasks
from tests.control.stands import table
from tests.core.remembered import head, remember
from tests.waiting import until

ROUTES = table(
    "name: orders, match: 'GET /orders/{number}', stage: legacy",
    "name: files, match: '/files/**', stage: legacy",
    "name: rest, match: '/**', stage: legacy",
)


def seen(path: str, **more: object) -> RememberedRequest:
    return remember(ROUTES.table, head(path, "t1"), **more)._replace(status=200)


def discovery(directory: Path | None = None) -> Discovery:
    running: list[Snapshot] = [ROUTES]
    return Discovery(lambda: running[0], directory, lambda: 5.0)


def test_routes_that_name_a_path_are_templates_and_the_rest_is_mined() -> None:
    """What `/**` takes is claimed by nobody; a route that has the rest of a path names it."""
    found = discovery()
    found.take(Recent([seen(f"/orders/{number}") for number in range(3)], [], 3))
    found.take(Recent([seen("/files/a/b"), *(seen(f"/users/{number}/cart?page=7") for number in range(4))], [], 50))
    view = found.view()

    assert (view.since, view.observed) == (5.0, 8)
    assert [(each.template, each.is_known, each.calls, each.routes) for each in view.endpoints] == [
        ("/files/**", True, 10, ("files",)),
        ("/orders/{number}", True, 3, ("orders",)),
        ("/users/{id}/cart", False, 40, ("rest",)),
    ]
    assert view.endpoints[2].query == {"page": 4}
    assert "7" not in repr(view.endpoints[2].query)


def test_what_was_new_to_a_worker_counts_once() -> None:
    """Beside the sample it stands for nothing but itself; callers are those that were verified."""
    found = discovery()
    found.take(Recent([seen("/users/1/cart")._replace(caller="app")], [], 100, [seen("/rare/report")]))

    assert [(each.template, each.calls, [one.caller for one in each.callers]) for each in found.view().endpoints] == [
        ("/rare/report", 1, [UNVERIFIED]),
        ("/users/{id}/cart", 100, ["app"]),
    ]


def test_names_of_bodies_are_seen_with_who_sends_nulls() -> None:
    """No call is counted for them."""
    found = discovery()
    bodies = [BodyFields("rest", "GET", "/users/2/cart", "app", [("$.note", "null"), ("$.n", "integer")])]
    found.take(Recent([seen("/users/1/cart")._replace(caller="app")], [], 1, [], bodies))
    (endpoint,) = found.view().endpoints

    assert (endpoint.calls, endpoint.bodies, endpoint.callers[0].nulls) == (1, 1, ["$.note"])
    assert [(each.name, each.present, each.kinds) for each in endpoint.fields] == [
        ("$.n", 1, {"integer": 1}),
        ("$.note", 1, {"null": 1}),
    ]


async def test_it_learns_in_the_background() -> None:
    """Some at a time, so that nobody waits for it; what is more than it may keep is passed over."""
    found, tasks = discovery(), Tasks()
    tasks.start(found.run(), name="discovery")
    found.take(Recent([seen("/users/1/cart")] * (MOST_WAITING + 9), [], MOST_WAITING + 9))
    await until(lambda: not found._waiting)
    await tasks.end()

    assert found.view().observed == MOST_WAITING


async def test_what_was_learned_outlives_the_process(tmp_path: Path) -> None:
    """But for what was seen once; what comes then is added, and belongs to the templates that are known."""
    before, tasks = discovery(tmp_path), Tasks()
    words = [seen(f"/tags/{chr(97 + number // 5)}{chr(97 + number % 5)}x") for number in range(25)]
    orders = [seen(f"/orders/{number}", route="orders")._replace(caller="app") for number in range(3)]
    carts = [seen(f"/users/{number}/cart?page=7") for number in range(4)]
    bodies = [BodyFields("rest", "GET", "/users/2/cart", "", [("$.note", "null")])]
    before.take(Recent([*words, *orders, *carts, seen("/once")], [], 33, [], bodies))
    shown = before.view()
    tasks.start(before.keep(), name="keep")
    await until((tmp_path / NAME).exists)
    await tasks.end()
    await before.last()

    after = discovery(tmp_path)
    kept = after.view()
    assert "once" not in (tmp_path / NAME).read_text(encoding="utf-8")
    assert kept.endpoints == [each for each in shown.endpoints if not each.is_single]

    after.take(Recent([seen("/tags/later"), seen("/users/99/cart")], [], 2))
    found = {each.template: each.calls for each in after.view().endpoints}
    assert found == {"/orders/{number}": 3, "/tags/{name}": 26, "/users/{id}/cart": 5}


@pytest.mark.parametrize("text", ["nonsense", '{"since": 1.0, "observed": 1, "missed": 0, "endpoints": [7]}'])
async def test_a_file_that_cannot_be_read_costs_nothing_else(tmp_path: Path, text: str) -> None:
    """It is written anew."""
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    found = discovery(tmp_path)

    assert found.view().endpoints == []
    await found.last()
    assert discovery(tmp_path).view().observed == 0


async def test_a_disk_that_takes_nothing_is_told_once(tmp_path: Path) -> None:
    """Nothing else suffers; where nothing is to be kept nothing is said."""
    found = discovery(tmp_path / "none")
    with capture_logs() as logs:
        for each in (found, found, discovery()):
            await each.last()

    assert [each["event"] for each in logs] == ["discovered_not_kept"]
