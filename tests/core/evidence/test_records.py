from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.evidence.records import (
    LONGEST_TEXT,
    Epoch,
    GuardState,
    Increments,
    Occurrence,
    RuleHits,
    cleaned,
    cluster_id,
    joined,
    storable,
)
from proxy.core.parity.rules.difference import DifferenceKind, Severity

_HITS = RuleHits(route="a", rule="r", hits=1, last_hit=2.0)
_GUARD = GuardState(route="a\0", bad="5xx", numbers=(1.0,), updated=1.0)


@given(st.text(alphabet=st.characters(codec=None)) | st.text(max_size=3).map(lambda text: text * 400))
def test_a_storable_text_is_bounded_and_stays_as_it_is(text: str) -> None:
    """Any text becomes one without NUL that is UTF-8 and bounded; doing so again changes nothing."""
    kept = storable(text)

    assert "\0" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert len(kept) <= LONGEST_TEXT
    assert storable(kept) == kept


def test_a_storable_text_is_left_alone() -> None:
    """What a store takes is kept as it is, umlauts included, up to the last character that fits."""
    for text in ("", "$.items[*].price", "Größe", "x" * LONGEST_TEXT):
        assert storable(text) == text


def test_long_texts_that_begin_alike_stay_apart() -> None:
    """The end of a text that is cut counts too."""
    long = "x" * 600

    assert storable(long + "a") != storable(long + "b")
    assert storable("y" * 30, 20) != storable("y" * 31, 20)
    assert len(storable("y" * 30, 20)) == 20


def test_a_cluster_has_the_same_id_everywhere() -> None:
    """Twelve hex digits of route, path and kind; each of the three counts, and where one ends counts."""
    ids = [
        cluster_id("a", "$.b", DifferenceKind.NUM),
        cluster_id("b", "$.b", DifferenceKind.NUM),
        cluster_id("a", "$.c", DifferenceKind.NUM),
        cluster_id("a", "$.b", DifferenceKind.TYPE),
        cluster_id("a$", ".b", DifferenceKind.NUM),
    ]
    one = Occurrence(
        route="a", epoch=7, path="$.b", kind=DifferenceKind.NUM, severity=Severity.LOW, first_seen=1.0, last_seen=1.0
    )

    assert len(set(ids)) == 5
    assert one.cluster == ids[0] == "b41ecd515276"


def test_increments_know_how_many_records_they_hold() -> None:
    """Whatever part they stand in; id and time are none."""
    assert len(Increments(id="i", at=1.0)) == 0
    assert len(Increments(id="i", at=1.0, rule_hits=(_HITS, _HITS))) == 2


def test_increments_are_joined_in_order() -> None:
    """Several become one with all records, at the latest time; none become an empty one."""
    first = Increments(id="1", at=5.0, rule_hits=(_HITS,))
    second = Increments(id="2", at=4.0, rule_hits=(_HITS,))

    assert joined("3", (first, second)) == Increments(id="3", at=5.0, rule_hits=(_HITS, _HITS))
    assert joined("4", ()) == Increments(id="4", at=0.0)


def test_a_record_is_cleaned_in_its_texts_only() -> None:
    """Texts become storable, everything else stays."""
    assert cleaned(_GUARD) == GuardState(route="a␀", bad="5xx", numbers=(1.0,), updated=1.0)


def test_an_epoch_is_told_by_what_it_belongs_to() -> None:
    """Versions as a store keeps them, addresses and how often one was begun; number, times and reason say nothing."""
    known = Epoch(route="a", number=1, legacy_version="1", new_version="2\0", began=0.0, seen=0.0)
    same = replace(known, number=9, new_version="2␀", began=5.0, seen=6.0, why="mended")
    others = [
        replace(known, legacy_version="2"),
        replace(known, new_version="1"),
        replace(known, addresses="x"),
        replace(known, begun=1),
    ]

    assert known.mark == same.mark
    assert len({each.mark for each in (known, *others)}) == 5
