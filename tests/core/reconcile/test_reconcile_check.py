from __future__ import annotations

from dataclasses import replace

from proxy.core.outcome import Side
from proxy.core.reconcile.reconcile_check import Database, Password, ReconcileCheck, SideQuery
from proxy.core.secret import Secret

LEGACY = SideQuery(database="cards", select="SELECT id FROM account")
NEW = SideQuery(database="accounts", select="SELECT id FROM accounts")
CHECK = ReconcileCheck(name="accounts", legacy=LEGACY, new=NEW, key=("id",))


def test_a_mark_stands_for_what_is_asked_and_not_for_how() -> None:
    """Another select, key or condition is another question; another rate, delay or name is not."""
    alone = replace(NEW, alone="born_here")
    others = [replace(CHECK, key=("a",)), replace(CHECK, new=alone), replace(CHECK, ignore=("a",))]
    same = [replace(CHECK, rate=5, chunk=100, recheck=1.0, counts_for=9.0), replace(CHECK, name="b")]

    assert {each.mark for each in same} == {CHECK.mark}
    assert len({CHECK.mark, *(each.mark for each in others)}) == 4


def test_each_side_has_its_query() -> None:
    """Legacy's is legacy's."""
    assert (CHECK.query(Side.LEGACY), CHECK.query(Side.NEW)) == (LEGACY, NEW)


def test_a_database_shows_no_secret() -> None:
    """Neither its address nor its password is in any text about it."""
    made = Database(name="a", url=Secret("postgresql://u:hunter2@h/d"), password=Password(text=Secret("hunter2")))

    assert "hunter2" not in repr(made)
