"""Differences that are planted between PostgreSQL 15 and 18, each found; and what is none, each passed over."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg
import pytest

from proxy.core.outcome import Side
from proxy.core.reconcile.reconcile_check import SideQuery
from proxy.core.reconcile.row_difference import RowDifference, RowDifferenceKind
from proxy.reconcile.trouble import ReconcileTrouble
from tests.reconcile.conftest import LEGACY, NEW, TwoDatabases, check

VALUE, DUPLICATE = RowDifferenceKind.VALUE, RowDifferenceKind.DUPLICATE
ROWS = "CREATE TABLE account (id int PRIMARY KEY, name text); INSERT INTO account SELECT i, 'n' || i FROM {} AS i;"
HUNDRED = ROWS.format("generate_series(1, 100)")


class Planted(NamedTuple):
    """A column's type and value at each side, and whether they differ."""

    legacy: tuple[str, str]
    new: tuple[str, str]
    differ: bool


VALUES = {
    "a value": Planted(("text", "'a'"), ("text", "'b'"), differ=True),
    "null and empty": Planted(("text", "NULL"), ("text", "''"), differ=True),
    "null and the mark of it": Planted(("text", "NULL"), ("text", "'-'"), differ=True),
    "case": Planted(("text", "'a'"), ("text", "'A'"), differ=True),
    "unicode forms": Planted(("text", r"U&'\00e9'"), ("text", r"U&'e\0301'"), differ=True),
    "numbers that print otherwise": Planted(("numeric", "1.0"), ("numeric", "1.00"), differ=False),
    "a number and its decimals": Planted(("int", "100"), ("numeric(12, 2)", "100.00"), differ=False),
    "zeros that are no decimals": Planted(("numeric", "100"), ("numeric", "1"), differ=True),
    "a cent": Planted(("numeric", "100.01"), ("numeric", "100.00"), differ=True),
    "no number": Planted(("numeric", "'NaN'"), ("numeric", "NULL"), differ=True),
    "widths of whole numbers": Planted(("smallint", "7"), ("bigint", "7"), differ=False),
    "the last bit of a float": Planted(("float8", "0.1"), ("float8", "0.1::float8 + 1.4e-17"), differ=True),
    "the same float": Planted(("float8", "0.1"), ("float8", "1.0 / 10"), differ=False),
    "minus zero": Planted(("float8", "'-0'"), ("float8", "0"), differ=False),
    "no float": Planted(("float8", "'NaN'"), ("float8", "'NaN'"), differ=False),
    "a float that was single": Planted(("float4", "0.1"), ("float8", "0.1"), differ=True),
    "one moment in two zones": Planted(
        ("timestamptz", "'2026-03-01 12:00+09'"), ("timestamptz", "'2026-03-01 03:00+00'"), differ=False
    ),
    "an hour off": Planted(
        ("timestamptz", "'2026-03-01 12:00+09'"), ("timestamptz", "'2026-03-01 12:00+08'"), differ=True
    ),
    "a microsecond": Planted(
        ("timestamptz", "'2026-03-01 12:00:00.000001Z'"), ("timestamptz", "'2026-03-01 12:00Z'"), differ=True
    ),
    "order of keys in json": Planted(("json", """'{"b":1, "a":2}'"""), ("jsonb", """'{"a":2,"b":1}'"""), differ=False),
    "order in a list of json": Planted(("jsonb", "'[1,2]'"), ("jsonb", "'[2,1]'"), differ=True),
    "decimals within json": Planted(("jsonb", "'1.0'"), ("jsonb", "'1.00'"), differ=True),
    "padding of char(n)": Planted(("char(8)", "'ab'"), ("text", "'ab'"), differ=False),
    "blanks of a text": Planted(("text", "'ab '"), ("text", "'ab'"), differ=True),
    "bytes": Planted(("bytea", r"'\x00ff'"), ("bytea", r"'\x00fe'"), differ=True),
    "ways to say a length of time": Planted(
        ("interval", "'1 day 2 hours'"), ("interval", "'1 day 120 min'"), differ=False
    ),
    "a list": Planted(("int[]", "'{1,2}'"), ("bigint[]", "'{1,2}'"), differ=False),
    "a list and its items": Planted(("text[]", "'{\"a,b\"}'"), ("text[]", "'{a,b}'"), differ=True),
    "true and null": Planted(("boolean", "true"), ("boolean", "NULL"), differ=True),
    "uuid": Planted(
        ("uuid", "'A0000000-0000-0000-0000-000000000001'"), ("uuid", "'a0000000000000000000000000000001'"), differ=False
    ),
}


