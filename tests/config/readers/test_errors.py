from __future__ import annotations

import pytest

from proxy.config.readers.errors import fault, of_item, one_of
from proxy.config.text.problem import FromEnvironment


def test_a_fault_carries_its_parts() -> None:
    """Message, shown value and cure travel apart, and braces in them are themselves."""
    error = fault("must fit {id}", got="{x}", cure="write {id}")

    assert error.context == {"message": "must fit {id}", "got": "{x}", "cure": "write {id}", "at": None}
    assert str(error) == "must fit {id}"


@pytest.mark.parametrize(("value", "cure"), [("canry", "did you mean canary?"), ("xyz", ""), (3, ""), (None, "")])
def test_a_word_outside_a_closed_list_names_the_list(value: object, cure: str) -> None:
    """The list is named whole, and the word that was probably meant."""
    assert one_of(value, ["legacy", "canary"]).context == {
        "message": "must be one of legacy, canary",
        "got": None,
        "cure": cure,
        "at": None,
    }


def test_an_items_fault_is_told_at_the_item() -> None:
    """What is shown is the item, not its list; a cure of the whole list stands beside that of the item."""
    of_item_itself = fault("must be a share", cure="did you mean 10%?")

    assert of_item(of_item_itself, 2, 10, "write [10%]").context == {
        "message": "must be a share",
        "got": "10",
        "cure": "did you mean 10%?; write [10%]",
        "at": 2,
    }
    assert of_item(fault("too much", got="110 %"), 0, "110%").context == {
        "message": "too much",
        "got": "110 %",
        "cure": "",
        "at": 0,
    }


def test_an_item_out_of_the_environment_is_not_repeated() -> None:
    """Neither it, nor what is made of it, nor a cure."""
    said = of_item(fault("too much", got="110 %", cure="less"), 1, FromEnvironment.of("110%", "${S}"), "write [1%]")

    assert said.context == {"message": "too much", "got": "the value of ${S}", "cure": "", "at": 1}
