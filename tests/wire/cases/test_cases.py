"""The published cases of hostile, odd and broken requests: bytes in, bytes out, cut in three ways."""

from __future__ import annotations

from typing import cast

import pytest

from tests.wire.case import BY_ID, CASES, Seen, play
from tests.wire.play import Cut
from tests.wire.playing import asked_for, play_all

BY_HAND = {"EX01"}
"""What it wants cannot be said in the words of the file; test_by_hand.py plays it."""
BODY_HERE_OR_NOT = {"FR44"}
"""Banyan answers itself and reads no body: one that came along is skipped, one that did not ends the connection."""
BYTES = [case.id for case in CASES if case.data and case.id not in BY_HAND]
Played = dict[tuple[str, Cut], Seen]


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> Played:
    """Each case that is asked for, in each cut."""
    ids = cast("list[str]", asked_for(request, "case"))
    return play_all([(each, cut) for each in ids for cut in Cut], lambda key: play(BY_ID[key[0]], key[1]))


@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("case", BYTES)
def test_a_case_ends_as_it_must(played: Played, case: str, cut: Cut) -> None:
    """What the case demands holds, the upstreams read what was logged, and no pooled connection is poisoned."""
    assert played[case, cut].complaints == []


@pytest.mark.parametrize("case", sorted(set(BYTES) - BODY_HERE_OR_NOT))
def test_the_cut_changes_nothing(played: Played, case: str) -> None:
    """LM12: the verdict and the requests upstream are the same however the input was cut into reads."""
    whole, *others = (played[case, cut] for cut in Cut)

    assert [each.verdict for each in others] == [whole.verdict] * len(others)
    assert [each.forwarded for each in others] == [whole.forwarded] * len(others)


@pytest.mark.parametrize("case", BYTES)
def test_the_published_verdict_is_the_one_seen(played: Played, case: str) -> None:
    """The table in docs/wire-cases.md says of this case what happened just now."""
    assert played[case, Cut.WHOLE].verdict == BY_ID[case].verdict


@pytest.mark.parametrize("case", BODY_HERE_OR_NOT)
def test_a_body_that_nobody_reads_is_never_a_request(played: Played, case: str) -> None:
    """Behind an answer of Banyan's own comes what was sent behind the body, or the end; never the body."""
    assert played[case, Cut.WHOLE].verdict == "403 200; 1 upstream"
    assert played[case, Cut.BYTES].verdict == "403, closed; 0 upstream"
    assert {message.words[1] for cut in Cut for message in played[case, cut].requests} == {b"/second"}


def test_every_case_of_bytes_is_played() -> None:
    """None of the file's cases is left out but those that are played by hand."""
    assert {case.id for case in CASES if case.data} - set(BYTES) == BY_HAND
