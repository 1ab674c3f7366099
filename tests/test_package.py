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

    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == ours


def test_the_wheel_makes_the_command(wheel: ZipFile) -> None:
    """Installing it makes the command `banyan`, and type checkers see its types."""
    entry_points = wheel.read(f"banyan_proxy-{proxy.__version__}.dist-info/entry_points.txt").decode()

    assert "banyan = proxy.cli.main:main" in entry_points
    assert "proxy/py.typed" in wheel.namelist()


def test_the_wheel_carries_the_licence(wheel: ZipFile) -> None:
    """Apache-2.0 asks that its text goes with every copy."""
    text = wheel.read(f"banyan_proxy-{proxy.__version__}.dist-info/licenses/LICENSE")

    assert text == (ROOT / "LICENSE").read_bytes()