async def found(databases: TwoDatabases, **said: object) -> list[RowDifference]:
    return (await databases.run(check(**said))).found


async def test_values_differ_where_they_mean_something_else(databases: TwoDatabases) -> None:
    """Of every kind of value: one difference, in that column alone, where the values differ; else none."""
    legacy, new = [planted.legacy for planted in VALUES.values()], [planted.new for planted in VALUES.values()]
    for side, given in ((databases.legacy, legacy), (databases.new, new)):
        columns = ", ".join(f"c{at} {type_}" for at, (type_, _) in enumerate(given))
        values = ", ".join(value for _, value in given)
        await side(f"CREATE TABLE account (id int PRIMARY KEY, {columns}); INSERT INTO account VALUES (1, {values})")

    (difference,) = await found(databases)

    names = list(VALUES)
    assert difference.kind is VALUE
    assert {names[at - 1] for at in difference.columns} == {name for name, each in VALUES.items() if each.differ}


@pytest.mark.parametrize("chunk", [7, 1000])
async def test_rows_differ_where_a_side_lacks_them_or_has_them_otherwise(databases: TwoDatabases, chunk: int) -> None:
    """A value, a row that is missing at either side, one beyond the last of the other, whatever the size of ranges."""
    await databases.both(HUNDRED)
    await databases.new("UPDATE account SET name = 'x' WHERE id = 50; DELETE FROM account WHERE id IN (1, 60)")
    await databases.legacy("DELETE FROM account WHERE id IN (70, 100)")
    await databases.new("INSERT INTO account VALUES (101, 'n101'), (102, 'n102')")

    progress = await databases.run(check(chunk=chunk))

    only_legacy, only_new = RowDifferenceKind.ONLY_AT_LEGACY, RowDifferenceKind.ONLY_AT_NEW
    assert {(each.key, each.kind) for each in progress.found} == {
        (("1",), only_legacy),
        (("50",), VALUE),
        (("60",), only_legacy),
        (("70",), only_new),
        (("100",), only_new),
        (("101",), only_new),
        (("102",), only_new),
    }
    assert (progress.counts.legacy_rows, progress.counts.new_rows, progress.counts.differences) == (98, 100, 7)


async def test_pairs_of_equal_changes_do_not_cancel(databases: TwoDatabases) -> None:
    """Two equal rows more at each side, of two keys: as many rows, and by exclusive or no difference."""
    await databases.both("CREATE TABLE account (id int, name text); INSERT INTO account VALUES (1, 'a'), (2, 'b')")
    await databases.legacy("INSERT INTO account VALUES (3, 'c'), (3, 'c')")
    await databases.new("INSERT INTO account VALUES (4, 'd'), (4, 'd')")

    kinds = {each.key: each.kind for each in await found(databases)}

    assert kinds == {("3",): RowDifferenceKind.ONLY_AT_LEGACY, ("4",): RowDifferenceKind.ONLY_AT_NEW}


async def test_a_row_that_a_side_has_more_than_once_is_found(databases: TwoDatabases) -> None:
    """It is a kind of its own; where both have it as often it is none."""
    await databases.both("CREATE TABLE account (id int, name text); INSERT INTO account VALUES (1, 'a'), (2, 'b')")
    await databases.both("INSERT INTO account VALUES (2, 'b')")
    await databases.new("INSERT INTO account VALUES (1, 'a'), (1, 'a')")

    assert [(each.key, each.kind) for each in await found(databases)] == [(("1",), DUPLICATE)]


