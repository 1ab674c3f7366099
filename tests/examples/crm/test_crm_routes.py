"""The routes.yaml of the CRM story, and the edits that the story makes in it."""

from __future__ import annotations

from pathlib import Path

from examples.crm.stage.scene import COPIES
from examples.crm.systems.settings import AUDIENCE
from examples.stage.operator import own_copy
from proxy.config.load import Loaded, load_text
from proxy.core.upstream_auth.token_source import GoogleIdentity
from tests.examples.conftest import ROOT, banyan

EXAMPLE = ROOT / "examples" / "crm"
PORTS = ("BANYAN", "ADMIN", "LEGACY", "NEW", "VALUATIONS")
VARIABLES = {
    **{f"CRM_{name}": str(7000 + at) for at, name in enumerate(PORTS)},
    **{f"CRM_{name.upper()}": f"postgresql://postgres@/{name}?host=/tmp" for name in COPIES},
    "CRM_STATE": "postgresql://postgres@/banyan?host=/tmp",
    "CRM_REPLICA": "postgresql://postgres@127.0.0.1:7010/postgres",
}


def loaded(text: str) -> Loaded:
    found = load_text(text, "routes.yaml", VARIABLES)
    assert isinstance(found, Loaded)
    return found


def test_the_file_is_one_that_banyan_takes(tmp_path: Path) -> None:
    """`banyan check` has no objection, with the variables that the story sets."""
    played = banyan("check", str(own_copy(EXAMPLE, tmp_path).path), **VARIABLES)

    assert played.code == 0, played.text + played.complaint


def test_every_api_moves_on_its_own(tmp_path: Path) -> None:
    """Each edit moves one route, and no other; ramps go out by one line."""
    routes = own_copy(EXAMPLE, tmp_path)
    before = loaded(routes.path.read_text()).snapshot.routes
    for name in (route.name for route in before if route.name != "valuations"):
        routes.set(name, stage="canary", split="50%")
        now = loaded(routes.path.read_text()).snapshot.routes
        assert [route.name for route, old in zip(now, before, strict=True) if route.stage != old.stage] == [name]
        routes.set(name, stage="legacy", split="")
    routes.set("customers.show", ramp="")

    assert loaded(routes.path.read_text()).snapshot.routes[0].ramp is None


def test_new_is_called_with_a_token_for_the_service_of_the_other_project() -> None:
    """The audience that the front end of Cloud Run asks for."""
    auth = loaded((EXAMPLE / "routes.yaml").read_text()).snapshot.upstreams["new"].auth

    assert auth is not None
    assert auth.source == GoogleIdentity(audience=AUDIENCE)
