from __future__ import annotations

import pytest

from proxy.config.readers.errors import fault, one_of


def test_a_fault_carries_its_parts() -> None:
    """Message, shown value and cure travel apart, and braces in them are themselves."""
    error = fault("must fit {id}", got="{x}", cure="write {id}")

    assert error.context == {"message": "must fit {id}", "got": "{x}", "cure": "write {id}"}
    assert str(error) == "must fit {id}"


@pytest.mark.parametrize(("value", "cure"), [("canry", "did you mean canary?"), ("xyz", ""), (3, ""), (None, "")])
def test_a_word_outside_a_closed_list_names_the_list(value: object, cure: str) -> None:
    """The list is named whole, and the word that was probably meant."""
    assert one_of(value, ["legacy", "canary"]).context == {
        "message": "must be one of legacy, canary",
        "got": None,
        "cure": cure,
    }
