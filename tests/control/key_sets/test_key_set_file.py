from __future__ import annotations

from pathlib import Path

from proxy.control.key_sets import key_set_file
from proxy.core.auth.key_set_state import KeySetSource, KeySetState
from proxy.link.messages import KeySet, KeySets
from tests.control.key_sets.sources import jwks

KEPT, OTHER = KeySetSource("https://id.example.com/keys", 3600.0), KeySetSource("https://other.example.com/keys")


def test_a_worker_reads_what_was_kept_and_holds_yet(tmp_path: Path) -> None:
    """A set that nobody has kept, or whose time is over, is none."""
    key_set_file.save(tmp_path, [KeySetState(source=KEPT, jwks=jwks("one"), fetched=1000.0)])
    known = key_set_file.held(tmp_path, [KEPT, OTHER], 4599.0)
    assert [each.source for each in known.sets if each.jwks] == [KEPT.source]
    assert b'"one"' in known.sets[0].jwks
    assert key_set_file.held(tmp_path, [KEPT], 4600.0) == KeySets([KeySet(KEPT.source, b"")])