async def test_swapped_values_are_two_differences(databases: TwoDatabases) -> None:
    """Values that are all there, but at each other's keys."""
    await databases.both(HUNDRED)
    await databases.new("UPDATE account SET name = CASE id WHEN 4 THEN 'n5' ELSE 'n4' END WHERE id IN (4, 5)")

    assert [each.key for each in await found(databases)] == [("4",), ("5",)]


async def test_texts_are_cut_into_the_same_ranges_whatever_the_collation(databases: TwoDatabases) -> None:
    """Keys of texts that two collations order otherwise: no row is missed, none is counted twice."""
    await databases.legacy('CREATE TABLE account (id text COLLATE "und-x-icu" PRIMARY KEY, name text)')
    await databases.new('CREATE TABLE account (id text COLLATE "C" PRIMARY KEY, name text)')
    await databases.both(
        "INSERT INTO account SELECT k || i, 'n' FROM generate_series(1, 20) AS i, "
        "unnest(ARRAY['a', 'A', 'b', 'B', 'é', 'e', 'ß', '_', '-', ' ', '字', '𐐷']) AS k"
    )
    await databases.new("UPDATE account SET name = 'x' WHERE id IN ('A7', 'é3', '-20')")

    progress = await databases.run(check(chunk=7))

    assert {each.key for each in progress.found} == {("A7",), ("é3",), ("-20",)}
    assert (progress.counts.legacy_rows, progress.counts.new_rows) == (240, 240)


