from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from tests.core.parity.pairs import answer, pair


def test_a_pair_travels_between_processes() -> None:
    """A pair comes out of a pickle as it went in, second answer included."""
    both = pair(answer({"a": 1}), answer({"a": 2}), answer({"a": 3}))

    assert pickle.loads(pickle.dumps(both)) == both


def test_a_pair_does_not_change() -> None:
    """What was captured stays as it was."""
    with pytest.raises(FrozenInstanceError):
        answer().status = 500  # type: ignore[misc]
