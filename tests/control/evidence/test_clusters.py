from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.admin.evidence import cluster_view
from proxy.control.evidence.clusters import as_they_stand, why
from proxy.core.evidence.records import Cluster, KeyGroup, NoiseFinding
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.keys import BETWEEN
from proxy.core.noise.sentence import reordered, within_reordered
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.rules import NO_RULES, Rule, Rules, Treatment

TEXT = "$[*]"
TOOK, COUNT = f"{TEXT}{BETWEEN}took <n> ms", f"{TEXT}{BETWEEN}<n> rows"
NOISY, HELD, OPENED = KeyState.NOISY, KeyState.HELD, KeyState.OPEN


def cluster(path: str = "$.id", accepted: str = "undecided", count: int = 9, counted: int = 0) -> Cluster:
    return Cluster(
        id="c",
        route="a",
        epoch=1,
        path=path,
        kind=DifferenceKind.STRING,
        severity=Severity.MEDIUM,
        count=count,
        first_seen=1.0,
        last_seen=2.0,
        accepted=accepted,
        counted=counted,
    )


def stands(given: Cluster, states: dict[str, KeyState], *keys: str, rules: Rules = NO_RULES) -> tuple[str, int]:
    groups = (KeyGroup(route="a", id="g", keys=keys, last_seen=0.0),)
    (found,) = as_they_stand((given,), groups if keys else (), states, rules)
    return found.accepted, found.count


@pytest.mark.parametrize("last", ["undecided", "noise"])
@pytest.mark.parametrize(
    ("states", "accepted"),
    [({}, "undecided"), ({"$.id": NOISY}, "noise"), ({"$.id": HELD}, ""), ({"$.id": OPENED}, "")],
)
def test_what_waited_is_what_its_key_is_now(last: str, states: dict[str, KeyState], accepted: str) -> None:
    """Whatever it was when it was met."""
    assert stands(cluster(accepted=last), states) == (accepted, 9)


@pytest.mark.parametrize(
    ("states", "accepted"),
    [
        ({TOOK: NOISY}, "undecided"),
        ({TOOK: NOISY, COUNT: NOISY}, "noise"),
        ({TOOK: NOISY, COUNT: HELD}, ""),
    ],
)
def test_a_path_that_pools_many_values_is_all_of_its_keys(states: dict[str, KeyState], accepted: str) -> None:
    """One that counts is enough, and all have to be noise."""
    assert stands(cluster(TEXT), states, TOOK, COUNT) == (accepted, 9)
    assert stands(cluster(TEXT), {TOOK: NOISY}) == ("noise", 9)


@pytest.mark.parametrize("state", [KeyState.WAITS, NOISY])
def test_what_counted_at_once_counts_for_good(state: KeyState) -> None:
    """With its own number, as in the comparisons; where the key is held all of them count."""
    assert stands(cluster(counted=2), {"$.id": state}) == ("", 2)
    assert stands(cluster(counted=2), {"$.id": HELD}) == ("", 9)
    assert stands(cluster(accepted="", counted=2), {"$.id": state}) == ("", 9)


def test_a_rule_is_stronger_than_what_is_known_of_keys() -> None:
    """An operator who ignores a path need not wait."""
    rules = Rules(rules=(Rule(id="any", path="$.id", treatment=Treatment.IGNORE),))

    assert stands(cluster(counted=2), {"$.id": HELD}, rules=rules) == ("any", 9)


def test_an_order_says_what_to_write_and_so_does_what_stands_in_it() -> None:
    """Of the list the rule for it; of its elements that the list comes first, whatever was found of their values."""
    finding = NoiseFinding(
        route="a", path="$.items[*].id", numbers=(), decided="held", until=None, updated=0.0, why="legacy repeats it"
    )
    element = cluster("$.items[*].id", "")
    order = replace(cluster("$.items", ""), kind=DifferenceKind.ORDER)

    assert why(order, [finding], ["$.items"]) == reordered("$.items")
    assert why(element, [finding], ["$.items"]) == within_reordered("$.items")
    assert why(element, [finding], ["$.item"]) == "legacy repeats it"
    assert why(replace(order, accepted="keyed $.items"), [finding], ["$.items"]) == ""


def test_what_was_not_seen_since_an_edit_counts_no_more() -> None:
    """It is apart until its epoch ends; of high severity it counts until it is mended."""
    for severity, seen, state in (
        (Severity.MEDIUM, 59.0, "earlier"),
        (Severity.MEDIUM, 60.0, "counts"),
        (Severity.HIGH, 59.0, "counts"),
    ):
        given = replace(cluster("$.a", ""), severity=severity, last_seen=seen)
        view = cluster_view(given, 10, "why", 60.0)
        assert (view.state, view.accepted, view.why) == (state, None, "" if state == "earlier" else "why")
