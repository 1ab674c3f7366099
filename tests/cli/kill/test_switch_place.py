"""Where the kill file is, by a text that ran last and by all others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from proxy.cli.admin_address import url_of
from proxy.cli.kill.switch_place import SwitchPlace, switch_place
from proxy.config.files import kill_file, lastgood
from proxy.config.load import Loaded, load_file
from proxy.config.text.written_texts import Texts
from tests.cli.conftest import ROUTES

HEAVY = {"proxy.config.schema", "proxy.app.initial_table"}
ADMIN = "admin: 127.0.0.1:9090\n"


def loaded(config: Path) -> SwitchPlace:
    """What the code says that loads."""
    found = load_file(config, os.environ)
    assert isinstance(found, Loaded), found
    path = kill_file.place(found.snapshot.kill_file, config, os.environ)
    return SwitchPlace(path=path, base=url_of(found.snapshot.admin))


def ran(folder: Path, text: str) -> Path:
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    lastgood.save(folder / ".banyan", Texts(text))
    return folder / "routes.yaml"


@pytest.mark.parametrize(
    "said",
    [
        ADMIN,
        "",
        "admin: 0.0.0.0:9191\n",
        "admin: '[::1]:9191'\n",
        "admin: localhost:9191\n",
        "admin: :9191\n",
        "admin: ${BANYAN_TEST_ADMIN}\n",
        "kill_file: /run/banyan/kill\n",
        "kill_file: 'stop here'\n",
        "kill_file: ${BANYAN_TEST_KILL:-here}\n",
        "kill_file: &it here\n",
    ],
)
def test_the_places_are_those_of_the_code_that_loads(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """However they are written, and whether they stand there or not."""
    monkeypatch.setenv("BANYAN_TEST_ADMIN", "127.0.0.1:9292")
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "of this test alone")
    config = ran(folder, ROUTES.replace(ADMIN, said))

    assert switch_place(config) == loaded(config)


def test_another_text_than_the_one_that_ran_is_loaded(folder: Path) -> None:
    """What was edited meanwhile counts where it is good; where it is not, what ran last does; without that exit 2."""
    config = ran(folder, ROUTES)
    before = switch_place(config)
    config.write_text(ROUTES + "kill_file: elsewhere\n", encoding="utf-8")
    edited = switch_place(config)
    config.write_text(ROUTES + "kill_file: elsewhere\nsplit: 250%\n", encoding="utf-8")
    broken = switch_place(config)
    (folder / ".banyan" / lastgood.NAME).unlink()

    assert (before.path, broken) == (folder / ".banyan" / "kill", before)
    assert edited.path == folder / "elsewhere"
    with pytest.raises(typer.Exit) as left:
        switch_place(config)
    assert left.value.exit_code == 2


@pytest.mark.parametrize(("text", "heavy"), [(ROUTES, set()), (ROUTES + "kill_file: elsewhere\n", HEAVY)])
def test_the_switch_of_what_ran_waits_for_nothing_heavy(folder: Path, text: str, heavy: set[str]) -> None:
    """The code that reads all of a routes.yaml, and that which serves, is loaded only where the text is another one."""
    ran(folder, ROUTES)
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-P", "-m", "proxy", "kill", "--off"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    loaded_modules = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}

    assert run.stdout.startswith("kill switch is off:")
    assert loaded_modules & HEAVY == heavy
