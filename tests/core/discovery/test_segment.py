from __future__ import annotations

import pytest

from proxy.core.discovery.segment import SegmentKind, is_version, kind_of

KINDS = {
    SegmentKind.INTEGER: ("7", "000123", "-5", "12.5"),
    SegmentKind.UUID: ("0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5B-D9CB-469F-A165-70867728950E"),
    SegmentKind.DATE: ("2026-11", "2026-11-30", "2026-11-30T10:00:00Z", "2026-W48"),
    SegmentKind.EMAIL: ("ann@example.com", "ann%40example.com"),
    SegmentKind.HEX: ("deadbeef01", "507f1f77bcf86cd799439011"),
    SegmentKind.CODE: ("ORD-2024-0017", "C10017", "cus_9s6XKzkNRi8z3", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "inv-204.pdf"),
    SegmentKind.TEXT: ("two%20words", "Zo%C3%AB", "a;v=1", "..", "a,b", "x" * 49),
    SegmentKind.WORD: ("me", "password-reset", "v2", "V1.1", "oauth2", "deadbeef", "index.html", "well-known", "a.b"),
}


@pytest.mark.parametrize(("kind", "segment"), [(kind, each) for kind, found in KINDS.items() for each in found])
def test_a_segment_is_judged_by_its_look(kind: SegmentKind, segment: str) -> None:
    """Values by what values look like; words, versions and words with a digit stay words."""
    assert kind_of(segment) is kind


def test_a_version_is_told_from_a_word() -> None:
    """By a `v` and a number."""
    assert [is_version(each) for each in ("v1", "V10", "v1.2", "v", "via", "2")] == [True, True, True, *[False] * 3]
