"""What examples need from the machine: Node.js with a package of npm, the system's PostgreSQL, the wheel's.

A part that is missing or too old is told with the command that brings it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from proxy.store.embedded.binaries import Binaries, installed

LEAST_NODE = 20
MODULES = Path.home() / ".cache" / "banyan" / "examples"
_CHECKOUT = Path(__file__).parents[2] / ".venv" / "node" / "node_modules"
_DEBIAN = Path("/usr/lib/postgresql")


class MissingPartError(Exception):
    """`message` says what is not there, `cure` is the command that brings it."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def find_node(of: str) -> str:
    """Where it is; `of` runs on it, as in: the aggregator."""
    cure = f"apt-get install nodejs npm    # {LEAST_NODE} or later"
    node = shutil.which("node")
    if node is None:
        raise MissingPartError(f"Node.js is not here; {of} runs on it.", cure)
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.match(r"v(\d+)", said)
    if not found or int(found[1]) < LEAST_NODE:
        raise MissingPartError(f"Node.js is {said.strip() or 'broken'}; {of} needs {LEAST_NODE}.", cure)
    return node


def find_curl(of: str) -> None:
    """On the PATH; `of` is what it does."""
    if shutil.which("curl") is None:
        raise MissingPartError(f"curl is not here; {of}.", "apt-get install curl")


def find_modules(package: str, version: str) -> Path:
    """The `node_modules` in which this package of npm lies."""
    named = os.environ.get("BANYAN_NODE_MODULES")
    places = [Path(named)] if named else [_CHECKOUT, MODULES / "node_modules"]
    for place in places:
        if (place / package / "package.json").is_file():
            return place
    tried = ", ".join(map(str, places))
    raise MissingPartError(
        f"npm's {package} is not here (looked in {tried}).", f"npm install --prefix {MODULES} {package}@{version}"
    )


def find_system_postgresql(least: int, of: str) -> Binaries:
    """The system's, of this major version where that is here, else of a later one; it is the store of `of`."""
    found = [each for each in installed() if each.folder.is_relative_to(_DEBIAN) and each.major >= least]
    if not found:
        message = f"The system's PostgreSQL, {least} or later, is not here; {of}'s store is one."
        raise MissingPartError(message, "apt-get install postgresql")
    return next((each for each in found if each.major == least), found[-1])


def find_wheel_postgresql(least: int, of: str) -> Binaries:
    """That of the wheel, of this major version or a later one."""
    for each in installed():
        if each.major >= least and not each.folder.is_relative_to(_DEBIAN):
            return each
    message = f"PostgreSQL {least} is not here; {of}'s store is one."
    raise MissingPartError(message, "pip install 'banyan-proxy[embedded]'")
