"""What a write that both sides have done tells of their names."""

from __future__ import annotations

from proxy.core.journal.learned_names import clash_of, pair_of
from proxy.core.outcome import Side


def test_a_pair_is_legacys_name_and_news() -> None:
    """Whichever side was the first."""
    assert pair_of(Side.LEGACY, "42", "4711") == pair_of(Side.NEW, "4711", "42") == ("42", "4711")


def test_a_clash_is_told_by_the_names_that_people_know() -> None:
    """Without their kind, and with what each answer to it does."""
    said = clash_of(("order\x1f42", "order\x1f5000"), ("order\x1f42", "order\x1f4711"))

    assert "legacy calls it 42 and new 5000, and legacy's 42 was new's 4711 so far" in said
    assert "retry (this pair stands from now on)" in said
    assert "drop (the old one does)" in said
