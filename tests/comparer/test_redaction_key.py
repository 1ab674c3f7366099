from __future__ import annotations

from pathlib import Path

import pytest

from proxy.comparer.redaction_key import NAME, key_for_now, key_of, read_key


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """A first start makes it, later ones read it; nobody else may, and nothing else is left."""
    folder = tmp_path / "state"
    key = key_of(folder)

    assert len(key) == 32
    assert key_of(folder) == read_key(folder) == key
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == [NAME]


def test_a_key_of_another_length_is_not_used(tmp_path: Path) -> None:
    """A file that was cut is told, and not taken for a key."""
    (tmp_path / NAME).write_bytes(b"short")

    with pytest.raises(OSError, match="5 bytes and not 32"):
        key_of(tmp_path)


def test_where_no_key_can_be_kept_one_is_made_for_now(tmp_path: Path) -> None:
    """Evidence goes on without a directory to write to; its hashes hold for this process alone."""
    (tmp_path / "file").touch()
    one, other = (key_for_now(tmp_path / "file" / "state") for _ in range(2))

    assert len(one) == len(other) == 32
    assert one != other
