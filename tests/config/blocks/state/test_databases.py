from __future__ import annotations

import pytest

from proxy.config.blocks.state.databases import (
    read_columns,
    read_command,
    read_condition,
    read_database_url,
    read_password,
    read_select,
)
from proxy.core.outcome import Side
from proxy.core.reconcile.reconcile_check import NeededRun, Password
from proxy.core.secret import Secret
from tests.config.given_files import FILE, problems, snapshot, told, warnings, with_routes
from tests.config.refusing import refusal

DATABASES = """\
databases:
  cards: { url: "postgresql://reader@db1/cards" }
  accounts: { url: "postgresql://reader@db2/accounts" }
"""
RECONCILE = """\
reconcile:
  accounts:
    legacy: { database: cards, select: "SELECT id, name FROM account;" }
    new: { database: accounts, select: "WITH a AS (SELECT 1) SELECT id, name FROM accounts" }
    key: id
"""
ALL = """\
    only_legacy: WHERE archived
    only_new: "where id IN (SELECT id FROM born_here) "
    ignore: loaded
    watermark: updated_at
    recheck: 10s
    chunk: 500
    rate: 20000
    counts_for: 2h
"""
RAMP = "name: a, match: /**, stage: canary, split: 1%, effects: safe, ramp: {{needs: {{reconciled: {}}}}}"


def test_without_the_blocks_there_is_nothing_to_read() -> None:
    """Both may be left out."""
    assert (snapshot(FILE).databases, snapshot(FILE).reconcile) == ((), ())


def test_what_a_check_leaves_out_has_a_default() -> None:
    """Two databases, two selects and a key are enough."""
    (check,) = snapshot(FILE + DATABASES + RECONCILE).reconcile

    assert check.query(Side.LEGACY).select == "SELECT id, name FROM account"
    assert (check.key, check.recheck, check.chunk, check.rate, check.counts_for) == (("id",), 5.0, 10_000, 0, 86_400.0)


def test_everything_that_a_check_can_say_arrives() -> None:
    """Each key, in its unit."""
    (check,) = snapshot(FILE + DATABASES + RECONCILE + ALL).reconcile

    assert (check.legacy.alone, check.new.alone) == ("archived", "id IN (SELECT id FROM born_here)")
    assert (check.ignore, check.watermark, check.recheck) == (("loaded",), "updated_at", 10.0)
    assert (check.chunk, check.rate, check.counts_for) == (500, 20_000, 7200.0)


@pytest.mark.parametrize(
    ("said", "password"),
    [
        ('password: "${SECRET}"', Password(text=Secret("hunter2"))),
        ("password_file: /run/secrets/a", Password(file="/run/secrets/a")),
        ("password_command: [pass, show, a]", Password(command=("pass", "show", "a"))),
    ],
)
def test_a_password_comes_from_the_environment_a_file_or_a_command(said: str, password: Password) -> None:
    """One of them; without a word there."""
    text = FILE + f'databases: {{ a: {{ url: "postgresql://db/a", {said} }} }}\n'

    assert snapshot(text, {"SECRET": "hunter2"}).databases[0].password == password
    assert warnings(text, {"SECRET": "hunter2"}) == []


@pytest.mark.parametrize(
    ("said", "variables"),
    [("${SECRET}", ("SECRET",)), ("${A:-x}${SECRET}", ("A", "SECRET")), ("$${SECRET}", ()), ("hunter2", ())],
)
def test_a_password_of_the_environment_is_known_to_be_from_there(said: str, variables: tuple[str, ...]) -> None:
    """By the names of its variables, so that nobody looks for it in the file; another one is the same password."""
    text = FILE + f'databases: {{ a: {{ url: "postgresql://db/a", password: "{said}" }} }}\n'

    assert snapshot(text, {"SECRET": "hunter2"}).databases[0].password.variables == variables


def test_a_password_in_the_file_is_warned_of() -> None:
    """Without repeating it."""
    (said,) = warnings(FILE + 'databases: { a: { url: "postgresql://db/a", password: hunter2 } }\n')

    assert "databases.a.password: stands in the file" in said
    assert "hunter2" not in said


def test_a_password_within_an_address_is_warned_of() -> None:
    """Only the password counts."""
    (said,) = warnings(FILE + 'databases: { a: { url: "postgresql://u:hunter2@db/a" } }\n')

    assert "databases.a.url: its password stands in the file" in said
    assert "hunter2" not in said


