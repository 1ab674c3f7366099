"""`banyan reconcile` as a process, against two real databases, by itself and beside a running Banyan."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.core.outcome import Side
from tests.e2e.program import Program, free_port, started, text_of
from tests.reconcile.conftest import TwoDatabases
from tests.waiting import until

ROWS = """CREATE TABLE account (id int PRIMARY KEY, name text, balance numeric);
INSERT INTO account SELECT i, 'n' || i, i FROM generate_series(1, 3000) AS i"""
ROUTES = """\
  - name: accounts
    match: /accounts/**
    stage: canary
    split: 1%
    effects: safe
    ramp: { needs: { reconciled: accounts } }
"""
CHECKS = """\
databases:
  cards: {{ url: "{legacy}" }}
  accounts: {{ url: "{new}" }}
reconcile:
  accounts:
    legacy: {{ database: cards, select: SELECT * FROM account }}
    new: {{ database: accounts, select: SELECT * FROM account }}
    key: id
    recheck: 10ms
    chunk: 100
"""


class Said(NamedTuple):
    """What a command has said and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(databases: TwoDatabases, tmp_path: Path) -> Path:
    """With a routes.yaml whose admin port nobody serves yet."""
    listen, admin = free_port(), free_port()
    text = text_of(ROUTES, listen=listen, admin=admin, legacy=1, new=2)
    checks = CHECKS.format(legacy=databases.urls[Side.LEGACY], new=databases.urls[Side.NEW])
    (tmp_path / "routes.yaml").write_text(text + checks, encoding="utf-8")
    (tmp_path / "ports").write_text(f"{listen} {admin}")
    return tmp_path


def beside(folder: Path) -> tuple[int, int]:
    """The ports of the file."""
    listen, admin = map(int, (folder / "ports").read_text().split())
    return listen, admin


async def begin(folder: Path, *words: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "proxy", "reconcile", *words, "--config", str(folder / "routes.yaml")]
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


async def run(folder: Path, *words: str) -> Said:
    made = await begin(folder, *words)
    out, err = await made.communicate()
    return Said(made.returncode or 0, out.decode(), err.decode())


async def test_differences_are_listed_without_a_running_banyan(databases: TwoDatabases, folder: Path) -> None:
    """Key, kind and columns; values only where they are asked for; that nobody records it is said, and no failure."""
    await databases.both(ROWS)
    await databases.new(
        "UPDATE account SET balance = 7.5, name = NULL WHERE id = 42; DELETE FROM account WHERE id = 43;"
    )

    plain, shown = await run(folder), await run(folder, "accounts", "--values")

    assert plain.code == shown.code == 1
    assert plain.out.splitlines()[:3] == [
        "id  rows  columns",
        "42  other values  name, balance",
        "43  only at legacy  –",
    ]
    assert plain.out.splitlines()[3].startswith("accounts: 3,000 rows at legacy, 2,999 at new: 2 keys differ (")
    assert "42  other values  name: 'n42' → null, balance: 42 → 7.5" in shown.out
    assert "this run is not recorded, so no ramp knows of it" in plain.err


async def test_what_differs_is_counted_by_column(databases: TwoDatabases, folder: Path) -> None:
    """Each way in which rows differ is a line, with its keys, of which none is listed; JSON has it always."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET balance = -1 WHERE id <= 1200; UPDATE account SET name = '' WHERE id = 7")
    await databases.new("DELETE FROM account WHERE id > 2998")

    plain, script = await run(folder, "--by-column"), await run(folder, "--json")
    (check,) = json.loads(script.out)["checks"]

    assert plain.code == 1
    assert plain.out.splitlines()[:4] == [
        "keys  rows  column",
        "1,200  other values  balance",
        "1  other values  name",
        "2  only at legacy  –",
    ]
    assert plain.out.splitlines()[4].startswith("accounts: 3,000 rows at legacy, 2,998 at new: 1,202 keys differ (")
    assert check["by_column"] == [
        {"kind": "value", "column": "balance", "keys": 1200},
        {"kind": "value", "column": "name", "keys": 1},
        {"kind": "only_at_legacy", "column": None, "keys": 2},
    ]


async def test_scripts_get_json(databases: TwoDatabases, folder: Path) -> None:
    """All of it, and nothing else on standard output."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET balance = 7.5 WHERE id = 42")

    said = await run(folder, "--json", "--values")
    (check,) = json.loads(said.out)["checks"]

    assert said.code == 1
    assert (check["check"], check["complete"], check["differences"], check["legacy_rows"]) == (
        "accounts",
        True,
        1,
        3000,
    )
    assert check["found"] == [
        {"key": {"id": "42"}, "kind": "value", "columns": ["balance"], "values": {"balance": ["42", "7.5"]}}
    ]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["account"], 2, "there is no check 'account'."),
        (["--by-column", "--values"], 2, "--by-column lists no key"),
        (["--resume"], 3, "where the last run was ended is recorded with Banyan"),
        ([], 3, "the database cards says: relation"),
    ],
)
async def test_what_cannot_be_done_is_told(folder: Path, words: list[str], code: int, sentence: str) -> None:
    """An unknown check, two options that exclude each other, nothing to resume from, a table that is not there."""
    said = await run(folder, *words)

    assert (said.code, said.out) == (code, "")
    assert sentence in said.err


async def recorded(running: Program) -> dict[str, object]:
    """The newest run that Banyan knows."""
    runs = (await running.api("/api/reconcile"))["runs"]
    assert isinstance(runs, list)
    return dict(runs[0]) if runs else {}


async def need(running: Program) -> str:
    """How the route's need stands."""
    route = await running.api("/api/routes/accounts")
    return json.dumps(route)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_run_that_was_killed_goes_on(databases: TwoDatabases, folder: Path, how: signal.Signals) -> None:
    """Beside a running Banyan: from what it recorded on the way, to a result in which each row is counted once."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET balance = 7.5 WHERE id IN (1, 1500, 3000)")
    async with started(folder, *beside(folder)) as running:
        slow = await begin(folder, "--rate", "200")

        async def is_under_way() -> bool:
            return bool((await recorded(running)).get("position"))

        await until(is_under_way)
        slow.send_signal(how)
        _, err = await slow.communicate()
        stopped = await recorded(running)
        again = await run(folder, "--resume", "--json")
        ended = await recorded(running)

    (check,) = json.loads(again.out)["checks"]
    assert ("--resume` goes on" in err.decode()) is (how is signal.SIGTERM)
    assert (stopped["ended"], stopped["id"]) == (None, ended["id"])
    assert 0 < int(str(stopped["legacy_rows"])) < 3000
    assert (check["legacy_rows"], check["new_rows"], check["differences"]) == (3000, 3000, 3)
    assert (ended["legacy_rows"], ended["differences"], ended["ended"] is not None) == (3000, 3, True)


async def test_a_result_is_a_need_of_the_ramp(databases: TwoDatabases, folder: Path) -> None:
    """Open before the first run, met after one without a difference: `status --route` says so."""
    await databases.both(ROWS)
    async with started(folder, *beside(folder)) as running:

        async def says(sentence: str) -> bool:
            return sentence in await need(running)

        await until(lambda: says("the check accounts was not run: run `banyan reconcile accounts`"))
        said = await run(folder)
        await until(lambda: says("3000 and 3000 rows of accounts agreed"))

    assert said.code == 0
    assert said.out.startswith("accounts: 3,000 rows at legacy, 3,000 at new: 0 keys differ (")
    assert said.err == ""
