"""The rows of a brown-out."""

from __future__ import annotations

from proxy.api.ending.brownout import BrownoutView, FollowedView, FoundClientView
from proxy.cli.status.brownout_rows import brownout_rows

AT = "2026-01-01T00:00:00.000Z"
WEB = FoundClientView(client="web", at=AT, asked=40, browned=2, behind_lean=FollowedView(calls=2))
BILLING = FoundClientView(
    client="billing",
    at=AT,
    asked=40,
    browned=2,
    behind_lean=FollowedView(calls=2, repeats=2),
    behind_whole=FollowedView(calls=37, errors=1),
)


def rows(*clients: FoundClientView) -> list[str]:
    return [text for _, text in brownout_rows(BrownoutView(id="1", begun=AT, until=AT, found=clients))]


def test_who_breaks_is_told_from_who_was_met() -> None:
    """Behind each client what it did next; of one alone that is what all did."""
    found = rows(WEB, BILLING)

    assert "  its next calls: 0 of 2 failed, 0 repeated; behind whole answers 0 of 0 failed, 0 repeated" in found
    assert "  its next calls: 0 of 2 failed, 2 repeated; behind whole answers 1 of 37 failed, 0 repeated" in found
    assert not [text for text in rows(BILLING) if "its next calls" in text]