def test_two_places_of_a_password_exclude_each_other() -> None:
    """The second one is told."""
    text = 'databases: { a: { url: "postgresql://db/a", password_file: /a, ¦password_command: [a] } }\n'
    within = 'databases: { a: { url: "postgresql://u:pw@db/a", ¦password_file: /a } }\n'

    assert told(FILE + text) == [
        "databases.a.password_command: password_file and password_command exclude each other; take one out"
    ]
    assert told(FILE + within) == [
        "databases.a.password_file: the password in url and password_file exclude each other; take one out"
    ]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("    key: id\n", "", "reconcile.accounts.key: is missing"),
        ("database: cards", "database: ¦card", 'reconcile.accounts.legacy.database: there is no database "card"; did'),
        ("database: cards", "database: ¦q", 'there is no database "q"; name one of databases'),
        ("database: accounts", "database: ¦cards", "reconcile.accounts.new.database: is one and the same database as"),
        ("key: id", "key: ¦[id, id]", "reconcile.accounts.key: names a column twice"),
        ("key: id", "key: ¦[]", "must name 1 to 8 columns, one key in both databases"),
        ("key: id", "key: ¦7", "must be the name of a column"),
    ],
)
def test_a_check_that_cannot_be_meant_is_told_with_its_place(before: str, after: str, complaint: str) -> None:
    """No key, an unknown database, one database on both sides."""
    assert (DATABASES + RECONCILE).count(before) == 1
    text = FILE + (DATABASES + RECONCILE).replace(before, after)
    said = told(text) if "¦" in text else problems(text)

    assert len(said) == 1
    assert complaint in said[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("postgresql://a@db/x", "postgres://b:pw@DB:5432/x?sslmode=disable", True),
        ("postgresql://a@db/x", "postgresql://a@db/y", False),
        ("postgresql://a@db/x", "postgresql://a@db:5433/x", False),
        ("postgresql://a@h1,h2/x", "postgresql://a@h2:5432,h1/x", True),
        ("postgresql:///x?host=/run/pg", "postgresql:///?host=/run/pg&dbname=x", True),
        ("postgresql://x@db", "postgresql://db/x", True),
    ],
)
def test_one_database_by_two_addresses_is_told(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    """User, options and the order of hosts make no other database."""
    databases = f'databases: {{ cards: {{ url: "{one}" }}, accounts: {{ url: "{other}" }} }}\n'
    text = FILE + databases + RECONCILE

    if same:
        assert "is one and the same database as that of legacy (cards)" in problems(text)[0]
    else:
        assert snapshot(text).reconcile


def test_a_database_that_is_wrong_is_told_once() -> None:
    """What it is needed for is not wrong as well."""
    text = FILE + DATABASES.replace("postgresql://reader@db1/cards", "mysql://hunter2@db/cards") + RECONCILE
    (said,) = problems(text)

    assert "databases.cards.url: must be an address such as postgresql://reader@db/accounts" in said
    assert "hunter2" not in said


def test_a_ramp_needs_checks_by_their_names() -> None:
    """One or several; what is needed of each is what it asks now."""
    for said in ("accounts", "[accounts]"):
        made = snapshot(with_routes(RAMP.format(said)) + DATABASES + RECONCILE)
        ramp = made.routes[0].ramp
        assert ramp is not None
        assert ramp.needs.reconciled == (NeededRun("accounts", made.reconcile[0].mark, 86_400.0),)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("[¦account]", 'routes[0].ramp.needs.reconciled[0]: there is no check "account"; did you mean accounts?'),
        ("[accounts, ¦q]", 'routes[0].ramp.needs.reconciled[1]: there is no check "q"; name one that stands below'),
        ("¦[]", "routes[0].ramp.needs.reconciled: must name at least one check of reconcile"),
    ],
)
def test_a_check_that_is_not_there_is_told(said: str, complaint: str) -> None:
    """At its place in the ramp."""
    (found,) = told(with_routes(RAMP.format(said)) + DATABASES + RECONCILE)

    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("reader", "given"),
    [
        (read_select, "DELETE FROM account"),
        (read_select, 7),
        (read_select, "SELECT 1\0"),
        (read_condition, "id = 7"),
        (read_condition, "WHERE "),
        (read_condition, None),
        (read_command, "pass show a"),
        (read_command, []),
        (read_command, ["a", 7]),
        (read_command, ["a"] * 21),
        (read_database_url, "db/accounts"),
        (read_database_url, None),
        (read_password, ""),
        (read_password, 7),
        (read_columns, "a" * 64),
        (read_columns, [""]),
    ],
)
def test_what_no_database_could_read_is_refused(reader: object, given: object) -> None:
    """With what to write instead."""
    assert refusal(reader, given).startswith(("must be", "must name"))  # type: ignore[arg-type]
