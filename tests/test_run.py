"""`./run` sets itself up once, again when something changed, and says in a sentence what it lacks.

Each test works on a copy of the script with a PATH of its own: the few system tools the script needs, this Python, and
stand-ins for uv and for commands that fail. Nothing is downloaded.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SYSTEM_TOOLS = ("bash", "env", "dirname", "id", "cat", "sha256sum", "flock", "mkdir", "rm", "cp", "chmod", "sleep")

UV = """
[[ $1 != --version ]] || exit 0
echo "$1" >>"{root}/uv.log"
[[ $1 != venv ]] || exec "{python}" -m venv --without-pip "${{@: -1}}"
[[ ! -e "{root}/broken" ]] || exit 1
sleep 0.2
printf '#!/bin/sh\\necho banyan "$@"\\n' >"{root}/.venv/bin/banyan"
chmod +x "{root}/.venv/bin/banyan"
"""

APT = """
[[ $1 != --version ]] || exit 0
echo "$@" >>"{root}/apt.log"
[[ $1 != update ]] || echo >"{root}/lists"
[[ -e "{root}/lists" ]]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A copy of what `run` reads, and the folder that is its PATH."""

    root: Path
    tools: Path

    def tool(self, name: str, body: str) -> None:
        """A command on PATH, as a bash script."""
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, *words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.tools), "HOME": str(self.root), **environment}
        command = [str(self.tools / "bash"), str(self.root / "run"), *words]
        return subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def set_ups(self) -> list[str]:
        """What uv was asked for so far."""
        log = self.root / "uv.log"
        return log.read_text(encoding="utf-8").split() if log.exists() else []


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree in which nothing is set up yet, used by an ordinary user, where only the last of the Pythons runs."""
    found = Tree(root=tmp_path / "tree", tools=tmp_path / "tools")
    found.tools.mkdir()
    for name in SYSTEM_TOOLS:
        (found.tools / name).symlink_to(shutil.which(name) or name)
    shutil.copytree(ROOT / "requirements", found.root / "requirements")
    shutil.copy(ROOT / "run", found.root)
    shutil.copy(ROOT / "pyproject.toml", found.root)
    found.tool("id", "echo 1000")
    found.tool("python3.13", "echo 'shim: no such version' >&2; exit 127")
    (found.tools / "python3").symlink_to(sys.executable)
    found.tool("uv", UV.format(root=found.root, python=sys.executable))
    return found


def test_help_names_every_command(tree: Tree) -> None:
    """Each command that the script takes is explained by its help, which needs no set-up."""
    script = (ROOT / "run").read_text(encoding="utf-8")
    commands = re.findall(r"^    (\w+)[^()]*\) ", script[script.index("case $command in") :], re.MULTILINE)

    assert {"demo", "test", "bench", "shell"} <= set(commands)
    assert all(f"\n  {command} " in tree.run("help").stdout for command in commands)
    assert tree.run().stdout == tree.run("help").stdout
    assert tree.set_ups() == []


def test_an_unknown_command_is_a_usage_error(tree: Tree) -> None:
    """What it does not know is named, beside the help, with the exit code for wrong usage."""
    answer = tree.run("tset")

    assert answer.returncode == 2
    assert "no command 'tset'" in answer.stderr
    assert "usage: ./run" in answer.stderr


def test_the_first_run_sets_up_and_the_second_does_not(tree: Tree) -> None:
    """A command sets up what it needs, with the Python that runs rather than the shim that fails, and only once."""
    first, second = tree.run("banyan", "check"), tree.run("banyan", "check")

    assert (first.returncode, first.stdout) == (0, "banyan check\n"), first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "banyan check\n", "")
    assert tree.set_ups() == ["venv", "pip", "pip"]


def test_a_command_of_banyans_runs_where_it_is_called(tree: Tree, tmp_path: Path) -> None:
    """`./run banyan check routes.yaml` means the caller's file, wherever the project lies."""
    tree.run("banyan")
    (tree.root / ".venv/bin/banyan").write_text("#!/bin/sh\npwd\n", encoding="utf-8")

    assert tree.run("banyan", "check", cwd=tmp_path).stdout == f"{tmp_path}\n"


