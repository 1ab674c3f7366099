from __future__ import annotations

import pytest

from proxy.edge.auth.missing_keys import MOST, SURE_FOR, MissingKey, MissingKeys

ID, OTHER = "https://id.example.com/keys", "https://other.example.com/keys"
KEY = MissingKey(ID, "two")


class Missing:
    """`now` moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.keys = MissingKeys(lambda: self.now)


@pytest.fixture
def missing() -> Missing:
    return Missing()


def test_a_key_is_new_once(missing: Missing) -> None:
    """By its name and its set."""
    assert [missing.keys.see(each) for each in (KEY, KEY, MissingKey(OTHER, "two"))] == [True, False, True]


def test_a_key_is_missing_for_certain_once_its_set_was_looked_at_since(missing: Missing) -> None:
    """A look that began before says nothing of it, nor does one at another set."""
    missing.keys.see(KEY)
    missing.keys.answered(ID, 999.0)
    missing.keys.answered(OTHER, 1001.0)
    assert not missing.keys.is_certain(KEY)

    missing.keys.answered(ID, 1001.0)
    assert missing.keys.is_certain(KEY)
    assert not missing.keys.see(KEY)


def test_what_is_certain_is_so_until_the_set_changes_or_for_a_while(missing: Missing) -> None:
    """An issuer may show a key a little after it has signed by it; what was not asked for yet stays as it is."""
    other = MissingKey(OTHER, "two")
    for key in (KEY, other):
        missing.keys.see(key)
        missing.keys.answered(key.source, 1000.0)
    missing.keys.changed(ID)
    assert [missing.keys.is_certain(key) for key in (KEY, other)] == [False, True]
    assert missing.keys.see(KEY)

    missing.now += SURE_FOR
    assert not missing.keys.is_certain(other)
    assert missing.keys.see(other)
    assert missing.keys.since(other) == missing.now


def test_so_many_are_remembered(missing: Missing) -> None:
    """The oldest is forgotten, and as new when it comes again."""
    for each in range(MOST + 1):
        missing.keys.see(MissingKey(ID, str(each)))
    assert len(missing.keys) == MOST
    assert missing.keys.since(MissingKey(ID, "0")) == missing.now
    assert missing.keys.see(MissingKey(ID, "0"))


def test_a_name_may_be_anything(missing: Missing) -> None:
    """Half an emoji too, which JSON can write."""
    assert missing.keys.see(MissingKey(ID, "\ud83d"))
