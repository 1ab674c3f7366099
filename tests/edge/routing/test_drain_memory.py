from __future__ import annotations

from proxy.edge.routing.drain_memory import MOST, DrainMemory


def test_a_cohort_is_remembered_for_one_to_two_stretches() -> None:
    """A turn forgets what was served in the stretch before the last."""
    lately = DrainMemory()
    lately.add(0.5)
    seen = [0.5 in lately]
    for _ in range(2):
        lately.turn()
        seen.append(0.5 in lately)

    assert seen == [True, True, False]
    assert lately.draws == []


def test_memory_is_bounded() -> None:
    """What finds no place is not remembered; what is there stays."""
    lately = DrainMemory()
    for number in range(MOST + 10):
        lately.add(number / (2 * MOST))

    assert len(lately.draws) == MOST
    assert 0.0 in lately
    assert (MOST + 1) / (2 * MOST) not in lately
