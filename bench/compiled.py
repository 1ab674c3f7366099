"""Banyan as a plain install has it: built as a wheel, compiled where a C compiler stands, and unpacked under `.cache`.

Built once for each state of the sources; an interpreted one says so in the table.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "compiled"


def installed() -> Path:
    """The folder to put on PYTHONPATH."""
    folder = CACHE / _state()
    if not folder.exists():
        print("building Banyan as an installer would (a minute or two) …", file=sys.stderr, flush=True)
        _build(folder)
    return folder


def run(module: str, *arguments: str) -> str:
    """What a module of this package prints when it runs on the plain install."""
    env = os.environ | {"PYTHONPATH": f"{installed()}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def is_compiled() -> bool:
    """Whether the build found what it needs to compile."""
    return any(installed().glob("*.so"))


def _build(folder: Path) -> None:
    """Build beside, then move: a build that was interrupted leaves nothing that looks finished."""
    CACHE.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        wheels = beside / "wheel"
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = wheels.iterdir()
        ZipFile(wheel).extractall(beside / "tree")
        (beside / "tree").rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _state() -> str:
    """A name for these sources, this Python and this way to build."""
    digest = sha256(f"{sys.implementation.cache_tag} {os.environ.get('BANYAN_COMPILE', '')}".encode())
    for path in [ROOT / "hatch_build.py", *sorted((ROOT / "proxy").rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
