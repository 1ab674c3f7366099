"""That the journal cannot be asked is told once, and once more when it can: not with each loop's every try."""

from __future__ import annotations

import structlog

from proxy.store.errors import StoreUnavailable

_log = structlog.get_logger()


class JournalOutage:
    """One process's; all its loops tell it."""

    def __init__(self) -> None:
        """It can be asked, as far as anybody knows."""
        self._is_away = False

    def begin(self, error: StoreUnavailable) -> None:
        """Somebody has found it away."""
        if not self._is_away:
            _log.warning("journal_away", error=str(error))
        self._is_away = True

    def end(self) -> None:
        """Somebody has been answered."""
        if self._is_away:
            _log.info("journal_back")
        self._is_away = False
