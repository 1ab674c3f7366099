"""What is answered where a request is not granted."""

from __future__ import annotations

from proxy.api.view import View


class ProblemView(View, frozen=True, kw_only=True):
    """A problem document (RFC 9457 section 3.1), `application/problem+json`."""

    type: str = "about:blank"
    """`about:blank`: `title` is the status's own phrase."""
    title: str = ""
    """The phrase of the status."""
    status: int = 0
    """The status of the answer."""
    detail: str = ""
    """What is wrong, and what to do."""
