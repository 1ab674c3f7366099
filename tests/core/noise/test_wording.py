"""What a pair says, as text."""

from __future__ import annotations

import gzip
from dataclasses import replace

from proxy.core.noise.wording import Wording
from tests.core.noise.pairs import pair
from tests.core.parity.pairs import answer, asking, in_fields


def test_tokens_of_request_and_answers() -> None:
    """Targets as they read, fields and bodies; codings undone; what cannot be read says nothing."""
    packed = answer(gzip.compress(b'"new11111"'), in_fields("Content-Encoding: gzip", "X-Id: field222"))
    broken = answer(b"\x00", in_fields("Content-Encoding: gzip"))
    given = pair({"id": "legacy33"}, {}, request=asking(b"/%61sked444?q=1"))
    wording = Wording(replace(given, new=packed))

    for _ in range(2):
        assert wording.asked == {"asked444"}
        assert wording.new == {"new11111", "field222"}
        assert wording.legacy == {"legacy33"}
    assert wording.begin == ("legacy33",)
    assert Wording(replace(given, new=broken)).new == frozenset()
