"""Orders in one worker: where routes run is rewritten in place, between two requests.

Rule 1: a request costs nothing for it: decisions stand ready, and pins are looked at on routes that have some.
Rule 2: exchanges that run stay where they are. The kill switch outranks every order, pins too.
Rule 3: a table that is adopted is rewritten before it serves; what has no order runs as the table says.
        An order names a route by its origin, so that it holds on a table that calls the route otherwise.
Rule 4: while it is unknown where routes stand, those that legacy can answer wait there, whatever else was ordered.
Rule 5: the kill switch replaces decisions, too: every route's killed decision stands ready (`rewrite`). A new attempt
        for an exchange that runs asks `WorkerKillSwitch.forbids` first.
Rule 6: a worker that knows more than a control that was born later goes on by it; what that one orders is added.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.core.journal.moving import written_scopes
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY, Place
from proxy.core.routing.decide import settled
from proxy.core.routing.kill_switch import decide_killed
from proxy.core.routing.placement import UNKNOWN, as_killed, is_possible, place_now, place_of, placed, waits
from proxy.core.routing.route import Route
from proxy.core.routing.split_exceptions import SplitExceptions, exceptions_of
from proxy.core.stage import Stage
from proxy.edge.routing.bound_table import NO_PINS, BoundRoute, Live
from proxy.link.messages import Orders, RouteOrder

NO_ORDERS = Orders(0, [])
NOTHING_ENDED: frozenset[str] = frozenset()


def added(before: Orders, told: Orders) -> Orders:
    """What to obey after `told` has come: see rule 6."""
    if told.known or not (before.known and before.version):
        return told
    routes = {order.route: order for order in (*before.routes, *told.routes)}
    return Orders(told.version, list(routes.values()), standing=before.standing)


def obey(live: Live, orders: Orders) -> tuple[str, ...]:
    """Make the decisions of this table follow the orders; the names of routes that cannot."""
    ordered: Mapping[str, RouteOrder] = {order.route: order for order in orders.routes}
    refused: list[str] = []
    written = written_scopes(live.snapshot.routes)
    live.standing = orders.standing
    for bound in live.bound:
        order = ordered.get(bound.said.origin)
        if not orders.known and waits(bound.said, live.snapshot.upstreams):
            _wait(bound)
        elif order is None:
            if bound.ordered:
                _release(bound)
        elif not _follow(bound, order, live, is_written=bound.said.scope in written):
            refused.append(bound.said.name)
    rewrite(live)
    return tuple(refused)


def rewrite(live: Live) -> int:
    """Make the decisions of this table follow its switch; how many routes that moves."""
    moved = 0
    is_on = live.switch.on
    for bound in live.bound:
        if bound.killed is not None:
            bound.decision = bound.killed if is_on else bound.settled
            moved += 1
    return moved


def _wait(bound: BoundRoute) -> None:
    bound.slow = 0.0
    bound.ordered = True
    _run(bound, placed(bound.said, LEGACY), None)
    bound.settled = bound.decision = UNKNOWN


def _release(bound: BoundRoute) -> None:
    bound.slow = 0.0
    bound.raised = 0.0
    bound.ordered = False
    bound.step = bound.begun = 0
    bound.ended = NOTHING_ENDED
    said = bound.said
    _run(bound, said, exceptions_of(said, bound.there, NO_PINS, None, choosers=bound.choosers))


def _follow(bound: BoundRoute, order: RouteOrder, live: Live, *, is_written: bool) -> bool:
    said = bound.said
    if said.respond is not None:
        return True
    ordered = Place(Stage(order.stage), order.split)
    if is_written:
        place = ordered  # an edit, too, waits until both sides have what its cohorts have written
    else:
        place = place_now(place_of(said), ordered, Place(Stage(order.said_stage), order.said_split))
    possible = is_possible(said, place, live.snapshot.upstreams)
    bound.slow = order.slow
    bound.raised = order.sample
    bound.ordered = True
    bound.step, bound.begun = order.step, order.begun
    bound.ended = frozenset(order.ended)
    route = placed(said, place) if possible else said
    _run(bound, route, _exceptions(bound, route, order))
    return possible


def _run(bound: BoundRoute, route: Route, exceptions: SplitExceptions | None) -> None:
    """From the next request on."""
    bound.route = route
    bound.exceptions = exceptions
    bound.settled = settled(route) if exceptions is None else None
    bound.killed = decide_killed(as_killed(route, exceptions), has_legacy=bound.legacy is not None)
    bound.decision = bound.settled
    bound.follow_stage()


def _exceptions(bound: BoundRoute, route: Route, order: RouteOrder) -> SplitExceptions | None:
    """Those of the file as well; an ordered pin outranks one of the file."""
    pins = {key.encode("utf-8", "surrogateescape"): Side(side) for key, side in order.pins}
    drains = order.drained and route.stage.facts.draws
    return exceptions_of(route, bound.there, pins, bound.lately if drains else None, choosers=bound.choosers)
