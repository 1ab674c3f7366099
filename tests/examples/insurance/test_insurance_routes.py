"""The files of the insurance story: taken by Banyan as they stand, and refused where they must be."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from examples.insurance.stage.foundation import FILES
from examples.stage.operator import own_copy
from proxy.config.load import Loaded, load_text
from tests.examples.conftest import ROOT, banyan

EXAMPLE = ROOT / "examples" / "insurance"
PORTS = ("BANYAN", "ADMIN", "LEGACY", "PLAN", "CONTRACT", "PROVIDER", "LOCAL_ADMIN")
VARIABLES = {
    **{f"INSURANCE_{name}": str(7000 + at) for at, name in enumerate(PORTS)},
    "INSURANCE_PLAN_HOST": "plan.insurance.internal",
    "INSURANCE_CONTRACT_HOST": "contract.insurance.internal",
    "INSURANCE_STATE": "postgresql://postgres@/banyan?host=/tmp",
    "INSURANCE_BACKEND_READER": "postgresql://reader@/postgres?host=/tmp/backend",
    "INSURANCE_SERVICE_READER": "postgresql://reader@/postgres?host=/tmp/service",
    "INSURANCE_LOCAL": "127.0.0.1:7010",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of all of them, with what they name."""
    for name in FILES:
        own_copy(EXAMPLE, tmp_path, name)
    (tmp_path / "suspended.txt").touch()
    (tmp_path / "gateway.pem").write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return tmp_path


@pytest.mark.parametrize("name", ["routes.yaml", "local.yaml"])
def test_the_files_are_ones_that_banyan_takes(name: str, files: Path) -> None:
    """`banyan check` has no objection, with the variables that the story sets."""
    played = banyan("check", str(files / name), **VARIABLES)

    assert played.code == 0, played.text + played.complaint


def test_auth_off_is_refused_off_loopback(files: Path) -> None:
    """The file of one machine, on all of its addresses."""
    played = banyan("check", str(files / "local.yaml"), **(VARIABLES | {"INSURANCE_LOCAL": "0.0.0.0:7010"}))

    assert played.code == 2
    assert "anybody may call it, from other machines too" in played.text


def test_nobody_is_signed_for_by_leaving_his_signature_out(files: Path) -> None:
    """The app's route leads to an upstream that Banyan calls as nobody; partners' routes to one that it signs for."""
    loaded = load_text((files / "routes.yaml").read_text(), str(files / "routes.yaml"), VARIABLES)
    assert isinstance(loaded, Loaded)
    auth = {route.name: loaded.snapshot.upstreams[route.legacy].auth is not None for route in loaded.snapshot.routes}

    assert auth == {"app": False, "plans": True, "contracts": True}
