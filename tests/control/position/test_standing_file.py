"""What a replica begins with, given what its disk has."""

from __future__ import annotations

import pytest

from proxy.control.position.standing_file import StandingFile, first_file, read, written
from proxy.link.messages import Orders

SERVER = "postgresql://u:secret@db/banyan"
KNOWN, UNKNOWN = Orders(7, []), Orders(7, [], known=False)


@pytest.mark.parametrize(
    ("kept", "state", "known"),
    [
        (None, "memory", True),
        (None, "embedded", False),
        (None, SERVER, False),
        (StandingFile(orders=KNOWN, store="postgresql"), SERVER, True),
        (StandingFile(orders=KNOWN), SERVER, True),
        (StandingFile(orders=UNKNOWN, store="postgresql"), SERVER, False),
        (StandingFile(orders=UNKNOWN, store="postgresql"), "memory", True),
        (StandingFile(orders=KNOWN, store="memory"), SERVER, False),
        (StandingFile(orders=KNOWN, store="memory"), "embedded", False),
        (StandingFile(orders=KNOWN, store="postgresql"), "embedded", False),
    ],
)
def test_what_is_known_at_the_start(kept: StandingFile | None, state: str, *, known: bool) -> None:
    """The disk knows where routes stand if it was told by this kind of store; one in memory begins with nothing."""
    assert first_file(kept, state).orders.known is known


def test_no_address_is_kept() -> None:
    """The file says which kind of store it was, and survives being written and read."""
    text = written(first_file(StandingFile(standing=3), SERVER))

    assert b"secret" not in text
    assert b"db/" not in text
    assert read(text) == first_file(StandingFile(standing=3), SERVER)


def test_a_file_of_an_older_version_is_believed() -> None:
    """It says neither whether the standing was known nor in which store it stands: it was served from, and still is."""
    found = read(b'{"orders": {"type": "orders", "version": 7, "routes": []}, "standing": 3}')

    assert found is not None
    assert first_file(found, SERVER).orders == KNOWN
