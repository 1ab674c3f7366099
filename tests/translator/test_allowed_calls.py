from __future__ import annotations

import platform

import pytest

from proxy.translator import allowed_calls


def test_a_machine_whose_calls_are_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused there, which whoever starts an adapter reads in the log."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    assert not allowed_calls.refuse_others()
