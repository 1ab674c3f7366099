"""What each find of a pair is sorted as."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from proxy.core.noise.instants import read_instant
from proxy.core.noise.key_memory import FEWEST_ANSWERS
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned
from proxy.core.noise.memory_bounds import MOST_KEYS_OF_ROUTE
from proxy.core.noise.ties import FINDS
from tests.core.noise.pairs import Comparer, pair
from tests.core.parity.pairs import NOW, asking, in_fields

WAITS, COUNTS, NOISE = "undecided", "mismatch", "ignored"
STAMP, LATER = "2027-01-15T08:00:00.010Z", "2027-01-15T08:00:00.050Z"


def outcome(legacy: object, new: object, state: KeyState | None = None, **more: object) -> str:
    """Of one difference, the first that is seen there."""
    comparer = Comparer()
    if state is not None:
        comparer.memories.hear({"orders.show": Learned(states={"$.a": state})})
    return comparer.outcome(pair({"a": legacy}, {"a": new}, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("legacy", "new"),
    [(1, 2), ("open", "paid"), (True, False), ("ab12cd34", "ef56ab78"), ("took 1 s", "took 2 s"), (STAMP, LATER)],
)
def test_what_nobody_knows_waits(legacy: object, new: object) -> None:
    """Values of any kind that are alike."""
    assert outcome(legacy, new) == WAITS


@pytest.mark.parametrize(
    ("legacy", "new"),
    [
        (1, "1"),
        ("ab12cd34", "no such thing"),
        ("took 1 s", "needed 1 s"),
        ("x" * 20_000 + "1", "x" * 20_000 + "2"),
        ("https://a.test/b?c=1", "https://a.test/d?c=1"),
        ("https://a.test/b?c=1", "https://a.test/b?d=1"),
        ("https://a.test/b?c=1800000000", "https://a.test/b?c=1800003600"),
        ("https://[a", "https://[b"),
        ([True, 1], [False, 1]),
        ("2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"),
        (9007199254740993, 9007199254740992),
    ],
)
def test_what_counts_at_once(legacy: object, new: object) -> None:
    """Another type or form, other words, other places, other times, a precision that was lost."""
    assert outcome(legacy, new) == COUNTS


def test_a_parameter_of_a_url_may_be_noise() -> None:
    """The same place, another signature, and a time that is near."""
    one = "https://a.test/b?sig=ab12cd34&at=1800000000"

    assert outcome(one, "https://a.test/b?sig=ef56ab78&at=1800000001") == WAITS


def test_a_time_in_a_url_may_be_as_much_later_as_the_asking_took() -> None:
    """A signed link of sides that take five seconds, and one of an hour later."""
    one, other, late = (f"https://a.test/b?at=18000000{seconds}" for seconds in ("00", "05", "59"))

    assert (outcome(one, other), outcome(one, other, took=5.0), outcome(one, late, took=5.0)) == (COUNTS, WAITS, COUNTS)


@pytest.mark.parametrize(
    ("state", "legacy", "new", "expected"),
    [
        (KeyState.NOISY, 1, 2, WAITS),
        (KeyState.NOISY, "ab12cd34", "ef56ab78", NOISE),
        (KeyState.NOISY, "open", "paid", WAITS),
        (KeyState.NOISY, 9007199254740993, 9007199254740992, WAITS),
        (KeyState.HELD, 1, 2, COUNTS),
        (KeyState.OPEN, 1, 2, WAITS),
        (KeyState.CLOCK, 1, 2, COUNTS),
        (KeyState.CLOCK, STAMP, LATER, NOISE),
        (KeyState.NOISY, STAMP, LATER, WAITS),
    ],
)
def test_what_is_known_of_a_key(state: KeyState, legacy: object, new: object, expected: str) -> None:
    """Noise excuses, what holds counts; a clock's key excuses times alone, and a time waits until it is a clock's."""
    assert outcome(legacy, new, state) == expected


def test_a_number_is_excused_once_there_were_enough() -> None:
    """Sixteen that are not tied to legacy's."""
    comparer = Comparer()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})
    found = [comparer.outcome(pair({"a": number}, {"a": number * number + 7})) for number in range(FINDS)]

    assert found == [*[WAITS] * (FINDS - 1), NOISE]


def test_a_word_is_excused_if_legacy_has_said_it_there() -> None:
    """At a noisy key; another waits as long as legacy may say words that it was not seen to say, then it counts."""
    comparer = Comparer()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})
    assert comparer.outcome(pair({"a": "paid"}, {"a": "open"})) == WAITS
    assert comparer.outcome(pair({"a": "open"}, {"a": "paid"})) == NOISE
    found = [comparer.outcome(pair({"a": "open"}, {"a": "sent"})) for _ in range(FEWEST_ANSWERS + 1)]

    assert found == [*[WAITS] * (FEWEST_ANSWERS - 1), COUNTS, COUNTS]


