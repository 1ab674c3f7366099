"""The identity of a kind of mismatch: the same for every process, version and machine."""

from __future__ import annotations

from hashlib import blake2b

from proxy.core.parity.rules.difference import DifferenceKind

_BYTES = 5


def cluster_id(route: str, path: str, kind: DifferenceKind) -> str:
    """Ten hex digits of what names a cluster: route, path, kind."""
    return blake2b(f"{route}\0{path}\0{kind.value}".encode("utf-8", "replace"), digest_size=_BYTES).hexdigest()
