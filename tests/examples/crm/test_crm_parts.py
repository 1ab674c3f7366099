"""What the CRM story needs from the machine, and what it says where that is not there."""

from __future__ import annotations

import pytest

from examples.crm.stage import parts
from examples.stage.parts import MissingPartError


def test_without_google_auth_it_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token can be had."""
    monkeypatch.setattr(parts, "find_spec", lambda _: None)

    with pytest.raises(MissingPartError, match="google-auth is not here") as told:
        parts.find_parts()
    assert told.value.cure == "pip install 'banyan-proxy[google]'"


def test_all_parts_are_here() -> None:
    """CI plays the story: a part that is missing there fails."""
    found = parts.find_parts()

    assert found.customers.major >= 15
    assert all((found.customers.folder / name).is_file() for name in ("pg_basebackup", "pg_dump", "psql"))
