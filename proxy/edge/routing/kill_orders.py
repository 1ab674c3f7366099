"""The kill switch in one worker: the decisions of the routes it moves are rewritten in place, between two requests.

Rule 1: a request costs nothing for it; every route's decision stands ready, and the switch replaces it.
Rule 2: exchanges that run stay where they are, tunnels too; a new attempt for one asks `Switch.forbids` first.
Rule 3: a table that is adopted while the switch is on is rewritten before it serves.
"""

from __future__ import annotations

from proxy.edge.routing.bound_table import Live


def rewrite(live: Live) -> int:
    """Make the decisions of this table follow its switch; how many routes that moves."""
    moved = 0
    is_on = live.switch.on
    for bound in live.bound:
        if bound.killed is not None:
            bound.decision = bound.killed if is_on else bound.settled
            moved += 1
    return moved
