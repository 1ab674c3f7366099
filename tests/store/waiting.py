"""How long a store is waited for."""

from __future__ import annotations

from proxy.store.postgres.connections import Patience

PATIENT = Patience(timeout=60.0, connect=60.0, first_wait=0.05, longest_wait=0.2)
"""For tests of anything but patience: a busy machine is not a server that is away."""
