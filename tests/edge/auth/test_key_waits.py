from __future__ import annotations

from time import time

import pytest

from proxy.edge.auth.key_waits import AGAIN_AFTER, MOST, WITHIN, KeyWaits, Look
from proxy.edge.auth.missing_keys import MissingKey
from proxy.edge.routing.step import LocalAnswer, Wait

LATE = LocalAnswer(503, "late")
BAD = LocalAnswer(401, "bad")
ID, OTHER = "https://id.example.com/keys", "https://other.example.com/keys"


class Waits:
    """`asked` is what control hears; `now` moves by hand; tokens are good once `known` has their key."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.known: set[str] = set()
        self.waits = KeyWaits(lambda: self.now)
        self.waits.ask = self.asked.append

    def hold(self, key: str, source: str = ID) -> Wait:
        wait = self.waits.hold(MissingKey(source, key), self.look(key), LATE)
        assert wait is not None
        return wait

    def look(self, key: str) -> Look:
        def again(has_to_be_known: bool) -> tuple[LocalAnswer | None] | None:  # noqa: FBT001
            if key in self.known:
                return (None,)
            return (BAD,) if has_to_be_known else None

        return again


@pytest.fixture
def held() -> Waits:
    return Waits()


def test_control_is_asked_once_for_all_that_wait(held: Waits) -> None:
    """However many requests want a key of a set; a while later it is asked again."""
    for key in ("two", "three", "two"):
        held.hold(key)
    held.hold("two", OTHER)
    assert held.asked == [ID, OTHER]

    held.now += AGAIN_AFTER
    held.hold("four")
    assert held.asked == [ID, OTHER, ID]


def test_who_waits_goes_on_with_the_key_that_came(held: Waits) -> None:
    """Key sets that come for whatever reason end the waits that they can, and no other."""
    good, unknown = held.hold("two"), held.hold("bad")
    held.known = {"two"}
    held.waits.hear([], 0.0)

    assert (good.is_over, good.given, unknown.is_over, len(held.waits)) == (True, None, False, 1)


def test_a_key_that_no_set_has_is_an_answer_once_its_set_was_asked_for(held: Waits) -> None:
    """What was asked for another set says nothing of it; nor does it keep the next one from asking at once."""
    bad, other = held.hold("bad"), held.hold("bad", OTHER)
    held.waits.hear([ID], time())

    assert (bad.is_over, bad.given, other.is_over) == (True, BAD, False)
    held.hold("again")
    assert held.asked == [ID, OTHER, ID]


def test_a_look_that_began_before_a_key_was_seen_says_nothing_of_it(held: Waits) -> None:
    """What was on its way then may be older than the key: control is asked again at once, for who still waits."""
    wait = held.hold("two")
    held.waits.hear([ID], 1.0)

    assert (wait.is_over, held.asked) == (False, [ID, ID])


def test_a_wait_is_bounded_and_ends_in_503(held: Waits) -> None:
    """Nobody can say of a token that it is bad while its key cannot be asked for."""
    wait = held.hold("two")
    assert (wait.within, wait.late) == (WITHIN, LATE)

    wait.abandon()
    assert len(held.waits) == 0
    held.waits.hear([ID], time())
    assert wait.given is None


def test_so_many_wait_at_once(held: Waits) -> None:
    """The next one is not held; whoever leaves makes room."""
    waits = [held.hold(str(each)) for each in range(MOST)]
    assert held.waits.hold(MissingKey(ID, "more"), held.look("more"), LATE) is None

    waits[0].abandon()
    assert held.waits.hold(MissingKey(ID, "more"), held.look("more"), LATE) is not None


def test_sets_that_the_table_drops_are_forgotten(held: Waits) -> None:
    """When they were asked for last is of no use any more."""
    held.waits.want(ID)
    held.waits.want(OTHER)
    held.waits.follow([ID])
    held.waits.want(ID)
    held.waits.want(OTHER)
    assert held.asked == [ID, OTHER, OTHER]