async def test_databases_in_two_encodings_agree(databases: TwoDatabases) -> None:
    """A row is hashed by its characters, and not by the bytes that a database keeps for them."""
    await databases.both("CREATE TABLE account (id int, name text); INSERT INTO account VALUES (1, 'é')")
    await databases.legacy("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    url = databases.urls[Side.LEGACY].replace("/postgres?", "/latin?").partition("&")[0]
    latin = TwoDatabases(urls={**databases.urls, Side.LEGACY: url}, connections={})
    other = await asyncpg.connect(url)
    await other.execute("CREATE TABLE account (id int, name text); INSERT INTO account VALUES (1, 'é')")
    await other.close()

    assert (await latin.run(check())).found == []


async def test_a_key_of_several_columns_orders_as_one(databases: TwoDatabases) -> None:
    """Rows are known by all columns of the key together, of types of their own at each side."""
    await databases.legacy("CREATE TABLE account (tenant varchar(9), id int, at timestamptz, PRIMARY KEY (tenant, id))")
    await databases.new("CREATE TABLE account (tenant text, id bigint, at timestamptz, PRIMARY KEY (tenant, id))")
    rows = "SELECT 't' || i % 5, i / 5, 'epoch'::timestamptz FROM generate_series(0, 99) AS i"
    await databases.both(f"INSERT INTO account {rows}")
    await databases.new("DELETE FROM account WHERE tenant = 't3' AND id = 11")

    (difference,) = await found(databases, key=("tenant", "id"), chunk=7)

    assert (difference.key, difference.kind) == (("t3", "11"), RowDifferenceKind.ONLY_AT_LEGACY)


@pytest.mark.parametrize(
    ("type_", "first", "step"),
    [
        ("uuid", "md5('k')::uuid", "md5('k' || i)::uuid"),
        ("numeric", "0.50", "i + 0.50"),
        ("timestamptz", "'epoch'::timestamptz", "'epoch'::timestamptz + i * interval '1 day 1 ms'"),
        ("date", "'epoch'::date", "'epoch'::date + i"),
        ("char(9)", "'k'", "'k' || i"),
    ],
)
async def test_keys_of_these_types_order_rows(databases: TwoDatabases, type_: str, first: str, step: str) -> None:
    """Each type that orders keys: one planted difference is found among ranges of seven rows."""
    await databases.both(
        f"CREATE TABLE account (id {type_} PRIMARY KEY, name text); INSERT INTO account VALUES ({first}, 'a');"
        f"INSERT INTO account SELECT {step}, 'a' FROM generate_series(1, 60) AS i"
    )
    await databases.new(f"UPDATE account SET name = 'b' WHERE id = {first}")

    progress = await databases.run(check(chunk=7))

    assert [each.kind for each in progress.found] == [VALUE]
    assert progress.counts.legacy_rows == progress.counts.new_rows == 61


async def test_rows_may_be_there_alone_by_right(databases: TwoDatabases) -> None:
    """A row that only one side has and may have alone is no difference; one that the other side has as well is."""
    await databases.both(HUNDRED)
    await databases.both("CREATE TABLE apart (id int)")
    await databases.new("INSERT INTO account VALUES (200, 'born here'), (201, 'forgotten')")
    await databases.new("INSERT INTO apart VALUES (200), (7)")
    await databases.legacy("INSERT INTO account VALUES (300, 'archived'); INSERT INTO apart VALUES (300)")
    alone = "id IN (SELECT id FROM apart)"
    select = "SELECT * FROM account"

    differences = await found(
        databases,
        legacy=SideQuery(database=LEGACY, select=select, alone=alone),
        new=SideQuery(database=NEW, select=select, alone=alone),
        chunk=10,
    )

    kinds = {each.key: each.kind for each in differences}
    assert kinds == {("7",): RowDifferenceKind.NOT_ALONE, ("201",): RowDifferenceKind.ONLY_AT_NEW}


async def test_what_differs_by_nature_is_left_out(databases: TwoDatabases) -> None:
    """Ignored columns and the watermark may differ, and may be selected at one side alone."""
    await databases.both(HUNDRED)
    await databases.new("ALTER TABLE account ADD loaded timestamptz DEFAULT 'epoch', ADD source text DEFAULT 'etl'")

    assert await found(databases, watermark="loaded", ignore=("source",)) == []


REFUSED = {
    "only legacy gives the column name": "SELECT id FROM account",
    "the column name is text at legacy and numeric at new": "SELECT id, 1.5 AS name FROM account",
    "the column name cannot be compared as it is": "SELECT id, 1::money AS name FROM account",
    "new gives no column id": "SELECT 1 AS other, name FROM account",
    "new gives 2 columns called name": "SELECT id, name, name FROM account",
    "the database accounts says: relation": "SELECT * FROM nothing",
    "cannot insert multiple commands": "SELECT 1) AS r; DROP TABLE account; SELECT (1",
    "in a read-only transaction": "SELECT id, nextval('numbers')::text AS name FROM account",
    "new has rows in which a column of the key": "SELECT nullif(id, 5) AS id, name FROM account",
}


@pytest.mark.parametrize("sentence", REFUSED)
async def test_what_cannot_be_compared_is_told(databases: TwoDatabases, sentence: str) -> None:
    """Columns that do not fit, statements that fail or write, keys without a value: nothing is compared, and why."""
    await databases.both(HUNDRED)
    await databases.new("CREATE SEQUENCE numbers")

    with pytest.raises(ReconcileTrouble) as trouble:
        await found(databases, new=SideQuery(database=NEW, select=REFUSED[sentence]))

    assert sentence in trouble.value.message
    assert trouble.value.cure


async def test_one_database_by_two_addresses_is_found_out(databases: TwoDatabases) -> None:
    """The servers say which database each is; one that is compared with itself would always agree."""
    await databases.both(HUNDRED)
    one = next(iter(databases.urls.values()))
    same = TwoDatabases(urls=dict.fromkeys(databases.urls, one + "&application_name=other"), connections={})

    with pytest.raises(ReconcileTrouble, match="one and the same database"):
        await same.run(check())
