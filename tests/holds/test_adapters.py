"""The suite of adapters that do harm."""

from __future__ import annotations

from pathlib import Path

from holds.isolation.adapters import ADAPTERS, code, routes
from proxy.config.load import Loaded, load_file
from proxy.core.translation.adapter_policy import adapter_of


def test_what_does_harm_is_let_in(tmp_path: Path) -> None:
    """Whoever reads the code finds nothing, else nothing would be measured."""
    (tmp_path / "adapters").mkdir()
    for name, does in ADAPTERS.items():
        (tmp_path / "adapters" / f"{name}.py").write_text(code(does))
    file = tmp_path / "routes.yaml"
    file.write_text(
        routes().replace("@LISTEN@", "1").replace("@ADMIN@", "2").replace("@LEGACY@", "3").replace("@NEW@", "3")
    )
    found = load_file(file, {})

    assert isinstance(found, Loaded), found
    adapters = [adapter_of(route.steps) for route in found.snapshot.routes]
    assert [None if each is None else each.name for each in adapters] == [*ADAPTERS, None]
