from __future__ import annotations

import pickle

import pytest

from proxy.config.load import Loaded, load_text
from proxy.link.table_bytes import dump, load

TEXT = """
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: { url: "http://legacy.internal:3000", health: /healthz }
  new: { url: "https://new.internal:8443", timeout: { connect: 1s } }
routes:
  - name: orders
    match: { methods: [GET], path: "/orders/{id}", headers: { X-Client: app }, query: { v: ["1", "2"] } }
    stage: canary
    split: 10%
    cohort: [header:X-Tenant-Id, cookie:session, path:id]
  - { name: closed, match: /closed, respond: { status: 403, body: "no" } }
  - { name: rest, match: "/**", stage: legacy }
"""


def test_what_arrives_is_what_left() -> None:
    """A snapshot comes out of its bytes equal in every field, and its table answers as before."""
    loaded = load_text(TEXT, "routes.yaml", {})
    assert isinstance(loaded, Loaded)

    arrived = load(dump(loaded.snapshot))

    assert arrived.routes == loaded.snapshot.routes
    assert arrived.upstreams == loaded.snapshot.upstreams
    assert (arrived.limits, arrived.listen, arrived.revision) == (
        loaded.snapshot.limits,
        loaded.snapshot.listen,
        loaded.snapshot.revision,
    )


def test_something_else_is_refused_by_name() -> None:
    """Bytes that hold no snapshot are an error that says what they hold."""
    with pytest.raises(TypeError, match="a table came as list"):
        load(pickle.dumps([]))
