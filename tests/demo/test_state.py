from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.demo.state import choose_state
from proxy.store.embedded import binaries, privilege


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for programs; no other PostgreSQL is on this machine."""
    monkeypatch.setattr(binaries, "_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tmp_path / "18" / "bin"


def install(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
        (folder / name).chmod(0o755)


def test_without_postgresql_the_state_is_in_memory(postgres: Path) -> None:
    """Where none is installed the demo plays all the same, and says why nothing is kept."""
    assert not postgres.exists()
    chosen = choose_state()

    assert chosen.mode == "memory"
    assert "no PostgreSQL is installed here" in chosen.sentence


def test_an_installed_postgresql_is_used(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one that may enter the folder, the state is embedded."""
    install(postgres)
    monkeypatch.setattr(privilege, "_NAMESPACE", ("true",))

    assert choose_state().mode == "embedded"
    assert "PostgreSQL 18" in choose_state().sentence


def test_a_postgresql_that_may_not_enter_is_not_asked(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root without user namespaces would have to open its folder to nobody; the demo does not."""
    install(postgres)
    monkeypatch.setattr(privilege, "_NAMESPACE", ("false",))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert choose_state().mode == "memory"
    assert "nobody" in choose_state().sentence
