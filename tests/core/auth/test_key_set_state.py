from __future__ import annotations

import pytest

from proxy.core.auth.key_set_state import (
    AHEAD,
    ALARM_AFTER,
    KEEP,
    LEAST_AGE,
    LONGEST_RETRY,
    MOST_AGE,
    USUAL_AGE,
    WANTED_EVERY,
    FetchedKeys,
    KeySetSource,
    KeySetState,
    answered,
    asked_for,
    failed,
    max_age,
)
from proxy.core.auth.public_keys import PublicKeys

URL = KeySetSource("https://id.example.com/keys")
KEYS = FetchedKeys(PublicKeys(b"{}", 2), '"v1"', 600.0)


@pytest.mark.parametrize(
    ("said", "age", "seconds"),
    [
        ("", "", USUAL_AGE),
        ("no-cache", "", USUAL_AGE),
        ("public, max-age=600", "", 600),
        ("public,MAX-AGE = 600", "100", 500),
        ('max-age="600"', "soon", 600),
        ("max-age=0", "", LEAST_AGE),
        ("max-age=600", "9" * 12, LEAST_AGE),
        ("max-age=600", "9" * 13, 600),
        ("max-age=600", "²", 600),
        ("max-age=999999999", "", MOST_AGE),
        ("s-max-age=600", "", USUAL_AGE),
    ],
)
def test_how_long_a_set_may_be_kept(said: str, age: str, seconds: float) -> None:
    """Its source says so, within bounds on both sides."""
    assert max_age(said, age) == seconds


def test_a_set_is_fetched_ahead_of_its_age_and_holds_as_long_as_said() -> None:
    """It is due before its age is over, and ends when its source was away for all of `keep`."""
    state = answered(KeySetState(source=URL), KEYS, 1000.0)

    assert (state.jwks, state.count, state.etag, state.due) == (b"{}", 2, '"v1"', 1000.0 + AHEAD * 600)
    assert (state.held(1000.0 + KEEP - 1), state.held(1000.0 + KEEP)) == (b"{}", b"")
    assert state.wakes(1000.0) == state.due
    assert failed(state, "away", 1000.0 + KEEP - 5).wakes(1000.0 + KEEP - 5) == 1000.0 + KEEP - 4
    assert failed(failed(state, "", 0), "away", 1000.0 + KEEP - 1).wakes(1000.0 + KEEP - 1) == 1000.0 + KEEP
    assert KeySetState(source=URL, due=7.0).wakes(0.0) == 7.0


def test_a_set_that_has_not_changed_begins_anew() -> None:
    """What is known stays, its age and `keep` count from now on; the new tag is taken, if there is one."""
    state = answered(failed(answered(KeySetState(source=URL), KEYS, 1000.0), "away", 1400.0), same(""), 2000.0)

    assert (state.jwks, state.count, state.etag, state.fetched) == (b"{}", 2, '"v1"', 2000.0)
    assert (state.failures, state.error) == (0, "")
    assert answered(state, same('"v2"'), 2000.0).etag == '"v2"'
    assert answered(state, FetchedKeys(PublicKeys(b"[]", 1), "", 60.0), 2000.0).etag == ""


def same(etag: str) -> FetchedKeys:
    return FetchedKeys(None, etag, 60.0)


def test_a_source_that_fails_is_tried_ever_later() -> None:
    """The pauses double up to a bound, and what was fetched stays; some failures in a row are an alarm."""
    state, pauses, alarms = answered(KeySetState(source=URL), KEYS, 0.0), [], []
    for _ in range(8):
        state = failed(state, "away", 100.0)
        pauses.append(state.due - 100.0)
        alarms.append(state.is_alarming)

    assert pauses == [1, 2, 4, 8, 16, LONGEST_RETRY, LONGEST_RETRY, LONGEST_RETRY]
    assert alarms.index(True) == ALARM_AFTER - 1
    assert (state.error, state.jwks) == ("away", b"{}")


def test_a_wanted_key_is_a_reason_to_fetch_once_in_a_while() -> None:
    """The first one fetches at once; the next at the end of the pause, or with a fetch before."""
    state = answered(KeySetState(source=URL), KEYS, 1000.0)
    first = asked_for(state, 1001.0)
    assert (first.due, first.wanted) == (1001.0, 1001.0)

    later = answered(first, KEYS, 1001.0)
    soon = asked_for(later, 1005.0)
    assert (soon.due, soon.wanted) == (1001.0 + WANTED_EVERY, 1001.0 + WANTED_EVERY)
    assert asked_for(soon, 1006.0) == soon
    assert answered(soon, KEYS, 1007.0).wanted == 1007.0


def test_a_clock_that_is_set_back_stops_no_fetch() -> None:
    """What was planned by the clock of before is due at once, and so is a key that is wanted."""
    state = answered(KeySetState(source=URL), KEYS, 1e9)
    assert [state.is_due(now) for now in (1e9 + 1, state.due, 1e9 - 86_400.0)] == [False, True, True]
    again = asked_for(asked_for(state, 1e9), 1000.0)
    assert (again.due, again.wanted) == (1000.0, 1000.0)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://u:p@id.example.com:8443/keys?token=t", "https://id.example.com:8443/keys"),
        ("http://127.0.0.1:1/jwks", "http://127.0.0.1:1/jwks"),
    ],
)
def test_a_source_is_shown_without_what_may_be_secret(source: str, shown: str) -> None:
    """Neither a query nor a user of a URL is shown."""
    assert KeySetSource(source).shown == shown
