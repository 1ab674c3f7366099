from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from proxy import __version__
from proxy.app import supervisor
from proxy.cli import serve
from proxy.cli.main import COMMANDS
from proxy.core.build import BUILD, Build
from tests.cli.conftest import Banyan

HEAVY = {"aiohttp", "asyncio", "asyncpg", "httptools", "msgspec", "pydantic", "rich", "structlog", "uvloop", "yaml"}
VERSION = f"banyan {__version__} ({BUILD})\n"
CONTRACT = (
    "serve check schema explain plan status mismatches promote rollback hold resume drain kill probe replay export demo"
    " accept history pins recent noise reconcile"
)


def test_every_command_of_the_contract_exists() -> None:
    """What the contract names is here."""
    assert set(COMMANDS) >= set(CONTRACT.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches(banyan: Banyan, name: str) -> None:
    """A command's help holds its purpose, its example and the meaning of its exit codes, line by line."""
    lesson = COMMANDS[name][1]
    help_ = banyan(f"{name} --help").stdout

    assert lesson.purpose in help_
    assert f"\n    {lesson.example}\n" in help_
    for code, meaning in lesson.exits.items():
        assert f"\n    {code}  {meaning}\n" in help_


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_is_of_its_own_command(name: str) -> None:
    """The example in a command's help calls that command."""
    assert COMMANDS[name][1].example.split()[:2] == ["banyan", name]


def test_the_list_shows_what_there_is(banyan: Banyan) -> None:
    """`banyan --help` lists the commands of this version whole, and none that is not there yet."""
    listed = banyan("--help").stdout.partition("Commands:")[2]

    assert [line.split()[0] for line in listed.strip().splitlines()] == list(COMMANDS)
    assert "..." not in listed


def test_nothing_given_is_answered_with_help(banyan: Banyan) -> None:
    """`banyan` alone is wrong usage, and shows what it could have been."""
    result = banyan()

    assert result.exit_code == 2
    assert "Commands:" in result.output


@pytest.mark.parametrize(("typed", "meant"), [("chek", "check"), ("stats", "status"), ("demmo", "demo")])
def test_an_unknown_command_suggests_the_nearest(banyan: Banyan, typed: str, meant: str) -> None:
    """A slip of the finger is answered with exit 2 and the command that was probably meant."""
    result = banyan(f"{typed} routes.yaml")

    assert result.exit_code == 2
    assert f"'{meant}'" in result.stderr


def test_the_version_is_told(banyan: Banyan) -> None:
    """`banyan --version` prints it, and that a checkout is interpreted, and leaves with 0."""
    result = banyan("--version")

    assert (result.exit_code, result.stdout) == (0, VERSION)


@pytest.mark.parametrize(("stdout", "said"), [(False, True), (True, False)])
def test_an_interpreted_build_says_so_once_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, stdout: bool, said: bool
) -> None:
    """On stderr, unless the log, which says it too, goes to the same terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: stdout)
    monkeypatch.setattr(supervisor, "serve", lambda _: 0)
    monkeypatch.setattr(serve, "BUILD", Build.INTERPRETED)
    with pytest.raises(typer.Exit):
        serve.serve(config=Path("routes.yaml"))

    assert ("this build is interpreted" in capsys.readouterr().err) is said


def test_help_loads_nothing_heavy() -> None:
    """Whoever asks for help does not wait for libraries that only a running command needs."""
    script = "import sys, proxy.cli.main; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    assert set(run.stdout.split()) & HEAVY == set()


def test_the_package_runs_as_a_module() -> None:
    """`python -m proxy` is `banyan`."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "proxy", "--version"], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stdout) == (0, VERSION)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_without_a_sign_ends_no_command(folder: Path, encoding: str) -> None:
    """An arrow that the terminal's encoding does not have is shown as such, and the answer goes on."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "proxy", "explain", "GET", "/orders/7", "--file-only"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert r"GET /orders/7 \u2192 " in run.stdout


def test_a_start_seldom_looks_for_cycles() -> None:
    """What imports make stays: to look through it again and again was a quarter of a command's time."""
    script = """
import gc, sys
from proxy.__main__ import main
sys.argv, before = ["banyan", "check", "--help"], [each["collections"] for each in gc.get_stats()]
try:
    main()
finally:
    print(*(each["collections"] - then for each, then in zip(gc.get_stats(), before, strict=True)), file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)

    assert sum(map(int, run.stderr.split())) <= 3