def test_a_change_of_what_is_locked_installs_again(tree: Tree) -> None:
    """After a change of the locked file the next command installs from it, into the same environment."""
    tree.run("banyan")
    with (tree.root / "requirements/run.txt").open("a", encoding="utf-8") as file:
        file.write("new==1 --hash=sha256:0\n")
    tree.run("banyan")

    assert tree.set_ups() == ["venv", "pip", "pip", "pip", "pip"]


def test_a_moved_tree_is_set_up_anew(tree: Tree, tmp_path: Path) -> None:
    """Scripts in .venv name the folder they were made in, so a copied tree makes its own."""
    tree.run("banyan")
    moved = Tree(root=tmp_path / "moved", tools=tree.tools)
    shutil.copytree(tree.root, moved.root, symlinks=True)
    moved.tool("uv", UV.format(root=moved.root, python=sys.executable))

    assert moved.run("banyan").returncode == 0
    assert moved.set_ups() == [*tree.set_ups(), "venv", "pip", "pip"]


def test_a_failed_set_up_is_not_taken_for_done(tree: Tree) -> None:
    """When installing fails the command fails, and the next one tries again."""
    (tree.root / "broken").touch()

    assert tree.run("banyan").returncode != 0

    (tree.root / "broken").unlink()

    assert tree.run("banyan").stdout == "banyan\n"


def test_two_at_once_set_up_once(tree: Tree) -> None:
    """Of commands started together one sets up, and the others wait for it."""
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: tree.run("banyan"), range(3)))

    assert [answer.stdout for answer in answers] == ["banyan\n"] * 3
    assert tree.set_ups() == ["venv", "pip", "pip"]


def test_without_a_suitable_python_it_says_what_to_ask_for(tree: Tree) -> None:
    """No Python that is new enough: the sentence names those tried and the package."""
    tree.tool("python3", "exit 1")

    answer = tree.run("demo")

    assert answer.returncode == 1
    assert "no Python 3.11 or newer runs here" in answer.stderr
    assert "apt-get install python3 python3-venv" in answer.stderr


def test_without_any_installer_it_says_what_to_ask_for(tree: Tree, tmp_path: Path) -> None:
    """Debian's Python without its venv package, no pip and no uv: the sentence names the package."""
    (tree.tools / "uv").unlink()
    for module in ("ensurepip", "pip"):
        (tmp_path / f"{module}.py").write_text("raise ImportError", encoding="utf-8")

    answer = tree.run("demo", PYTHONPATH=str(tmp_path))

    assert answer.returncode == 1
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in answer.stderr


def test_a_user_is_told_what_the_tests_lack(tree: Tree) -> None:
    """All missing commands are named at once, as the packages that hold them."""
    tree.tool("curl", "exit 0")

    answer = tree.run("test")

    assert answer.returncode == 1
    assert answer.stderr.endswith("Ask your administrator for: apt-get install nodejs npm\n")


def test_root_installs_what_the_tests_lack(tree: Tree) -> None:
    """Root gets the missing packages from apt-get, which refreshes its lists if it must, and is told so."""
    tree.tool("id", "echo 0")
    tree.tool("curl", "exit 0")
    tree.tool("apt-get", APT.format(root=tree.root))

    answer = tree.run("test", "--version")

    assert "installing with apt-get: nodejs npm" in answer.stderr
    asked = (tree.root / "apt.log").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in asked] == ["install", "update", "install"]
    assert asked[-1].endswith("--no-install-recommends nodejs npm")


def test_the_quick_lane_asks_for_python_alone(tree: Tree) -> None:
    """`check` needs neither curl nor Node.js: it comes as far as pytest, which the stand-in has not installed."""
    answer = tree.run("check")

    assert "the tests also need" not in answer.stderr
    assert answer.stderr.endswith("No module named pytest\n"), answer.stderr


def test_ci_runs_what_a_contributor_runs(tree: Tree) -> None:
    """CI's entry runs `./run test` at the top of the tree, wherever it is called, with nothing on its input."""
    (tree.root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tree.root / ".ci/run")
    (tree.root / "run").write_text(f'#!{shutil.which("bash")}\necho "$PWD $* CI=$CI input=$(cat)"\n', encoding="utf-8")

    answer = subprocess.run([tree.root / ".ci/run"], cwd="/", input="typed", capture_output=True, text=True, check=True)

    assert answer.stdout == f"{tree.root} test CI=true input=\n"
