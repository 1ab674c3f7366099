"""What `explain` says where some route has state, which only a worker keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Banyan
from tests.cli.explain.test_explain import unfolded

ROUTES = """\
version: 1
listen: 127.0.0.1:8080
state: embedded
upstreams:
  legacy: { url: "http://legacy.internal:3000", applies: /-/applies }
  new: { url: "http://new.internal:8000", applies: /-/applies }
routes:
  - name: set
    match: PUT /items/{id}
    stage: shadow
    writes: { mode: dual, key: path:id }
  - { name: make, match: POST /items, stage: legacy, idempotency: required }
  - { name: rest, match: /**, stage: legacy }
"""


@pytest.mark.parametrize(
    ("method", "target", "name"), [("PUT", "/items/7", "set"), ("POST", "/items", "make"), ("GET", "/x", "rest")]
)
def test_no_route_is_explained_by_what_is_kept_elsewhere(
    banyan: Banyan, folder: Path, method: str, target: str, name: str
) -> None:
    """Dual writes and idempotency keys of the file are in nobody's way: no worker runs, and nothing is begun."""
    (folder / "routes.yaml").write_text(ROUTES, encoding="utf-8")
    result = banyan("explain", method, target, "--file-only", "-H", 'Idempotency-Key: "k"')

    assert result.exit_code == 0, result.output
    assert f"route {name}" in " ".join(unfolded(result.stdout).split())
