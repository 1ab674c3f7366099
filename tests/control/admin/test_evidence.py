from __future__ import annotations

from proxy.control.admin.evidence import epoch_views
from tests.store.records import epoch


def test_each_epoch_says_why_it_began() -> None:
    """An order in its own words, an edit of an address, a deploy by its versions; the present one is marked."""
    known = (
        epoch("1", "3", 50.0, number=4, addresses="b", begun=1, why="ann: mended"),
        epoch("1", "3", 40.0, number=3, addresses="b"),
        epoch("1", "3", 20.0, number=2, addresses="a"),
        epoch("1", "", 10.0, number=1, addresses="a"),
    )
    views = epoch_views(known)

    assert [each.why for each in views] == [
        "ann: mended",
        "an upstream was edited",
        "new without a version → 3",
        "first compared",
    ]
    assert [each.counts for each in views] == [True, False, False, False]
    assert (views[3].number, views[3].began) == (1, "1970-01-01T00:00:10.000Z")
    assert epoch_views(()) == []


def test_an_epoch_whose_forerunner_was_let_go_says_that_it_was_compared() -> None:
    """Retention keeps the latest; nobody knows any more what an old one began with."""
    assert [each.why for each in epoch_views((epoch("1", "3", 50.0, number=9),))] == ["first compared"]
