"""What the example needs from the machine: Node.js with oidc-provider, and two PostgreSQLs.

A part that is missing or too old is told with the command that brings it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from proxy.store.embedded.binaries import Binaries, installed

LEAST_NODE = 20
LEAST_CARD, LEAST_SERVICE = 15, 18
PROVIDER = "oidc-provider@9.13.3"
MODULES = Path.home() / ".cache" / "banyan" / "examples"
_CHECKOUT = Path(__file__).parents[3] / ".venv" / "node" / "node_modules"
_DEBIAN = Path("/usr/lib/postgresql")


class MissingPartError(Exception):
    """`message` says what is not there, `cure` is the command that brings it."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found."""

    node: str
    modules: Path
    card: Binaries
    service: Binaries


def find_parts() -> Parts:
    """All of it; MissingPartError names the first that is missing."""
    return Parts(node=_node(), modules=_modules(), card=_card(), service=_service())


def _node() -> str:
    cure = f"apt-get install nodejs npm    # {LEAST_NODE} or later"
    node = shutil.which("node")
    if node is None:
        raise MissingPartError("Node.js is not here; the aggregator runs on it.", cure)
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.match(r"v(\d+)", said)
    if not found or int(found[1]) < LEAST_NODE:
        raise MissingPartError(f"Node.js is {said.strip() or 'broken'}; the aggregator needs {LEAST_NODE}.", cure)
    return node


def _modules() -> Path:
    named = os.environ.get("BANYAN_NODE_MODULES")
    places = [Path(named)] if named else [_CHECKOUT, MODULES / "node_modules"]
    for place in places:
        if (place / "oidc-provider" / "package.json").is_file():
            return place
    tried = ", ".join(map(str, places))
    raise MissingPartError(
        f"npm's oidc-provider is not here (looked in {tried}).", f"npm install --prefix {MODULES} {PROVIDER}"
    )


def _card() -> Binaries:
    found = [each for each in installed() if each.folder.is_relative_to(_DEBIAN) and each.major >= LEAST_CARD]
    if not found:
        message = f"The system's PostgreSQL, {LEAST_CARD} or later, is not here; the card product's store is one."
        raise MissingPartError(message, "apt-get install postgresql")
    return next((each for each in found if each.major == LEAST_CARD), found[-1])


def _service() -> Binaries:
    for each in installed():
        if each.major >= LEAST_SERVICE and not each.folder.is_relative_to(_DEBIAN):
            return each
    message = f"PostgreSQL {LEAST_SERVICE} is not here; the account service's store is one."
    raise MissingPartError(message, "pip install 'banyan-proxy[embedded]'")