def test_where_legacy_says_ever_other_words_none_counts() -> None:
    """A set that is full does not say which words are legacy's."""
    comparer = Comparer()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})
    words = [a + b for a in "abcdefgh" for b in ("ward", "gent", "lone", "corn", "mber")]
    found = {comparer.outcome(pair({"a": word}, {"a": "none"})) for _ in range(20) for word in words}

    assert found == {WAITS}


def test_the_operators_word_is_first() -> None:
    """Noise that he names is excused if alike, whatever it is; what he calls exact counts, whatever is known."""
    noisy, exact = Comparer({"$.a": True}), Comparer({"$.a": False})
    exact.memories.hear({"orders.show": Learned(states={"$.a": KeyState.CLOCK})})

    assert noisy.outcome(pair({"a": "open"}, {"a": "paid"})) == NOISE
    assert noisy.outcome(pair({"a": 1}, {"a": "x"})) == COUNTS
    assert exact.outcome(pair({"a": STAMP}, {"a": LATER})) == COUNTS


@pytest.mark.parametrize("value", ["ab12cd34", "word-of-mouth", "12345678"])
def test_what_the_request_named_is_no_noise(value: str) -> None:
    """An echo, in the target or a field, as a whole; a part of a longer word is none."""
    other = "".join(reversed(value))
    for request in (asking(b"/orders/" + value.encode()), asking(x_id=value)):
        assert outcome(value, other, KeyState.NOISY, request=request) == COUNTS
        assert outcome(other, value, KeyState.NOISY, request=request) == COUNTS
    assert outcome(value, other, request=asking(x_id=f"x{value} {value}y")) == WAITS


def test_a_part_of_a_value_that_the_request_named_is_no_noise() -> None:
    """A token within a text."""
    request = asking(b"/orders/ab12cd34")
    assert outcome("order ab12cd34 was", "order ef56ab78 was", request=request) == COUNTS


def test_whole_seconds_that_a_client_says_too_are_no_echo() -> None:
    """Its clock says the same as legacy's."""
    assert outcome(1_800_000_000, 1_800_000_001, request=asking(b"/?t=1800000000")) == WAITS
    assert outcome(STAMP, LATER, request=asking(x_since=STAMP)) == COUNTS


def test_a_token_that_stands_elsewhere_in_the_other_answer_is_no_noise() -> None:
    """Two that were swapped."""
    comparer = Comparer()
    legacy, new = {"a": "ab12cd34", "b": "ef56ab78"}, {"a": "ef56ab78", "b": "ab12cd34"}

    assert comparer.outcome(pair(legacy, new)) == COUNTS


def test_a_token_that_legacy_said_to_another_request_is_no_noise() -> None:
    """New says another order's id, or legacy says its own to two; to the same request it may."""
    comparer, one, other = Comparer(), asking(b"/1"), asking(b"/2")
    first = {"a": "ab12cd34"}
    assert comparer.outcome(pair(first, {"a": "ef56ab78"}, request=one)) == WAITS
    assert comparer.outcome(pair(first, {"a": "gh90ij12"}, NOW + 1, request=one)) == WAITS
    assert comparer.outcome(pair({"a": "kl34mn56"}, first, NOW + 2, request=other)) == COUNTS
    for at, asked in ((3, asking(b"/3")), (4, asking(b"/4"))):
        comparer.see(pair(first, {"a": f"new0000{at}"}, NOW + at, request=asked))

    assert ("$.a", "shared") in comparer.found()


def test_a_token_that_new_says_to_two_requests_is_no_noise() -> None:
    """Another user's, where legacy makes one for each: the second time holds the key. To the same request it may."""
    comparer = Comparer()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})
    asked = [b"/1", b"/1", b"/1", b"/2", b"/3", b"/4"]
    found = [
        comparer.outcome(pair({"a": f"legacy0{at}"}, {"a": "ab12cd34"}, NOW + 100 * at, request=asking(target)))
        for at, target in enumerate(asked)
    ]

    assert found == [*[NOISE] * 5, COUNTS]
    assert ("$.a", "stuck") in comparer.found()


def test_a_token_of_new_for_which_there_is_no_room_holds_nothing() -> None:
    """Its key is not remembered."""
    comparer = Comparer()
    for part in range(5):
        one, other = ({f"k{number}": side for number in range(45)} for side in (1, 2))
        comparer.see(pair({f"p{part}": one}, {f"p{part}": other}))
    for target in (b"/1", b"/2", b"/3", b"/4"):
        said = f"legacy{target.decode()[1]}0"
        assert comparer.outcome(pair({"z": said}, {"z": "ab12cd34"}, request=asking(target))) == WAITS


