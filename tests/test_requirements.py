"""The locked files say one thing, hold what pyproject.toml asks for, and tell nobody where they came from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = {
    "run": PROJECT["dependencies"],
    "dev": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
    "bench": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["bench"],
    "release": PROJECT["optional-dependencies"]["release"],
}
SHAPE = re.compile(
    r"(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;]+)( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+"
)


def locked(group: str) -> dict[str, str]:
    """Name and version of everything that one file installs."""
    text = (FOLDER / f"{group}.txt").read_text(encoding="utf-8")
    return {hit["name"]: hit["version"] for hit in SHAPE.finditer(text)}


@pytest.mark.parametrize("group", [*ASKED, "build"])
def test_a_locked_file_holds_pins_and_hashes_only(group: str) -> None:
    """Each requirement is one exact version with its hashes; nothing else stands in the file, no address, no remark."""
    assert SHAPE.sub("", (FOLDER / f"{group}.txt").read_text(encoding="utf-8")) == ""


@pytest.mark.parametrize("group", ASKED)
def test_what_is_asked_for_is_locked(group: str) -> None:
    """Whatever pyproject.toml names is in the locked file, at a version that it accepts."""
    found = locked(group)
    wrong = [asked for asked in ASKED[group] if found.get(name(asked), "none") not in Requirement(asked).specifier]

    assert wrong == []


def test_the_locked_files_agree() -> None:
    """A package has the same version in every file, so that one environment can hold several of them."""
    everything = locked("dev") | locked("bench") | locked("release")

    assert all(locked(group).items() <= everything.items() for group in ("run", "dev", "build", "release"))
    assert locked("run").items() <= locked("bench").items()


def test_the_build_s_backend_is_locked() -> None:
    """Installing Banyan itself downloads nothing that is not locked."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]

    assert [name(each) for each in asked][:2] == ["hatchling", "mypy"]
    assert all(locked("build")[name(each)] in Requirement(each).specifier for each in asked)


def test_lint_and_types_are_pinned_where_they_are_asked_for() -> None:
    """Another version of ruff or mypy finds other things, so pyproject.toml names exactly one."""
    exact = [asked for asked in ASKED["dev"] if "==" in asked]

    assert [name(asked) for asked in exact] == ["mypy", "ruff"]


@pytest.mark.parametrize("asked", [*ASKED["dev"], *PROJECT["optional-dependencies"]["bench"], *ASKED["release"]])
def test_every_dependency_says_why_it_is_there(asked: str) -> None:
    """docs/dependencies.md has a line for each package that pyproject.toml names."""
    assert f"| `{name(asked)}` |" in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")


def test_the_node_tools_are_pinned_and_hashed() -> None:
    """What comes from npm is one exact version, each package with its hash and without an address."""
    asked = json.loads((FOLDER / "node/package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((FOLDER / "node/package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {path: package for path, package in packages.items() if path}

    assert {path: installed[f"node_modules/{path}"]["version"] for path in asked} == asked
    assert all("integrity" in package and "resolved" not in package for package in installed.values())


def name(asked: str) -> str:
    return Requirement(asked).name
