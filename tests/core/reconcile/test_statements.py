"""The shape of statements; tests/reconcile/ runs them on two servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.reconcile.compared_columns import AgreedColumns, Column, agreed
from proxy.core.reconcile.statements import SideStatements, described, sort_key
from tests.core.reconcile.test_reconcile_check import CHECK, LEGACY


def statements(*types: str, alone: str = "", watermark: str = "", more: int = 0, other: str = "") -> SideStatements:
    """Of a key whose columns have these types, at new `other` ones; `more` texts beside it."""
    names = [f"k{place}" for place, _ in enumerate(types)]
    rest = [Column(name=f"c{place}", type="text") for place in range(more)]
    rest += [Column(name=watermark, type="timestamptz")] * bool(watermark)
    check = replace(CHECK, key=tuple(names), watermark=watermark)
    legacy = [Column(name=name, type=type_) for name, type_ in zip(names, types, strict=True)]
    new = [replace(column, type=other or column.type) for column in legacy]
    columns = agreed(check, [*legacy, *rest], [*new, *rest])
    assert isinstance(columns, AgreedColumns), columns
    return SideStatements(replace(LEGACY, alone=alone), columns, Side.LEGACY)


def test_a_select_stands_in_lines_of_its_own() -> None:
    """A comment at its end does not swallow what follows."""
    assert described(replace(LEGACY, select="SELECT 1 -- one")) == "SELECT * FROM (\nSELECT 1 -- one\n) AS r LIMIT 0"


@pytest.mark.parametrize(
    ("after", "upto", "where"),
    [
        (False, False, " OFFSET"),
        (True, False, ' WHERE (r."k0") > ($1::text::int8) OFFSET'),
        (False, True, ' WHERE (r."k0") <= ($1::text::int8) OFFSET'),
        (True, True, ' WHERE (r."k0") > ($1::text::int8) AND (r."k0") <= ($2::text::int8) OFFSET'),
    ],
)
def test_a_range_has_the_bounds_that_there_are(after: bool, upto: bool, where: str) -> None:  # noqa: FBT001
    """The lower one stands outside, the upper one within; parameters count from 1."""
    assert where in statements("int4").digest(after=after, upto=upto)


def test_a_key_of_several_columns_is_compared_as_a_row() -> None:
    """Texts by their bytes; a type of its own by the type's name."""
    made = statements("varchar", "uuid").rows(after=True, upto=True)

    assert '(r."k0" COLLATE "C", r."k1") > ($1::text, $2::text::uuid)' in made
    assert '(r."k0" COLLATE "C", r."k1") <= ($3::text, $4::text::uuid)' in made


@pytest.mark.parametrize(("mine", "other", "cast"), [("int4", "int8", "int8"), ("int4", "numeric", "numeric")])
def test_a_bound_fits_both_sides(mine: str, other: str, cast: str) -> None:
    """A bound that one side gave is no error at the other: decimals where either side may have them."""
    assert f"($1::text::{cast})" in statements(mine, other=other).digest(after=True, upto=False)


def test_the_end_of_a_range_is_looked_for_in_order() -> None:
    """After the bound, so many rows on; the number is the last parameter."""
    made = statements("text")

    assert made.end(after=True).endswith('ORDER BY r."k0" COLLATE "C" OFFSET $2::bigint LIMIT 1')
    assert made.end(after=False).endswith('ORDER BY r."k0" COLLATE "C" OFFSET $1::bigint LIMIT 1')


def test_texts_that_are_not_the_value_are_looked_for_as_texts() -> None:
    """A key of char(n) is known without its padding, in ranges and one by one."""
    made = statements("bpchar")

    assert 'r."k0"::text = banyan_key_0' in made.look
    assert 'r."k0"::text COLLATE "C"' in made.end(after=False)


def test_rows_that_are_there_by_right_are_left_out_of_ranges() -> None:
    """Unless their condition is null; the second look says of each whether it is one."""
    made = statements("int4", alone="born_here OR old")

    assert "WHERE (born_here OR old) IS NOT TRUE" in made.rows(after=False, upto=False)
    assert "((born_here OR old) IS TRUE) AS alone" in made.look
    assert "WHERE" not in made.look


@pytest.mark.parametrize("watermark", ["", "at"])
def test_the_second_look_asks_how_old_a_row_is_where_it_says(watermark: str) -> None:
    """Behind the keys stands the time, where there is a watermark."""
    made = statements("int4", "int4", watermark=watermark)

    assert made.is_watched is bool(watermark)
    assert ("secs => $3::float8" in made.look) is bool(watermark)
    assert ("false AS fresh" in made.look) is not bool(watermark)


def test_a_key_without_a_value_is_asked_for() -> None:
    """Any of its columns may lack one."""
    assert 'WHERE r."k0" IS NULL OR r."k1" IS NULL)' in statements("int4", "int4").keyless


def test_many_columns_make_no_call_too_long() -> None:
    """PostgreSQL gives a function at most 100 arguments."""
    assert statements("int4", more=200).rows(after=False, upto=False).count("concat_ws(',', ") == 3


def test_keys_sort_nearly_as_the_server_does() -> None:
    """Numbers by value, texts by their bytes."""
    number, text = Column(name="a", type="int4"), Column(name="a", type="text")

    assert sort_key([number], ("9",)) < sort_key([number], ("10",))
    assert sort_key([text], ("10",)) < sort_key([text], ("9",))
    assert sort_key([number, text], ("1", "é")) > sort_key([number, text], ("1", "z"))
