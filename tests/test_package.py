"""What `pip install` puts on a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import proxy

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel, built as an installer builds it, with nothing downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=os.environ | {"BANYAN_COMPILE": "never"})
    (path,) = folder.iterdir()
    return ZipFile(path)


def test_the_wheel_holds_both_packages_and_their_data(wheel: ZipFile) -> None:
    """Every file of proxy and adapters is in it, schemas and pages too; tests and benchmarks are not."""
    ours = {
        str(path.relative_to(ROOT))
        for package in ("proxy", "adapters")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert {name for name in wheel.namelist() if ".dist-info/" not in name and ".data/" not in name} == ours


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.iterdir()
    subprocess.run(["tar", "-xzf", path, "-C", folder], check=True)
    return folder / f"banyan_proxy-{proxy.__version__}"


def test_the_sources_are_all_there(sources: Path) -> None:
    """Whoever unpacks the sdist has each file that builds, runs and tests it, and nothing that is made by the way."""
    names = [*PARTS, *(name for name in BESIDE if (ROOT / name).exists())]
    here = {path.relative_to(ROOT) for name in names for path in _files(ROOT / name)}
    packed = {path.relative_to(sources) for path in _files(sources)}

    assert here - packed == set()
    assert {str(path) for path in packed - here} == {"PKG-INFO"}


def test_the_sources_collect_every_test(sources: Path, request: pytest.FixtureRequest) -> None:
    """Pytest finds the same tests in the unpacked sdist as here: none lacks a module or a file."""
    here = _already_collected(request.session) or _collected(ROOT)

    assert _collected(sources) == here
    assert len(here) > 1000


PARTS = ("proxy", "adapters", "examples", "tests", "bench", "holds", "docs", "requirements", ".ci")
BESIDE = (
    *("run", "hatch_build.py", "pyproject.toml", "Dockerfile", ".dockerignore", ".gitignore", "routes.yaml"),
    *("LICENSE", "README.md", "CONTRIBUTING.md", "SECURITY.md"),
)


def _files(path: Path) -> list[Path]:
    """The file, or those below the folder that nobody's tools have made."""
    found = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return [each for each in found if not {"__pycache__", ".cache", ".hypothesis", ".banyan"} & {*each.parts}]


def _already_collected(session: pytest.Session) -> set[str]:
    """What this run has found itself, where it is a run of everything; else nothing."""
    files = {item.path for item in session.items}
    chosen = session.config.option.keyword or session.config.option.markexpr
    whole = not chosen and files == set((ROOT / "tests").rglob("test_*.py"))
    return {item.nodeid for item in session.items} if whole else set()


def _collected(root: Path) -> set[str]:
    command = [sys.executable, "-P", "-m", "pytest", "--collect-only", "--assert=plain", "-q", "tests"]
    env = os.environ | {"PYTHONPATH": str(root)}
    ran = subprocess.run(command, cwd=root, env=env, check=False, capture_output=True, text=True)
    assert not ran.returncode, ran.stdout[-4000:]
    return {line for line in ran.stdout.splitlines() if "::" in line}


def test_the_wheel_makes_the_command(wheel: ZipFile) -> None:
    """Installing it makes the command `banyan`, and type checkers see its types."""
    entry_points = wheel.read(f"banyan_proxy-{proxy.__version__}.dist-info/entry_points.txt").decode()

    assert "banyan = proxy.__main__:main" in entry_points
    assert "proxy/py.typed" in wheel.namelist()


def test_the_wheel_carries_the_examples(wheel: ZipFile) -> None:
    """As data, where `banyan example` looks for them, with what is no Python."""
    data = f"banyan_proxy-{proxy.__version__}.data/data/share/banyan/examples"
    here = {str(path.relative_to(ROOT / "examples")) for path in _files(ROOT / "examples")}

    assert {name.removeprefix(f"{data}/") for name in wheel.namelist() if name.startswith(data)} == here


def test_the_wheel_carries_the_licence(wheel: ZipFile) -> None:
    """Apache-2.0 asks that its text goes with every copy."""
    text = wheel.read(f"banyan_proxy-{proxy.__version__}.dist-info/licenses/LICENSE")

    assert text == (ROOT / "LICENSE").read_bytes()
