"""What control does so that workers know callers: it fetches key sets, and knows who is suspended; workers are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from proxy.app.control_parts import ControlBase, ControlParts
from proxy.config.readers import suspended_file
from proxy.control.key_sets.key_set_fetch import KeySetFetch
from proxy.control.key_sets.key_set_watch import KeySetDuties, KeySetWatch
from proxy.control.suspension.suspended_list import SuspendedList
from proxy.core.auth.key_set_state import KeySetSource
from proxy.tasks import RestartedTasks, Work

FIRST_LOOK = 1.0
"""Seconds."""
_CAUSE = "key_set"


class CallerParts:
    """`follow` is for reloads; `loops` are to be run in the background."""

    def __init__(
        self, base: ControlBase, parts: ControlParts, place: Callable[[str], Path], tasks: RestartedTasks
    ) -> None:
        """To be made inside the running loop; `place` finds the file that `suspend` names."""
        self._running = base.running
        self._place = place
        self._fetch = KeySetFetch()
        duties = KeySetDuties(
            push=base.links.give_keys,
            clock=parts.clock,
            directory=base.directory,
            alarm=lambda _, sentence: parts.tell_alarm("", _CAUSE, sentence),
        )
        self.key_sets = KeySetWatch(tasks, self._fetch, duties)
        base.links.key_wanted = self.key_sets.wanted
        self._suspended = SuspendedList(suspended_file.read, parts.suspensions.list)

    @property
    def loops(self) -> Mapping[str, Work]:
        """By the names of their tasks."""
        return {"suspended list": self._suspended.run}

    async def begin(self) -> None:
        """Before workers link: what is known of key sets, and whom the file lists, if its disk answers in time."""
        self.follow()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK):
                await self._suspended.look()

    def follow(self) -> None:
        """A table was taken."""
        snapshot = self._running.snapshot
        self.key_sets.follow(KeySetSource(each) for each in sorted(snapshot.fetched_sources))
        self._suspended.follow(self._place(snapshot.suspend) if snapshot.suspend else None)

    async def close(self) -> None:
        """End the connections to sources."""
        await self._fetch.close()
