"""The routes.yaml of the payid story, and the edits by which the bridge over nulls comes and goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from examples.payid.story.bridge import CLIENTS, null_paths, put_up, taken_away
from examples.stage.operator import own_copy
from proxy.config.load import Loaded, load_text
from proxy.core.routing.route import Route
from proxy.core.translation.adapter_policy import adapter_of
from tests.examples.conftest import ROOT, banyan

EXAMPLE = ROOT / "examples" / "payid"
PORTS = ("BANYAN", "ADMIN", "LEGACY", "CART", "SHOP", "APP", "LOGIN", "OFFICE")
VARIABLES = {
    **{f"PAYID_{name}": str(7000 + at) for at, name in enumerate(PORTS)},
    "PAYID_COOKIE_KEY": "k" * 40,
    "PAYID_STATE": "postgresql://postgres@/banyan?host=/tmp",
    "PAYID_LEGACY_READER": "postgresql://reader@/postgres?host=/tmp/legacy",
    "PAYID_NEW_READER": "postgresql://reader@/postgres?host=/tmp/new",
}
TEXT = (EXAMPLE / "routes.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With both key sets."""
    for name in ("buyers", "shops"):
        key = ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": "ES256"})
        (tmp_path / f"{name}-jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return tmp_path


def loaded(text: str, folder: Path) -> dict[str, Route]:
    """The routes of a file, by name."""
    found = load_text(text, str(folder / "routes.yaml"), VARIABLES)
    assert isinstance(found, Loaded), found
    return {route.name: route for route in found.snapshot.routes}


def test_the_file_is_one_that_banyan_takes(folder: Path) -> None:
    """`banyan check` has no objection and no warning, with the variables that the story sets."""
    played = banyan("check", str(own_copy(EXAMPLE, folder).path), **VARIABLES)

    assert played.code == 0, played.text + played.complaint
    assert "no warnings" in played.text


def test_each_edit_of_the_bridge_is_taken(folder: Path) -> None:
    """Put up for all at once, taken away client by client: the others keep theirs, and at the end none is left."""
    text = put_up(TEXT)
    bridged = [{name for name in CLIENTS if adapter_of(loaded(text, folder)[f"account.{name}"].steps)}]
    for client in CLIENTS:
        text = taken_away(client, text)
        bridged.append({name for name in CLIENTS if adapter_of(loaded(text, folder)[f"account.{name}"].steps)})

    assert bridged == [{"cart", "shop", "app"}, {"shop", "app"}, {"app"}, set()]
    assert "adapter" not in text


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_is_freed_has_its_nulls_excused(client: str) -> None:
    """Each path where it reads what may be null, by its own team and with an end."""
    text = taken_away(client, put_up(TEXT))
    (line,) = [line for line in text.splitlines() if line.startswith("    compare: { null_absent:")]

    assert all(f"path: {path}, reason: absent means null, owner: team-{client}" in line for path in null_paths(client))
    assert line.count("until: ") == line.count("path: ")
