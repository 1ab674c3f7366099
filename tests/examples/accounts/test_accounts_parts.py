"""What the example needs from the machine, and what it says where that is not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples.accounts.stage.parts import find_parts
from examples.stage.parts import MissingPartError
from proxy.store.embedded.binaries import installed
from tests.examples.conftest import banyan


def test_a_missing_package_of_npm_is_told_with_its_command(tmp_path: Path) -> None:
    """Nothing is started; the command that brings it is the last word, and the exit code is 2."""
    played = banyan("example", "accounts", BANYAN_NODE_MODULES=str(tmp_path))

    assert (played.code, played.text) == (2, "")
    assert played.complaint.rstrip().endswith("oidc-provider@9.13.3")
    assert f"oidc-provider is not here (looked in {tmp_path})" in played.complaint


def test_a_node_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version is read, not guessed."""
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.19.0\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingPartError, match=r"Node.js is v18.19.0; the aggregator needs 20") as told:
        find_parts()
    assert told.value.cure.startswith("apt-get install nodejs")


def test_no_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what is missing, not as a program that cannot be found."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingPartError, match=r"Node.js is not here"):
        find_parts()


@pytest.mark.parametrize(
    ("missing", "cure"),
    [("the system's", "apt-get install postgresql"), ("the wheel's", "pip install 'banyan-proxy[embedded]'")],
)
def test_a_missing_postgresql_is_told_with_its_command(
    missing: str, cure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each store has its own: the system's, and that of the wheel."""
    (tmp_path / "oidc-provider").mkdir()
    (tmp_path / "oidc-provider" / "package.json").touch()
    monkeypatch.setenv("BANYAN_NODE_MODULES", str(tmp_path))
    found = installed()
    of_system = [each for each in found if each.folder.is_relative_to("/usr/lib/postgresql")]
    left = [each for each in found if (each in of_system) is not (missing == "the system's")]
    monkeypatch.setattr("examples.stage.parts.installed", lambda: left)

    with pytest.raises(MissingPartError) as told:
        find_parts()
    assert told.value.cure == cure


def test_the_words_of_the_command_are_its_own() -> None:
    """A phase that is none is wrong usage."""
    played = banyan("example", "accounts", "--phase", "4")

    assert played.code == 2
    assert "--phase" in played.complaint


def test_node_is_here() -> None:
    """CI plays the story: a part that is missing there fails."""
    assert shutil.which("node")
    assert find_parts().card.major >= 15
