"""What this example needs from the machine: Node.js with oidc-provider, and two PostgreSQLs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from examples.stage.parts import find_modules, find_node, find_system_postgresql, find_wheel_postgresql
from proxy.store.embedded.binaries import Binaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found."""

    node: str
    modules: Path
    card: Binaries
    service: Binaries


def find_parts() -> Parts:
    """All of it; MissingPartError names the first that is missing."""
    return Parts(
        node=find_node("the aggregator"),
        modules=find_modules("oidc-provider", "9.13.3"),
        card=find_system_postgresql(15, "the card product"),
        service=find_wheel_postgresql(18, "the account service"),
    )
