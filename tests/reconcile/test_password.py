from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proxy.core.reconcile.reconcile_check import Database, Password
from proxy.core.secret import Secret
from proxy.reconcile import password as module
from proxy.reconcile.password import password_of
from proxy.reconcile.trouble import ReconcileTrouble


def database(password: Password) -> Database:
    return Database(name="accounts", url=Secret("postgresql://db/accounts"), password=password)


def printing(script: str) -> Password:
    return Password(command=(sys.executable, "-c", script))


@pytest.mark.parametrize(
    ("password", "found"),
    [
        (Password(text=Secret("hunter2")), "hunter2"),
        (Password(), None),
        (printing("print('hunter2'); print('a note')"), "hunter2"),
    ],
)
async def test_a_password_is_had_from_where_it_is_said_to_be(password: Password, found: str | None) -> None:
    """The environment's text, nothing, or the first line that a program prints."""
    assert await password_of(database(password)) == found


async def test_a_password_is_read_from_a_file(tmp_path: Path) -> None:
    """Without the line's end, and with its blanks."""
    (tmp_path / "secret").write_text(" hunter2 \n", encoding="utf-8")

    assert await password_of(database(Password(file=str(tmp_path / "secret")))) == " hunter2 "


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        (Password(file="/nowhere/secret"), "/nowhere/secret cannot be read: No such file or directory"),
        (Password(file=sys.executable), "cannot be read: it is no text"),
        (Password(command=("/nowhere/pass",)), "/nowhere/pass cannot be run: No such file or directory"),
        (printing("import sys; print('hunter2'); sys.exit(7)"), "left with 7"),
        (printing(""), "printed nothing"),
        (printing("import time; time.sleep(600)"), "did not end within 0.3 s"),
    ],
)
async def test_a_password_that_cannot_be_had_is_told(
    password: Password, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key to mend, and nothing of what was printed."""
    if "within" in sentence:
        monkeypatch.setattr(module, "PATIENCE", 0.3)
    with pytest.raises(ReconcileTrouble) as trouble:
        await password_of(database(password))

    assert sentence in trouble.value.message
    assert "hunter2" not in trouble.value.message
    assert trouble.value.cure.startswith("Mend databases.accounts.password_")
