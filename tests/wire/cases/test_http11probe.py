"""Each literal vector of Http11Probe has the verdict that its table says, whole and byte by byte."""

from __future__ import annotations

from typing import cast

import pytest

from tests.wire.case import Seen, holds, play
from tests.wire.play import Cut
from tests.wire.playing import asked_for, play_all
from tests.wire.vectors import VECTORS, verdict_of

BY_ID = {vector.id: vector for vector in VECTORS}
CUTS = (Cut.WHOLE, Cut.BYTES)
TARGET_CHANGES = {"COMP-ABSOLUTE-FORM"}
Played = dict[tuple[str, Cut], Seen]


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> Played:
    """Each vector that is asked for, in both cuts."""
    ids = cast("list[str]", asked_for(request, "vector"))
    return play_all([(each, cut) for each in ids for cut in CUTS], lambda key: play(BY_ID[key[0]].case, key[1]))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("vector", BY_ID)
def test_a_vector_has_its_verdict(played: Played, vector: str, cut: Cut) -> None:
    """Banyan does what the table says, and the upstreams, the log and the next client agree about it."""
    assert verdict_of(BY_ID[vector], played[vector, cut]) == BY_ID[vector].verdict
    assert played[vector, cut].complaints == []


@pytest.mark.parametrize("vector", [each.id for each in VECTORS if each.verdict == "forwarded"])
def test_what_is_forwarded_is_what_was_sent(played: Played, vector: str) -> None:
    """The upstream reads the method, target, cookies and body that a strict reader finds in the vector."""
    sent, (got,) = BY_ID[vector].read, played[vector, Cut.WHOLE].requests
    assert sent is not None

    assert (got.words[0], got.body) == (sent.words[0], sent.body)
    assert got.words[1] == sent.words[1] or vector in TARGET_CHANGES
    assert got.values(b"cookie") == sent.values(b"cookie")
    assert not BY_ID[vector].absent or not holds(BY_ID[vector].absent, played[vector, Cut.WHOLE].raw)


@pytest.mark.parametrize("vector", BY_ID)
def test_a_difference_has_its_reason(vector: str) -> None:
    """Where Banyan does not do what Http11Probe expects, the table says why; elsewhere there is nothing to say."""
    assert bool(BY_ID[vector].reason) is not BY_ID[vector].agrees


def test_the_vectors_are_all_there() -> None:
    """All 150 with literal bytes, each once."""
    assert len(BY_ID) == len(VECTORS) == 150
