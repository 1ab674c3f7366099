"""docs/playbook.md leads from a legacy API to one that is gone, command by command."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from proxy.config.load import Loaded, load_text
from proxy.store.embedded.embedded_postgres import Embedded
from tests.docs.test_retire import without_names
from tests.docs.walkthrough import ROOT, Given, Saved, play, steps

TEXT = (ROOT / "docs" / "playbook.md").read_text(encoding="utf-8")
DATABASES = ("legacy", "new", "banyan")


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Those that the page makes by `createdb`, and their addresses in the environment."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        server = Embedded(Path(folder), durable=False, patience=120.0)
        asyncio.run(_with_databases(server))
        for name in DATABASES:
            monkeypatch.setenv(f"{name.upper()}_DB", server.address.replace("/postgres?", f"/{name}?"))
        yield
        asyncio.run(server.stop())


async def _with_databases(server: Embedded) -> None:
    await server.start()
    connection = await asyncpg.connect(server.address)
    for name in DATABASES:
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


def says_as_shown(step: Given) -> Callable[[str], bool]:
    """Whether a command says what the page shows, in however many seconds."""
    return lambda said: without_names(said) == without_names(step.shown)


@pytest.mark.usefixtures("databases")
def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with two services, a store for each, and customers, of whom no request fails."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, without_names(said)) == (step.command, without_names(step.shown))

    assert (tmp_path / "failed.log").read_text(encoding="utf-8") == ""


def test_its_addresses_of_databases_are_taken() -> None:
    """Those that it exports, which the walk does not: the state's and those of rows that are compared."""
    at, export = (re.search(rf"^\$ ({begin}.*)$", TEXT, re.MULTILINE) for begin in ("AT=", "export LEGACY_DB="))
    assert at is not None
    assert export is not None
    ran = subprocess.run(["/bin/bash", "-c", f"{at[1]}; {export[1]}; env"], capture_output=True, text=True, check=True)
    given = dict(line.split("=", 1) for line in ran.stdout.splitlines() if "_DB=" in line)
    files = [step.text for step in steps(TEXT) if isinstance(step, Saved) and step.name == "routes.yaml"]
    text = re.sub(r"keys: \{ file: jwks.json \}", "keys: { url: https://id.example/keys }", files[-1])

    assert len(given) == len(DATABASES)
    assert isinstance(load_text(text, "routes.yaml", given), Loaded)


def test_its_table_names_what_its_steps_use() -> None:
    """Each step of the table is a heading, and each command in its row is given there, as `banyan` takes it."""
    rows = re.findall(r"^\| \[(\d)\]\(#([\w-]+)\) \|[^|]*\|([^|]*)\|$", TEXT, re.MULTILINE)
    parts = dict(re.findall(r"^## (\d)\. .*?\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
    anchors = {number: re.sub(r"[^\w -]", "", title).replace(" ", "-").lower() for number, title in _headings()}

    assert [row[:2] for row in rows] == sorted(anchors.items())
    for number, _, named in rows:
        for words in re.findall(r"`([^`]+)`", named):
            assert words.removeprefix("banyan ") in parts[number], (number, words)


def _headings() -> list[tuple[str, str]]:
    return [(title[0], title) for title in re.findall(r"^## (\d\. .*)$", TEXT, re.MULTILINE)]


def test_its_report_is_retired_by_the_list() -> None:
    """By `banyan retire`, which refuses before, and not by an edit; the file says it when its block leaves."""
    given = [step for step in steps(TEXT) if isinstance(step, Given)]
    asked, retired = (at for at, step in enumerate(given) if step.command.startswith("banyan retire"))
    edits = [at for at, step in enumerate(given) if "stage: retired" in step.command]

    assert "not to be retired: unused" in given[asked].shown
    assert "reports: legacy → retired" in given[retired].shown
    assert edits
    assert min(edits) > retired


def test_legacy_is_ended_before_the_page_is() -> None:
    """The first process that it has started is the old system; it is ended, and new answers after that."""
    commands = [step.command for step in steps(TEXT) if isinstance(step, Given)]
    at = commands.index("kill %1")

    assert "python3 legacy.py &" in commands[1 + [c.startswith("sed") for c in commands].index(True)]
    assert any(command.startswith("curl") for command in commands[at:])
