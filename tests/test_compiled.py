"""What is shipped compiled does what the sources say."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parent.parent
EDGE = (
    "bodies",
    "breaker",
    "drain",
    "fallback",
    "faults",
    "keep_alive",
    "orders",
    "pipelining",
    "second",
    "shadow",
    "tunnel",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled wheel, unpacked; without optimisation, which changes nothing but the minutes it takes."""
    folder = tmp_path_factory.mktemp("compiled")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "wheel")]
    env = os.environ | {"BANYAN_COMPILE": "always", "MYPYC_OPT_LEVEL": "0", "PYTHONPATH": str(folder)}  # as others have
    built = subprocess.run(build, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    assert not built.returncode, built.stderr
    (wheel,) = (folder / "wheel").iterdir()
    ZipFile(wheel).extractall(folder / "tree")
    return folder / "tree"


def test_the_hot_path_is_compiled(tree: Path) -> None:
    """What the build names is an extension module in the wheel, beside its source."""
    named = runpy.run_path(str(ROOT / "hatch_build.py"))["COMPILED"]
    compiled = {f"{path.relative_to(tree).parent}/{path.name.partition('.')[0]}.py" for path in tree.rglob("*/*.so")}

    assert compiled == set(named)


def test_the_compiled_data_plane_passes_the_tests_of_the_interpreted_one(tree: Path) -> None:
    """All published byte cases and tests of every part of the data plane pass when the code under them is compiled."""
    files = [f"tests/edge/test_{name}.py" for name in EDGE]
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "proxy", "tests/wire/test_cases.py", *files]
    env = os.environ | {"PYTHONPATH": f"{tree}:{ROOT}"}
    ran = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)

    assert not ran.returncode, ran.stdout[-4000:]


def test_a_table_crosses_processes_compiled(tree: Path) -> None:
    """Values of compiled classes travel to the workers and are equal there; the modules are the compiled ones."""
    code = (
        "import proxy.core.route as r; assert r.__file__.endswith('.so'), r.__file__\n"
        "from proxy.config.load import load_text; from proxy.app.table_bytes import dump, load\n"
        "s = load_text(open('routes.yaml').read(), 'routes.yaml', {}).snapshot\n"
        "assert load(dump(s)).routes == s.routes\n"
    )
    env = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-P", "-c", code]
    ran = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)

    assert not ran.returncode, ran.stderr
