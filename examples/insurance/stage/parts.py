"""What this example needs from the machine: Node.js with oidc-provider, two PostgreSQLs, botocore."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from examples.stage.parts import (
    MissingPartError,
    find_curl,
    find_modules,
    find_node,
    find_system_postgresql,
    find_wheel_postgresql,
)
from proxy.store.embedded.binaries import Binaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found."""

    node: str
    modules: Path
    backend: Binaries
    contract: Binaries


def find_parts() -> Parts:
    """All of it; MissingPartError names the first that is missing."""
    if find_spec("botocore") is None:
        message = "botocore is not here; the consumer app signs with it, and the back end checks signatures by it."
        raise MissingPartError(message, "pip install 'banyan-proxy[aws]'")
    find_curl("by it a service that has moved is asked, as well as by the probe")
    return Parts(
        node=find_node("the identity provider"),
        modules=find_modules("oidc-provider", "9.13.3"),
        backend=find_system_postgresql(15, "the consumer back end"),
        contract=find_wheel_postgresql(18, "the contract service"),
    )
