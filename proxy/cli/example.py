"""`banyan example`: a published migration, played from end to end with real parts. Banyan itself knows none of them.

Rule 1: an example is a package below `examples` with a routes.yaml, in a checkout or among the data of the wheel; its
        README's first line says what it is.
Rule 2: it becomes this very process: arguments, output and exit code are its own.
Rule 3: with `--all` this process becomes the package beside them that plays them all (`TOGETHER`).
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.terminal import complain, leave, say

FOLDER = "examples"
TOGETHER = "together"
CHECKOUT = Path(__file__).parents[2]
LESSON = Lesson(
    purpose="Play a published migration with real parts.",
    more="Without a name: which there are. What stands behind the name belongs to the example: --help there says what "
    "it takes. Each starts its systems, their stores and a Banyan on this machine, plays the migration under load, "
    "tells what happens and why, and ends with figures and a verdict; its folder has a README and a routes.yaml. "
    "With --all all of them are played, as many at once as there are cores (--at-once N), and end in one table (--json "
    "has it as JSON); what measures a ratio is played alone, and --fast is what it is to each of them.",
    example="banyan example",
    exits={
        FINE: "listed; or all that had to be so was so",
        FOUND: "something was not so, or could not start",
        UNUSABLE: "wrong usage, no such example, or a part is missing: the command that brings it is told",
    },
)
PASSED_ON: Mapping[str, bool] = {"allow_interspersed_args": False, "ignore_unknown_options": True}
"""Options behind the name are the example's."""


def example(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which; without it all are listed.")] = "",
    words: Annotated[list[str] | None, typer.Argument(metavar="[ARGUMENTS]...", help="The example's own.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them, and one table of what became of each.")] = False,
) -> None:
    """See LESSON."""
    found = dict(_examples())
    if every and found:
        _become(next(iter(found.values())).parent / TOGETHER, [*filter(None, [name]), *(words or [])])
    if not name:
        for each, folder in found.items():
            say(f"{each:<12} {_title(folder)}")
        leave(FINE)
    if name not in found:
        complain(f"there is no example {name!r}.", f"There is: {', '.join(found) or 'none in this installation'}.")
        leave(UNUSABLE)
    _become(found[name], words or [])


def _examples() -> Iterator[tuple[str, Path]]:
    """By name, from the first place that has any."""
    for place in (CHECKOUT, Path(sysconfig.get_path("data"), "share", "banyan")):
        found = [path.parent for path in sorted((place / FOLDER).glob("*/routes.yaml"))]
        if found:
            yield from ((folder.name, folder) for folder in found)
            return


def _title(folder: Path) -> str:
    try:
        return (folder / "README.md").read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
    except OSError:
        return ""


def _become(folder: Path, words: list[str]) -> None:
    """Rule 2. It finds itself, and this very Banyan."""
    paths = dict.fromkeys([str(folder.parents[1]), str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-P", "-m", f"{FOLDER}.{folder.name}", *words]
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)})  # noqa: S606 -- its own words
