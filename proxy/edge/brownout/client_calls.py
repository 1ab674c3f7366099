"""What a worker remembers of each client of a brown-out: how often it called, and how its last call went.

Rule 1: `MOST` clients have names, those that came first; what became of the calls of all further ones is told together.
Rule 2: all workers of a machine count a client's calls together (`core/brownout/call_counts.py`), whether it has a name
        in this one or not, and its first one is the first to any of them. Clients for which there is no room are
        counted as one. What followed what is known to each worker by itself.
Rule 3: counts are of the route's origin, as its draws are: a rename meets nobody anew.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from proxy.core.brownout.aftermath import AT_ONCE, FOLLOWS
from proxy.core.brownout.brownout_policy import Browned
from proxy.core.brownout.call_counts import NO_ROOM, CallCounts, counted_as
from proxy.core.discovery.usage import OTHERS

if TYPE_CHECKING:
    from proxy.edge.brownout_tally import BrownoutTally

MOST: Final = 1000


class ClientCalls:
    """Of one client. `last_at` is monotonic, below 0: it has not called yet."""

    __slots__ = ("counted_as", "is_lean", "last_asked", "last_at", "name")

    def __init__(self, name: str, counted: int) -> None:
        """It has not called here; `counted` stands for it where calls are counted."""
        self.name = name
        self.counted_as = counted
        self.is_lean = False
        self.last_at = -1.0
        self.last_asked = b""


class FollowingCall:
    """One call that comes soon after another of its client: what it followed, and whether it repeats that."""

    __slots__ = ("client", "is_behind_lean", "is_repeat")

    def __init__(self, client: str, *, is_behind_lean: bool, is_repeat: bool) -> None:
        """As it begins; how it ends is told to the tally."""
        self.client = client
        self.is_behind_lean = is_behind_lean
        self.is_repeat = is_repeat


class BrownoutCalls:
    """Of one brown-out in one worker; it outlives tables."""

    def __init__(self, tally: BrownoutTally, counts: CallCounts, origin: str = "") -> None:
        """Nobody has called here yet; `counts` may be shared with other workers; `origin` empty: the route's name."""
        self.tally = tally
        self._origin = origin or tally.route
        self._counts = counts
        self._clients: OrderedDict[str, ClientCalls] = OrderedDict()

    def client(self, name: str) -> ClientCalls:
        """Rule 1."""
        found = self._clients.get(name)
        if found is not None:
            self._clients.move_to_end(name)
            return found
        if len(self._clients) >= MOST and name != OTHERS:
            return self.client(OTHERS)
        made = self._clients[name] = ClientCalls(name, self._counted_as(name))
        return made

    def _counted_as(self, name: str) -> int:
        return counted_as(self._origin, self.tally.id, name)

    def number(self, name: str, client: ClientCalls, now: float) -> tuple[str, int]:
        """Count one more call of who has this name, whichever worker it comes to: as whose it counts, and from 0 on.

        `client` is what `client(name)` has found, `now` is monotonic.
        """
        is_named = name == client.name
        number = self._counts.add(client.counted_as if is_named else self._counted_as(name), now)
        if number != NO_ROOM:
            return name, number
        return OTHERS, self._counts.add(self._counted_as(OTHERS), now, drives_out=True)

    def begin(self, client: ClientCalls, asked: bytes, now: float) -> FollowingCall | None:
        """One more call of this client, for what `asked` names; what it followed, None: nothing lately."""
        before, passed = client.last_at, now - client.last_at
        same = asked == client.last_asked and passed <= AT_ONCE
        following = None
        if before >= 0.0 and passed <= FOLLOWS:
            following = FollowingCall(client.name, is_behind_lean=client.is_lean, is_repeat=same)
        client.last_at = now
        client.last_asked = asked
        client.is_lean = False
        self.tally.asked(client.name)
        return following

    def end(self, client: ClientCalls, outcome: Browned) -> None:
        """What became of a call that was drawn."""
        client.is_lean = outcome is Browned.BROWNED
        self.tally.drawn(client.name, outcome)
