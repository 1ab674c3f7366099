"""`python -m tests.mutants [WORD]`: apply each mutant whose name holds the word, and see the tests notice it.

Exit code 0: each died; 1: one lived, or its tests fail without it; 2: no mutant has that word.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "dist")
FAILED = 1
"""pytest's exit code when tests ran and some failed; any other says that they did not run as meant."""


def main(words: list[str]) -> int:
    """Play them in a copy of the project."""
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.name for word in words)]
    if not chosen:
        print(f"no mutant has {' '.join(words)!r} in its name")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        if code := tests(copy, sorted({test for mutant in chosen for test in mutant.tests})):
            print(f"the tests fail without any mutant (pytest exits {code})")
            return 1
        lived = [mutant for mutant in chosen if not dies(copy, mutant)]
    print(f"{len(chosen) - len(lived)} of {len(chosen)} died")
    return 1 if lived else 0


def dies(copy: Path, mutant: Mutant) -> bool:
    """Whether its tests notice it; the copy is as it was afterwards."""
    file = copy / mutant.path
    text = file.read_text(encoding="utf-8")
    file.write_text(mutated(text, mutant), encoding="utf-8")
    try:
        code = tests(copy, mutant.tests)
    finally:
        file.write_text(text, encoding="utf-8")
    print(f"{'died ' if code == FAILED else 'LIVED'} {mutant.path}: {mutant.name}", flush=True)
    return code == FAILED


def mutated(text: str, mutant: Mutant) -> str:
    """The file with the mutant; ValueError unless its text stands there once."""
    if text.count(mutant.before) != 1:
        raise ValueError(f"{mutant.path} has {mutant.before!r} {text.count(mutant.before)} times, not once")
    return text.replace(mutant.before, mutant.after)


def tests(copy: Path, arguments: Iterable[str]) -> int:
    """Play these tests on the copy; pytest's exit code."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
