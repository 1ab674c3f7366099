from __future__ import annotations

import re
from pathlib import Path

from proxy.core.limits.bounds_met import Shed

DOCUMENT = Path(__file__).parents[3] / "docs" / "limits.md"


def test_every_reason_is_documented() -> None:
    """Whoever sees a reason in metrics finds the bound that it belongs to."""
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"\| `(\w+)` \|", text)) | set(re.findall(r"counted as `(\w+)`", text))

    assert {reason.value for reason in Shed} <= named
