"""`banyan example`: which there are, and how one begins."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import typer

from proxy.cli import example
from tests.examples.conftest import banyan


def an_example(place: Path, name: str = "hello") -> None:
    """It prints its words and leaves with 7."""
    folder = place / "examples" / name
    folder.mkdir(parents=True)
    (place / "examples" / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "routes.yaml").touch()
    (folder / "README.md").write_text("# Says hello\n\nNo more.\n")
    (folder / "__main__.py").write_text("import sys\nprint(sys.argv[1:], __package__)\nsys.exit(7)\n")


def test_all_are_listed() -> None:
    """By name, each with the first line of its README."""
    played = banyan("example")

    assert played.code == 0
    assert played.text.startswith("accounts     Bank accounts move")


def test_one_that_is_not_there_is_wrong_usage() -> None:
    """And those that are, are named."""
    played = banyan("example", "acounts")

    assert (played.code, played.complaint) == (
        2,
        "banyan: there is no example 'acounts'.\n        There is: accounts, crm, insurance, payid, todock.\n",
    )


def test_it_becomes_the_example_with_its_words(tmp_path: Path) -> None:
    """Options behind the name are the example's, and so is the exit code."""
    an_example(tmp_path)
    code = (
        "from pathlib import Path; from proxy.cli import example, main; "
        f"example.CHECKOUT = Path({str(tmp_path)!r}); main.main()"
    )
    command = [sys.executable, "-c", code, "example", "hello", "--fast", "--help", "-n", "3"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (7, "['--fast', '--help', '-n', '3'] examples.hello\n"), ran.stderr


def test_the_wheel_s_data_is_looked_at_where_there_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder `examples` without any routes.yaml below it is somebody else's."""
    an_example(tmp_path / "data" / "share" / "banyan")
    (tmp_path / "site-packages" / "examples" / "other").mkdir(parents=True)
    monkeypatch.setattr(example, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "data"))

    with pytest.raises(typer.Exit) as left:
        example.example()
    assert (left.value.exit_code, capsys.readouterr().out) == (0, "hello        Says hello\n")
