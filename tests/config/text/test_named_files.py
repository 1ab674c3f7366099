from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.config.text.named_files import NamedFiles


def test_a_load_sees_one_content_of_a_file(tmp_path: Path) -> None:
    """What was read once is what the whole load goes by, and its signature stands for all contents."""
    keys = tmp_path / "keys"
    keys.write_bytes(b"one")
    named = NamedFiles()
    before, first = named.signature, named.read(keys)
    keys.write_bytes(b"another")

    assert (before, first, named.read(keys)) == (b"", b"one", b"one")
    again = NamedFiles()
    again.read(keys)
    assert named.signature not in (b"", again.signature)


def test_a_file_that_cannot_be_had_is_a_sentence(tmp_path: Path) -> None:
    """Nothing raises; a file that appears later is a change."""
    named = NamedFiles()

    assert named.read(tmp_path / "keys") == "is not there"
    assert (named.are_touched(), named.changed()) == (False, {})
    (tmp_path / "keys").write_bytes(b"one")
    assert (named.are_touched(), named.changed()) == (True, {tmp_path / "keys": b"one"})


def test_a_file_that_was_only_touched_is_read_once_more(tmp_path: Path) -> None:
    """The same bytes at another time are no change, and are not looked at again."""
    keys = tmp_path / "keys"
    keys.write_bytes(b"one")
    named = NamedFiles()
    named.read(keys)
    os.utime(keys, (0, 0))
    touched = named.are_touched()

    assert (touched, named.changed(), named.are_touched()) == (True, {}, False)


def test_what_is_being_written_is_no_change_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes to it at this very moment is waited for."""
    keys = tmp_path / "keys"
    keys.write_bytes(b"one")
    named = NamedFiles()
    named.read(keys)
    look, looks = os.fstat, iter(["before", "after"])

    def written_meanwhile(descriptor: int) -> os.stat_result:
        if next(looks) == "after":
            keys.write_bytes(b"three")
        return look(descriptor)

    keys.write_bytes(b"tw")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", written_meanwhile)
        torn = named.changed()

    assert (torn, named.changed()) == ({}, {keys: b"three"})
