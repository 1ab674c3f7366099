from __future__ import annotations

from proxy.control.fleet.comparer import REMIND, Comparing
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned
from proxy.link.messages import BadDelta, Comparer, Evidence, Noise, Unframer, read_to_comparer


class Link:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Noise] = []

    def mention(self, data: bytes) -> None:
        for body in Unframer().feed(data):
            message = read_to_comparer(body)
            assert isinstance(message, Noise)
            self.told.append(message)


def state(**more: object) -> Comparer:
    values: dict[str, object] = {
        "pid": 7,
        "revision": "r1",
        "waiting": 0,
        "waiting_bytes": 0,
        "lag": 0.0,
        "compared": 0,
        "shed": {},
        "lost": 0,
        "unreadable": 0,
    }
    return Comparer(**values | more)  # type: ignore[arg-type]


def test_noise_is_told_at_first_when_it_changes_and_now_and_then() -> None:
    """A comparer that is born later knows what is noise, and one that missed a word hears it again."""
    comparing, link = Comparing(), Link()
    clock, noisy = Learned(states={"$.at": KeyState.CLOCK}, lags={"$.at": 900.0}), {"$.id": KeyState.NOISY}
    more = Learned(states=dict(clock.states) | noisy, lags=clock.lags, epoch="e", lasting=noisy)
    comparing.tell({"a": clock, "b": Learned()})
    comparing.hear(link, state())
    comparing.tell({"a": clock})
    comparing.tell({"a": more})
    for _ in range(REMIND):
        comparing.hear(link, state())

    one, both = {"$.at": "clock"}, {"$.at": "clock", "$.id": "noisy"}
    assert [each.states for each in link.told] == [{"a": one}, {"a": both}, {"a": both}]
    assert [(each.epochs, each.lasting) for each in link.told] == [
        ({}, {}),
        *[({"a": "e"}, {"a": {"$.id": "noisy"}})] * 2,
    ]
    assert [each.lags for each in link.told] == [{"a": {"$.at": 900.0}}] * 3


def test_sheds_add_up_over_comparers() -> None:
    """A comparer counts from its birth; what its predecessor shed is not forgotten."""
    comparing, first, second = Comparing(), Link(), Link()
    comparing.hear(first, state(shed={"pairs": 3}))
    comparing.hear(first, state(shed={"pairs": 5}))
    comparing.left(first)
    assert comparing.state is None
    comparing.hear(second, state(pid=8, shed={"pairs": 2}))
    comparing.left(object())

    assert comparing.sheds == {"pairs": 7}
    assert comparing.state is not None


def test_a_comparer_that_connects_again_is_not_counted_again() -> None:
    """Its link may break while it lives: what it shed before was counted then."""
    comparing = Comparing()
    comparing.hear(Link(), state(shed={"pairs": 3}))
    comparing.hear(Link(), state(shed={"pairs": 4}))

    assert comparing.sheds == {"pairs": 4}


def test_evidence_is_handed_on() -> None:
    """What was found goes to whoever listens, events with it; what did not fit is counted."""
    comparing = Comparing()
    event = BadDelta("a", "mismatch", "new", 1, 0.5, 2.0)
    comparing.take(Evidence(parts=b"early", bad=[event], bad_lost=1))
    parts: list[bytes] = []
    events: list[BadDelta] = []
    comparing.hand_on, comparing.bad_events = parts.append, events.extend
    comparing.take(Evidence(parts=b"one", bad=[event], bad_lost=2))
    comparing.take(Evidence(parts=b"two", bad=[]))

    assert (parts, events, comparing.bad_lost) == ([b"one", b"two"], [event], 3)
