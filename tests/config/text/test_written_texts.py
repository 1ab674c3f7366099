from __future__ import annotations

from proxy.config.text.written_texts import FilePlace, Texts


def test_a_place_prints_as_editors_open_it() -> None:
    """File, line, column."""
    assert str(FilePlace("a.yaml", 3, 5)) == "a.yaml:3:5"


def test_the_signature_is_that_of_all_included_texts_and_names() -> None:
    """None of one file alone; another one for another text, name, order, or share of the same bytes."""
    several = [{"a": "bc"}, {"a": "bd"}, {"b": "bc"}, {"a": "b", "c": ""}, {"a": "1", "b": "2"}, {"b": "2", "a": "1"}]

    assert Texts("x").signature == b""
    assert len({Texts("x", each).signature for each in several}) == len(several)
