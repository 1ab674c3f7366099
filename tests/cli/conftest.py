"""A folder with a routes.yaml, and `banyan` run in it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import proxy
from proxy.cli.main import application

ROOT = Path(__file__).parents[2]
PACKAGE = Path(proxy.__path__[0])
"""What the tests import: of the checkout, or out of a wheel (`tests/test_compiled.py`)."""
Banyan = Callable[..., Result]

ROUTES = """\
version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:9090

upstreams:
  legacy: { url: "http://legacy.internal:3000" }
  new:
    url: https://crm.internal:8443
    host: upstream
    timeout: { connect: 1s, response: 15s, idle: 60s }

routes:
  - name: orders.show
    match: GET /orders/{id}
    stage: canary
    split: 10%
    cohort: header:X-Tenant-Id
  - name: orders.app
    match: { methods: [GET], path: "/orders/{id}", headers: { X-Client: app } }
    stage: complete
  - name: closed
    match: /closed/**
    respond: { status: 403 }
  - name: items
    match: /items/{id}
    stage: retired
    split: 100%
  - name: rest
    match: GET /**
    stage: legacy
"""


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are folded as in a pipe, whatever screen whoever runs the tests has."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test stands, with a routes.yaml; processes that it starts there find the same package."""
    (tmp_path / "routes.yaml").write_text(ROUTES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def banyan(folder: Path) -> Banyan:
    """`banyan` with these arguments, or with one line as a shell would split it."""

    def run(*arguments: str) -> Result:
        given = shlex.split(arguments[0]) if len(arguments) == 1 else list(arguments)
        return CliRunner().invoke(application(given), given, prog_name="banyan")

    return run
