"""What a worker remembers of each client of a brown-out: how often it called, and how its last call went.

Rule 1: of `MOST` clients, those that called last; of all further ones the calls count together.
Rule 2: each worker counts by itself: a client's first call to each of them is the first one there.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from proxy.core.brownout.aftermath import AT_ONCE, FOLLOWS
from proxy.core.brownout.brownout_policy import Browned
from proxy.core.discovery.usage import OTHERS

if TYPE_CHECKING:
    from proxy.edge.brownout_tally import BrownoutTally

MOST: Final = 1000


class ClientCalls:
    """Of one client. `last_at` is monotonic, below 0: it has not called yet."""

    __slots__ = ("calls", "is_lean", "last_asked", "last_at", "name")

    def __init__(self, name: str) -> None:
        """It has not called."""
        self.name = name
        self.calls = 0
        self.is_lean = False
        self.last_at = -1.0
        self.last_asked = b""


class FollowingCall:
    """One call that comes soon after another of its client: what it followed, and whether it repeats that."""

    __slots__ = ("is_behind_lean", "is_repeat")

    def __init__(self, *, is_behind_lean: bool, is_repeat: bool) -> None:
        """As it begins; how it ends is told to the tally."""
        self.is_behind_lean = is_behind_lean
        self.is_repeat = is_repeat


class BrownoutCalls:
    """Of one brown-out in one worker; it outlives tables."""

    def __init__(self, tally: BrownoutTally) -> None:
        """Nobody has called yet."""
        self.tally = tally
        self._clients: OrderedDict[str, ClientCalls] = OrderedDict()

    def client(self, name: str) -> ClientCalls:
        """Rule 1."""
        found = self._clients.get(name)
        if found is not None:
            self._clients.move_to_end(name)
            return found
        if len(self._clients) >= MOST and name != OTHERS:
            return self.client(OTHERS)
        made = self._clients[name] = ClientCalls(name)
        return made

    def begin(self, client: ClientCalls, asked: bytes, now: float) -> FollowingCall | None:
        """One more call of this client, for what `asked` names; what it followed, None: nothing lately."""
        before, passed = client.last_at, now - client.last_at
        same = asked == client.last_asked and passed <= AT_ONCE
        following = None
        if before >= 0.0 and passed <= FOLLOWS:
            following = FollowingCall(is_behind_lean=client.is_lean, is_repeat=same)
        client.calls += 1
        client.last_at = now
        client.last_asked = asked
        client.is_lean = False
        self.tally.asked(client.name)
        return following

    def end(self, client: ClientCalls, outcome: Browned) -> None:
        """What became of a call that was drawn."""
        client.is_lean = outcome is Browned.BROWNED
        self.tally.drawn(client.name, outcome)