def test_ids_that_stand_for_each_other_stay_so() -> None:
    """The same id of legacy twice, two of new."""
    comparer = Comparer()
    assert comparer.outcome(pair({"a": "ab12cd34", "b": "ab12cd34"}, {"a": "ef56ab78", "b": "gh90ij12"})) == COUNTS


def test_fields_are_words_that_have_to_stay() -> None:
    """A header of words with another word counts at once; an id in one waits."""
    comparer = Comparer()
    for name, one, other, expected in (
        ("X-Mode", "slow", "fast", COUNTS),
        ("X-Ray-Id", "ab12cd34", "ef56ab78", WAITS),
    ):
        both = pair({}, {})
        fields = [in_fields(f"{name}: {value}") for value in (one, other)]
        sides = [replace(side, fields=said) for side, said in zip((both.legacy, both.new), fields, strict=True)]
        assert comparer.outcome(replace(both, legacy=sides[0], new=sides[1])) == expected


def test_a_key_where_legacy_says_other_things_too_is_no_clock() -> None:
    """What looks like a time is one by chance."""
    comparer, seconds = Comparer(), count(NOW)
    comparer.see(pair({"a": 17}, {"a": 18}))
    assert read_instant(1_790_000_000, NOW) is not None

    assert comparer.outcome(pair({"a": 1_790_000_000}, {"a": 1_795_000_000}, next(seconds))) == WAITS


def test_stored_times_are_excused_by_noise_alone() -> None:
    """Within the range of legacy's own, and as much on each side of it."""
    comparer = Comparer()
    days = [tuple({"a": f"2027-01-{day:02}T08:00:00.{part}Z"} for part in ("100", "200")) for day in (3, 1, 2, 4)]
    assert {comparer.outcome(pair(legacy, new)) for legacy, new in days} == {WAITS}
    assert ("$.a", "stored") in comparer.found()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})

    day = {"a": "2027-01-02T08:00:00.100Z"}
    assert comparer.outcome(pair(day, {"a": "2027-01-03T08:00:00.100Z"})) == NOISE
    assert comparer.outcome(pair(day, {"a": "2026-12-03T08:00:00.100Z"})) == COUNTS


def test_every_element_of_a_list_is_sorted() -> None:
    """One of them that counts makes the answer count; a key learns from the first."""
    comparer = Comparer()
    legacy = [{"id": f"old0000{number}", "at": f"2027-01-15T08:00:00.{number}Z"} for number in range(3)]
    new = [{"id": f"new0000{number}", "at": f"2027-01-15T08:00:00.{number + 3}Z"} for number in range(3)]
    assert comparer.outcome(pair(legacy, new)) == WAITS
    told = comparer.told()
    assert (told["$[*].id", "differed"], told["$[*].at", "differed"]) == ((0, 1, 0, 0), (0, 1, 0, 1))

    assert comparer.outcome(pair(legacy, [*new[:2], {"id": "old00001", "at": new[2]["at"]}], NOW + 1)) == COUNTS


def test_a_clock_that_is_off_counts_from_then_on() -> None:
    """The eighth pair shows it."""
    comparer = Comparer()
    times = [(f"2027-01-15T08:00:{second:02}.010Z", f"2027-01-15T08:00:{second + 1:02}.010Z") for second in range(9)]
    found = [comparer.outcome(pair({"a": one}, {"a": other}, NOW + at)) for at, (one, other) in enumerate(times)]

    assert found == [*[WAITS] * 7, COUNTS, COUNTS]


def test_beyond_the_room_nothing_is_learned() -> None:
    """Two hundred keys of a route; further ones wait, unless they count whatever is known, or all know that they do."""
    comparer = Comparer()
    wide = [{f"k{number}": side for number in range(45)} for side in (1, 2)]
    found = [comparer.outcome(pair({f"p{part}": wide[0]}, {f"p{part}": wide[1]})) for part in range(5)]
    assert found == [WAITS] * 5
    assert len({key for key, measure in comparer.told() if measure == "differed"}) == MOST_KEYS_OF_ROUTE
    assert comparer.outcome(pair({"z": "ab12cd34"}, {"z": "ef56ab78"})) == WAITS
    assert comparer.outcome(pair({"z": "ab12cd34"}, {"z": "ef56ab78"}, request=asking(x_id="ab12cd34"))) == COUNTS

    comparer.memories.hear({"orders.show": Learned(states={"$.z": KeyState.HELD})})
    assert comparer.outcome(pair({"z": "ab12cd34"}, {"z": "ef56ab78"})) == COUNTS
