"""What traffic shows, over a real admin port."""

from __future__ import annotations

from proxy.link.messages import Recent
from tests.control.conftest import Open
from tests.control.stands import table
from tests.core.remembered import head, remember


async def test_what_workers_have_sampled_by_now_is_shown(open_port: Open) -> None:
    """Templates, and which routes took them."""
    routes = table("name: orders, match: '/orders/{number}', stage: legacy", "name: rest, match: '/**', stage: legacy")
    port = await open_port(snapshot=routes)
    worker = await port.worker()
    seen = [remember(routes.table, head(path))._replace(status=200) for path in ("/orders/1", "/users/7", "/users/8")]
    worker.recent = Recent(seen, [], 3)
    async with port.client.get(f"{port.url}/api/discovery") as answer:
        found = await answer.json()

    assert answer.status == 200
    assert [(each["template"], each["is_known"], each["routes"]) for each in found["endpoints"]] == [
        ("/orders/{number}", True, ["orders"]),
        ("/users/{id}", False, ["rest"]),
    ]
    assert "since" in found
