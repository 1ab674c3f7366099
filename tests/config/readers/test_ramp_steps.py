from __future__ import annotations

import pytest

from proxy.config.readers.ramp_steps import read_steps
from tests.config.refusing import refusal


def test_rising_shares_are_steps() -> None:
    """Between nothing and everything."""
    assert read_steps(["1%", "5%", "98%"]) == (0.01, 0.05, 0.98)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "must be a list of rising shares"),
        (["1%"] * 21, "must be at most 20 steps"),
        (["100%"], "a step lies above 0 % and below 100 %"),
        (["5%", "5%"], "each step must be greater than the one before"),
        ([5, 25], "write [5%, 25%]"),
    ],
)
def test_others_are_refused(given: object, sentence: str) -> None:
    """With what was meant, where a sign was forgotten."""
    assert sentence in refusal(read_steps, given)
