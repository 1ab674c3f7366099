from __future__ import annotations

from proxy.core.limits.request_head_bounds import HeadBounds


def test_the_usual_bounds_are_those_of_the_document() -> None:
    """16 KiB for a request line and for a field, 64 KiB for a head, 128 fields (docs/limits.md)."""
    usual = HeadBounds()

    assert (usual.line, usual.field, usual.head, usual.fields) == (16 * 1024, 16 * 1024, 64 * 1024, 128)
