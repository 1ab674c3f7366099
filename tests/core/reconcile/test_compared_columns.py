from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.reconcile.compared_columns import AgreedColumns, Column, TypeKind, agreed, quoted, shown, text_of
from tests.core.reconcile.test_reconcile_check import CHECK

ID, NAME, AT = Column(name="id", type="int4"), Column(name="name", type="text"), Column(name="at", type="timestamptz")


@pytest.mark.parametrize(
    ("column", "family"),
    [
        (Column(name="c", type="int2"), "number"),
        (Column(name="c", type="numeric"), "number"),
        (Column(name="c", type="float4"), "float"),
        (Column(name="c", type="bpchar"), "text"),
        (Column(name="c", type="mood", kind=TypeKind.ENUM), "text"),
        (Column(name="c", type="json"), "json"),
        (Column(name="c", type="uuid"), "uuid"),
        (Column(name="c", type="_int4", item="int4"), "number[]"),
        (Column(name="c", type="_inet", item="inet"), "inet[]"),
        (Column(name="c", type="money"), ""),
        (Column(name="c", type="address", kind=TypeKind.ROW), ""),
        (Column(name="c", type="record", kind=TypeKind.NAMELESS), ""),
    ],
)
def test_types_of_one_family_can_be_equal(column: Column, family: str) -> None:
    """Widths and forms of one kind of value are one family; what prints by the server's locale has none."""
    assert column.family == family


def test_both_sides_agree_on_columns_and_their_order() -> None:
    """Compared is what both give, in legacy's order, without the watermark and what is ignored; the key always is."""
    check = replace(CHECK, watermark="at", ignore=("loaded", "id"))
    legacy = [ID, NAME, AT]
    new = [Column(name="loaded", type="date"), Column(name="name", type="varchar"), Column(name="id", type="int8")]

    found = agreed(check, legacy, new)

    assert isinstance(found, AgreedColumns)
    assert found.names == ("id", "name")
    assert [column.type for column in found.compared[Side.NEW]] == ["int8", "varchar"]
    assert found.watermark == {Side.LEGACY: AT, Side.NEW: None}
    assert found.key == {Side.LEGACY: (ID,), Side.NEW: (new[2],)}


def column(name: str, type_: str) -> Column:
    return Column(name=name, type=type_)


@pytest.mark.parametrize(
    ("legacy", "new", "sentence"),
    [
        ([ID, ID], [ID], "legacy gives 2 columns called id: name each with AS"),
        ([NAME], [ID, NAME], "legacy gives no column id, which is in the key: add it to its select"),
        ([ID, NAME], [ID], "only legacy gives the column name: add it to the select of new, or list it under ignore"),
        ([ID], [ID, NAME], "only new gives the column name: add it to the select of legacy, or list it under ignore"),
        (
            [ID, NAME],
            [ID, column("name", "int4")],
            "the column name is text at legacy and int4 at new: cast one",
        ),
        (
            [ID, column("a", "money")],
            [ID, column("a", "money")],
            "the column a cannot be compared as it is: cast",
        ),
        ([column("id", "float8")], [column("id", "float8")], "the key id is of type float8, which has no order here"),
    ],
)
def test_what_does_not_fit_is_told(legacy: list[Column], new: list[Column], sentence: str) -> None:
    """Each reason in one sentence, with what to write."""
    found = agreed(CHECK, legacy, new)

    assert isinstance(found, tuple)
    assert len(found) == 1
    assert found[0].startswith(sentence)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ([ID, NAME], "no side gives the watermark at"),
        ([ID, NAME, column("at", "text")], "the watermark at is of type text: it must be a date or timestamp"),
    ],
)
def test_a_watermark_is_a_time_that_a_side_gives(columns: list[Column], sentence: str) -> None:
    """One that nobody selects, or that is no time, is told."""
    found = agreed(replace(CHECK, watermark="at"), columns, [ID, NAME])

    assert isinstance(found, tuple)
    assert found[0].startswith(sentence)


def test_names_are_quoted() -> None:
    """Whatever a column is called, it is a name and nothing else."""
    assert quoted('a"b') == '"a""b"'


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (ID, 'r."id"::text'),
        (column("a", "json"), 'r."a"::jsonb::text'),
        (column("a", "bytea"), "encode(r.\"a\", 'hex')"),
        (Column(name="a", type="_json", item="json"), 'r."a"::text'),
    ],
)
def test_a_value_has_a_text_that_only_its_value_decides(column: Column, text: str) -> None:
    """By family; tests/reconcile/ proves over two servers what the texts are worth."""
    assert text_of(column) == text


def test_decimals_and_floats_have_texts_of_their_own() -> None:
    """Zeros behind the point go; floats are their bits."""
    assert "rtrim(rtrim(" in text_of(column("a", "numeric"))
    assert "float8send" in text_of(column("a", "float4"))


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        (column("a", "float8"), "3fb999999999999a", "0.1"),
        (column("a", "float8"), "NaN", "'NaN'"),
        (ID, "7", "7"),
        (NAME, "a ", "'a '"),
        (NAME, None, "null"),
    ],
)
def test_values_are_shown_as_people_read_them(column: Column, text: str | None, said: str) -> None:
    """Digits for floats, quotes around texts, a word for nothing."""
    assert shown(column, text) == said
