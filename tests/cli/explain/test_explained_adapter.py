"""What `banyan explain` says of a route with an adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import ROUTES, Banyan

ADAPTER = "adapters: { app: { speaks: legacy, request: [{ rename: $.a, to: b }], answer: [{ drop: $.c }] } }\n"


@pytest.fixture
def adapted(folder: Path) -> Path:
    """New answers some tenants."""
    routes = ROUTES.replace("    split: 10%\n", "    split: 10%\n    adapter: app\n")
    (folder / "routes.yaml").write_text(routes + ADAPTER, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("stage", "fields", "says", "exit_code"),
    [
        ("legacy", "", "clients speak legacy, which gets the request as it is", 0),
        ("live", "", "app translates for new; steps: 1 on the request, 1 on its answer, none on an error", 0),
        ("live", "-H 'If-Match: \"a\"'", "a precondition: it is a validator of one side", 1),
    ],
)
def test_it_says_what_the_adapter_would_do(
    banyan: Banyan, adapted: Path, stage: str, fields: str, says: str, exit_code: int
) -> None:
    """Translate, leave all as it is, or refuse."""
    file = adapted / "routes.yaml"
    file.write_text(file.read_text().replace("stage: canary\n    split: 10%", f"stage: {stage}"), encoding="utf-8")

    found = banyan(f"explain GET /orders/7 --file-only {fields}")

    assert says in " ".join(found.stdout.split())
    assert found.exit_code == exit_code
