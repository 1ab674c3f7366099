"""Key sets on this replica's disk, so that a restart while their source is away still knows them: one small file.
A worker reads it before its first client; control reads it when it begins, and writes it.

Rule 1: it holds public keys alone, and when their source last said so: `keep` runs on while nobody looks. Their source
        stands there as a hash: its URL may hold a password.
Rule 2: a file that is missing, or of another version, is none; one that cannot be written costs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from proxy.core.auth.key_set_state import KeySetSource, KeySetState
from proxy.core.auth.public_keys import read_public_keys
from proxy.link.messages import KeySet, KeySets
from proxy.whole_file import write_whole

NAME = "key-sets.json"


class _KeptSet(msgspec.Struct, frozen=True):
    source: str
    jwks: str
    etag: str
    fetched: float


_decode = msgspec.json.Decoder(list[_KeptSet]).decode
_encode = msgspec.json.Encoder().encode


def load(directory: Path, source: KeySetSource) -> KeySetState:
    """What was kept of a source, to be fetched at once; nothing where nothing was."""
    try:
        kept = _decode((directory / NAME).read_bytes())
    except (OSError, ValueError):
        return KeySetState(source=source)
    for each in kept:
        keys = read_public_keys(each.jwks.encode()) if each.source == source.mark else ""
        if not isinstance(keys, str):
            return KeySetState(source=source, jwks=keys.jwks, count=keys.count, etag=each.etag, fetched=each.fetched)
    return KeySetState(source=source)


def held(directory: Path, sources: Iterable[KeySetSource], now: float) -> KeySets:
    """What was kept of these and holds yet, as a worker hears it; `now` in unix seconds."""
    return KeySets([KeySet(each.source, load(directory, each).held(now)) for each in sources])


def save(directory: Path, states: Sequence[KeySetState]) -> None:
    """Keep these; OSError when the directory cannot be written."""
    kept = [_KeptSet(each.source.mark, each.jwks.decode(), each.etag, each.fetched) for each in states if each.jwks]
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(directory / NAME, _encode(kept))
