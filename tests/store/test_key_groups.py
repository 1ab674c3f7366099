"""The groups of keys that waited together, in every implementation of EvidenceStore."""

from __future__ import annotations

from proxy.core.evidence.records import KeyGroup, storable
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from tests.store.records import ROUTE, increments, tally
from tests.store.stores import Stores

HOSTILE = "$.a\x00b\ud800é" + "x" * 1000


async def test_groups_of_keys_are_known_by_their_id(stores: Stores) -> None:
    """A group is kept once, with the time at which it was met last, and as the same keys on every replica."""
    met = group("one", 50.0, HOSTILE, "$.id")
    await stores.evidence.add(increments(groups=(met, group("two", 60.0), group("one", 40.0, HOSTILE, "$.id"))))
    await stores.evidence.add(increments(groups=(group("one", 70.0, HOSTILE, "$.id"), group("one", 9.0, route="b"))))
    undecided = tally(outcome=Outcome.UNDECIDED, kind=DifferenceKind.TIME, severity=Severity.MEDIUM, why="one repeated")
    await stores.evidence.add(increments(tallies=(undecided,)))

    assert await stores.evidence.key_groups(ROUTE) == (
        group("one", 70.0, storable(HOSTILE), "$.id"),
        group("two", 60.0),
    )
    assert await stores.evidence.tallies(ROUTE, 1) == (undecided,)


async def test_the_groups_met_last_stay(stores: Stores) -> None:
    """Beyond three on a route the one that was met longest ago goes at once, and at pruning beyond four in all."""
    for place, name in enumerate("dcba"):
        await stores.tight.add(increments(groups=(group(name, 6000.0 + place),)))
    on_route = [each.id for each in await stores.tight.key_groups(ROUTE)]
    await stores.tight.add(increments(groups=(group("x", 6010.0, route="b"), group("y", 5.0, route="c"))))
    pruned = [(await stores.tight.prune(6100.0)).others]
    await stores.tight.add(increments(groups=(group("z", 6011.0, route="c"),)))
    pruned.append((await stores.tight.prune(6100.0)).others)

    assert on_route == ["a", "b", "c"]
    assert pruned == [1, 1]
    assert [each.id for each in await stores.tight.key_groups(ROUTE)] == ["a", "b"]
    assert [each.id for each in await stores.tight.key_groups("c")] == ["z"]


def group(name: str, last: float, *keys: str, route: str = ROUTE) -> KeyGroup:
    return KeyGroup(route=route, id=name, keys=keys or ("$.id",), last_seen=last)
