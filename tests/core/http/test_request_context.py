from __future__ import annotations

from proxy.core.http.request import RequestHead
from proxy.core.http.request_context import RequestContext


def test_nothing_is_known_at_first() -> None:
    """A head has no visit, and a visit says nothing; what one is told the next one does not hear."""
    one, other = RequestContext(), RequestContext()
    one.uses.append((7, 1.0))

    assert RequestHead(b"GET", b"/", b"/", b"", 1).visit is None
    assert (other.asked, other.stays, other.follows, other.anonymous, other.uses) == (None, None, None, b"", [])
    assert not other.known
    assert not other.renews
    assert not other.writes
    assert not other.decided
