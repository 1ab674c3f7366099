from __future__ import annotations

from proxy.edge.auth.suspended import SuspendedSubjects
from proxy.link.messages import Suspended


def test_the_last_list_holds() -> None:
    """Each list takes the place of the one before."""
    suspended = SuspendedSubjects()
    assert "anna" not in suspended

    suspended.adopt(Suspended(["anna", "ben"]))
    suspended.adopt(Suspended(["ben"]))
    assert ("anna" in suspended, "ben" in suspended) == (False, True)
