from __future__ import annotations

import json
import pickle

import msgspec
import pytest

from proxy.core.secret import HIDDEN, Secret
from proxy.log import render_json

SECRET = Secret("hunter2-hunter2")


def test_no_text_that_is_made_of_it_holds_the_value() -> None:
    """Strings, formats with and without a width, containers, and a line of the log."""
    texts = [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r}", f"{SECRET:>5}", str([SECRET]), f"{(SECRET,)}"]
    line = render_json(None, "", {"event": "x", "secret": SECRET})

    assert all("hunter2" not in text and HIDDEN in text for text in texts)
    assert json.loads(line)["secret"] == HIDDEN


def test_an_encoder_that_knows_nothing_of_it_refuses_it() -> None:
    """JSON and MessagePack say that they cannot, rather than look into it."""
    for encode in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            encode(SECRET)


def test_it_is_equal_to_a_secret_of_the_same_value_and_to_nothing_else() -> None:
    """An edit is noticed; comparing with the value itself is no way to guess it."""
    assert Secret("hunter2-hunter2") == SECRET
    assert hash(SECRET) == hash(Secret("other"))
    assert Secret("other") != SECRET
    assert SECRET != "hunter2-hunter2"


def test_an_empty_one_is_none() -> None:
    """There is nothing to hide, and it is false."""
    assert not Secret(b"")
    assert (str(Secret("")), repr(Secret("")), bool(SECRET)) == ("", "''", True)


def test_its_value_comes_back_where_it_is_used() -> None:
    """Revealed, and as it was after the way to another process."""
    assert SECRET.reveal() == "hunter2-hunter2"
    assert pickle.loads(pickle.dumps(SECRET)).reveal() == "hunter2-hunter2"
