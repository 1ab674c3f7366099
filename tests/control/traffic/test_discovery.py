from __future__ import annotations

from proxy.control.traffic.discovery import MOST_WAITING, Discovery
from proxy.core.discovery.usage import UNVERIFIED
from proxy.core.routing.snapshot import Snapshot
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.messages import Recent
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


def discovery() -> Discovery:
    running: list[Snapshot] = [ROUTES]
    return Discovery(lambda: running[0], lambda: 5.0)


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


async def test_it_learns_in_the_background() -> None:
    """Some at a time, so that nobody waits for it; what is more than it may keep is passed over."""
    found, tasks = discovery(), Tasks()
    tasks.start(found.run(), name="discovery")
    found.take(Recent([seen("/users/1/cart")] * (MOST_WAITING + 9), [], MOST_WAITING + 9))
    await until(lambda: not found._waiting)
    await tasks.end()

    assert found.view().observed == MOST_WAITING
