"""The example of `plan` in docs/operations.md is executed: what stands there is what the command says."""

from __future__ import annotations

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from proxy.config.load import Loaded, load_text
from proxy.control.admin.recent import sampled
from tests.cli.conftest import ROOT, Banyan
from tests.cli.listening import listening
from tests.core.remembered import head, remember

SECTION = (
    (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("## Before an edit")[2].partition("\n## ")[0]
)
YAML, SHELL, TEXT = (
    re.findall(rf"^```{kind}\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)[0] for kind in ("yaml", "sh", "text")
)
TENANTS = 500


def traffic() -> bytes:
    """A quarter of an hour of requests of many tenants, each remembered one standing for ten."""
    found = load_text(YAML, "routes.yaml", {})
    assert isinstance(found, Loaded), found
    table = found.snapshot.table
    seen = [remember(table, head("/orders/7", f"t{number}"), id=f"{number:032x}") for number in range(TENANTS)]
    page = {"revision": "r", "seconds": 900.0, "requests": [sampled(each, 10.0) for each in seen]}
    return msgspec.json.encode(page)


def test_the_example_says_what_the_document_says(banyan: Banyan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the document, on its file and recent requests, print its text."""
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    (folder / "routes.yaml").write_text(YAML)
    edit, command = SHELL.splitlines()
    subprocess.run(["sh", "-c", edit], cwd=folder, check=True)
    running = {"revision": sha256(YAML.encode()).hexdigest()[:12], "routes": []}
    pages = {"/api/routes": msgspec.json.encode(running), "/api/recent?limit=50000": traffic()}
    with listening(pages) as admin:
        result = banyan(f"{command.removeprefix('banyan ')} --admin {admin.url}")
        said = result.stdout.replace(admin.url, "http://127.0.0.1:9090")

    assert [line.rstrip() for line in said.splitlines()] == TEXT.splitlines()
    assert result.exit_code == 1
