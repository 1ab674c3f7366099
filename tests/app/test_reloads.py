"""What stands in the log of points that are open."""

from __future__ import annotations

import structlog

from proxy.app.reloads import log_leniency, table_of
from proxy.config.load import Loaded, load_text
from tests.config.given_files import FILE, snapshot

OPEN = """
version: 1
listen: :8080
leniency: [unknown_methods]
upstreams:
  legacy: { url: "http://legacy.internal", leniency: [obs_fold, bare_lf] }
routes:
  - { name: devices, match: /devices, stage: legacy, leniency: [bare_lf] }
  - { name: rest, match: /**, stage: legacy }
"""


def test_every_open_point_is_named_with_its_place() -> None:
    """One line for the top, each upstream and each route that opens something; none for the others."""
    loaded = load_text(OPEN, "routes.yaml", {})
    assert isinstance(loaded, Loaded)

    with structlog.testing.capture_logs() as lines:
        log_leniency(loaded.snapshot)

    assert [(line["event"], line["where"], line["points"]) for line in lines] == [
        ("leniency_open", "top", ["unknown_methods"]),
        ("leniency_open", "upstreams.legacy", ["bare_lf", "obs_fold"]),
        ("leniency_open", "routes.devices", ["bare_lf"]),
    ]


def test_workers_get_no_password_of_a_database() -> None:
    """A table travels to them without the databases that only commands read."""
    text = FILE + 'databases: { a: { url: "postgresql://reader:SECRET-a@db/a" } }\n'

    assert b"SECRET-a" not in table_of(snapshot(text)).pickled
