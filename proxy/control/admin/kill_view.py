"""The kill switch as `GET` and `POST /api/kill` show it.

Rule 1: a route that stays is told by where it runs: an order may have left it where the file does not have it.
"""

from __future__ import annotations

from proxy.control.admin.routes import OrderView, View, order_view, ordered_kill, running_routes
from proxy.control.admin.standing import Judged
from proxy.control.running import Running
from proxy.control.traffic.ledger import Ledger
from proxy.core.routing.kill_switch import Beyond, beyond


class WorkerKillView(View, frozen=True, kw_only=True):
    """One linked worker's switch; see `WorkerView`."""

    worker: int
    pid: int
    killed: bool
    switched: float


class StaysView(View, frozen=True, kw_only=True):
    """A route that the switch leaves where it is."""

    route: str
    why: Beyond


class KillView(View, frozen=True, kw_only=True):
    """What is ordered, the file that orders it, which workers follow, and which routes stay, on or off."""

    on: bool
    order: OrderView | None
    file: str
    workers: list[WorkerKillView]
    beyond: list[StaysView]


def kill_view(running: Running, ledger: Ledger, file: str, judged: Judged | None) -> KillView:
    """As it is now; without `judged` routes run where the file says."""
    order, upstreams = ordered_kill(running, ledger), running.snapshot.upstreams
    workers = [
        WorkerKillView(worker=each.worker, pid=each.pid, killed=each.killed, switched=each.switched)
        for each in ledger.counts().workers
    ]
    found = ((each.name, beyond(each, upstreams)) for each in running_routes(running, ledger, judged))
    stay = [StaysView(route=name, why=why) for name, why in found if why is not None]
    return KillView(on=order is not None, order=order_view(order), file=file, workers=workers, beyond=stay)
