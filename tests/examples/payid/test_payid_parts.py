"""What the payid story needs from the machine."""

from __future__ import annotations

import pytest

from examples.payid.stage.parts import find_parts
from examples.stage.parts import MissingPartError


def test_all_parts_are_here() -> None:
    """CI plays the story: a part that is missing there fails."""
    assert find_parts().legacy.major >= 15
    assert find_parts().new.major >= 18


def test_a_postgresql_that_is_missing_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started."""
    monkeypatch.setattr("examples.stage.parts.installed", list)

    with pytest.raises(MissingPartError, match="the wallet service's store") as told:
        find_parts()
    assert told.value.cure == "apt-get install postgresql"
