"""`banyan replay`, as far as it goes without a running Banyan; tests/e2e/evidence has the rest."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import ROUTES, Banyan

ADAPTERS = "adapters: { app: { speaks: legacy, answer: [{ add: $.fax }] } }\n"


def test_what_an_adapter_would_have_translated_is_not_replayed(banyan: Banyan, folder: Path) -> None:
    """It was kept as the client sent it, which new does not understand; the command says what to do instead."""
    routes = ROUTES.replace("    split: 10%\n", "    split: 10%\n    adapter: app\n")
    (folder / "routes.yaml").write_text(routes + ADAPTERS, encoding="utf-8")

    found = banyan("replay orders.show")

    assert found.exit_code == 2
    assert "orders.show has the adapter app" in found.stderr
    assert "banyan adapter try" in found.stderr
