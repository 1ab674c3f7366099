"""A day of few requests that come again and again, from the comparer to the need of the step."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from proxy.comparer.comparison import PairComparer
from proxy.control.evidence.book import EvidenceBook, Look
from proxy.core.evidence.fold import Part
from proxy.core.evidence.records import Epoch
from proxy.core.judge.need import CheckState
from proxy.core.judge.policy import NeedName, Ramp
from proxy.core.judge.ramp import Measures, checks
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position, moved, reconcile
from proxy.core.stage import Stage
from proxy.link.pairs import encode
from tests.control.tables import route, snapshot
from tests.e2e.pairs import pair

REQUESTS, A_MINUTE, MINUTES = 120, 10, 1_000
LEGACY_FAILS = 200
"""One in so many."""
SHADOW = reconcile(None, Stage.SHADOW, 0.0, route="a", now=0.0)
AT: Position = moved(SHADOW, Place(Stage.CANARY, 0.05), Cause.EVIDENCE, 1.0)
RAMP = Ramp(hold=600.0)


def a_day() -> Measures:
    """What the judge is told at its end: each request is another cohort's."""
    comparer, good = PairComparer(snapshot(route("a")), b"k" * 32), pair({"id": 1}, {"id": 1})
    for number in range(MINUTES * A_MINUTE):
        asked = replace(good, cohort=number % REQUESTS, step=AT.step, at=60.0 * (number // A_MINUTE))
        if number % LEGACY_FAILS == LEGACY_FAILS - 1:
            asked = replace(asked, legacy=replace(asked.legacy, status=500))
        comparer.take(encode(asked)[4:])
    evidence = comparer.evidence()
    assert evidence is not None
    parts = msgspec.msgpack.decode(evidence.parts, type=list[Part])
    tallies = sorted((each for part in parts for each in part.increments.tallies), key=lambda each: each.minute)
    epoch = Epoch(route="a", number=1, legacy_version="1", new_version="2", began=0.0, seen=0.0)
    book = EvidenceBook()
    book.look(Look(epoch=epoch, tallies=tuple(tallies), clusters=(), shapes=(), hits=()))
    return book.measures("a", AT, RAMP.hold)


def test_legacys_own_failures_hold_no_ramp_however_often_they_come() -> None:
    """One in two hundred of 10,000 requests of 120 kinds: what is evidence stays at 360, and the share at nothing."""
    measures = a_day()
    found = {each.need: each for each in checks(RAMP, AT, Place(Stage.CANARY, 0.25), measures, 60.0 * MINUTES)}

    assert (measures.compared, measures.pairs.incomparable) == (3 * REQUESTS, 0)
    assert found[NeedName.INCOMPARABLE].state is CheckState.MET
    assert found[NeedName.INCOMPARABLE].value.startswith("0 % of the last ")
    assert "about 360 comparisons a day come" in found[NeedName.COMPARED].hint
