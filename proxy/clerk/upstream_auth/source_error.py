"""Why a source has given no token."""

from __future__ import annotations


class SourceError(Exception):
    """One sentence for the log; it holds no secret."""
