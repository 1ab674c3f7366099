"""A Banyan that runs the folder's file and remembers what many tenants asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from proxy.config.load import Loaded, load_file
from proxy.control.admin.recent import sampled
from tests.cli.conftest import ROUTES
from tests.cli.listening import Pages, listening
from tests.core.remembered import head, remember

TENANTS = 200


def loaded(path: Path) -> Loaded:
    found = load_file(path, {})
    assert isinstance(found, Loaded), found
    return found


def recent(folder: Path, seconds: float = 100.0) -> bytes:
    """Requests of many tenants, as the running table has seen them; each stands for two."""
    table = loaded(folder / "routes.yaml").snapshot.table
    seen = [
        remember(table, head("/orders/7", f"t{number}"), id=f"r{number}", at=time.time()) for number in range(TENANTS)
    ]
    page = {"revision": "r", "seconds": seconds, "requests": [sampled(each, 2.0) for each in seen]}
    return msgspec.json.encode(page)


def standing(text: str, **runs: object) -> bytes:
    """What runs: the file's own places, but for `orders.show` what is said here."""
    place = {"stage": "canary", "split": 0.1}
    route = {
        "name": "orders.show",
        "file": place,
        "runs": {**place, "version": 0, **runs},
        "parity": {"compared": 1785},
    }
    revision = sha256(text.encode()).hexdigest()[:12]
    return msgspec.json.encode({"revision": revision, "routes": [route], "killed": None})


@pytest.fixture
def running(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """A Banyan that runs the folder's file and has seen traffic."""
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    with listening({"/api/routes": standing(ROUTES), "/api/recent?limit=50000": recent(folder)}) as pages:
        yield pages


def edit(folder: Path, old: str, new: str) -> str:
    """A copy with one edit."""
    assert old in ROUTES
    (folder / "new.yaml").write_text(ROUTES.replace(old, new))
    return "new.yaml"
