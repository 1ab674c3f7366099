"""What this example needs from the machine: two PostgreSQLs, and google-auth, by which Banyan gets its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from examples.stage.parts import MissingPartError, find_system_postgresql, find_wheel_postgresql
from proxy.store.embedded.binaries import Binaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was found."""

    customers: Binaries
    others: Binaries


def find_parts() -> Parts:
    """All of it; MissingPartError names the first that is missing."""
    if find_spec("google") is None or find_spec("google.auth") is None:
        message = "google-auth is not here; Banyan calls the CRM back end with an identity token of Google's."
        raise MissingPartError(message, "pip install 'banyan-proxy[google]'")
    return Parts(
        customers=find_system_postgresql(15, "the customer service"),
        others=find_wheel_postgresql(18, "the valuation service"),
    )
