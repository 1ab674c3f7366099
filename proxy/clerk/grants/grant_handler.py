"""The clerk's handler of `grants:`: a desk once a table has providers, and none before.

Rule: it has connections of its own to the database: clients wait longer for tokens than for anything else, and what
      was sent is committed however long that takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from proxy.clerk.grants import replies
from proxy.clerk.grants.spool import Spool
from proxy.clerk.grants.token_desk import TokenDesk
from proxy.core.routing.snapshot import Snapshot
from proxy.link.grant_questions import GrantUsed, UseGrant
from proxy.link.messages import GrantCounts
from proxy.names.resolver import Resolver
from proxy.store.open_stores import connections_to
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import RestartedTasks, Tasks, Work

PATIENCE = Patience(timeout=5.0, connect=3.0, longest_wait=1.0)
CONNECTIONS = 8
_log = structlog.get_logger()


class GrantHandler:
    """Answers `UseGrant`."""

    takes = (UseGrant,)
    loops: Mapping[str, Work] = {}

    def __init__(self, snapshot: Snapshot, directory: Path) -> None:
        """To be made inside the running loop; `directory` is the state directory."""
        self._directory = directory
        self._tasks = Tasks()
        self._loops = RestartedTasks()
        self._resolver = Resolver(self._tasks)
        self._connections: Connections | None = None
        self._desk: TokenDesk | None = None
        self.follow(snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """Begin with the first provider; where the disk takes no spool, nothing is answered."""
        if self._desk is None and snapshot.grants and snapshot.has_database:
            try:
                self._desk = self._begin(snapshot)
            except OSError as error:
                _log.error("grant_spool_unusable", directory=str(self._directory), error=str(error))
        if self._desk is not None:
            self._desk.follow(snapshot.grants, snapshot.upstreams)

    def _begin(self, snapshot: Snapshot) -> TokenDesk:
        spool = Spool(self._directory)
        state = snapshot.state.reveal()
        self._connections = connections_to(
            state,
            self._directory,
            patience=PATIENCE,
            most=CONNECTIONS,
            password_file=snapshot.state_password_file,
        )
        desk = TokenDesk(GrantTables(self._connections), spool, self._resolver, self._tasks)
        self._loops.start(desk.keep_recovering, name="grant-recovery")
        self._loops.start(desk.keep_pruning, name="grant-pruning")
        return desk

    def take_counts(self) -> GrantCounts | None:
        """What happened since the last call, for control."""
        return None if self._desk is None else self._desk.figures.take()

    async def answer(self, question: UseGrant) -> GrantUsed:
        """As the desk does."""
        if self._desk is None:
            return replies.away("there is nowhere to keep tokens; the log of the clerk says why", 10.0)
        return await self._desk.answer(question)

    async def forget(self, question: UseGrant) -> None:
        """A token that is on its way comes back whether anybody waits or not."""

    async def take(self, notice: None) -> None:
        """There are none."""

    async def end(self) -> None:
        """Once what was sent has come back and is kept."""
        await self._loops.end()
        if self._desk is not None:
            await self._desk.end()
        await self._tasks.end()
        await self._resolver.close()
        if self._connections is not None:
            await self._connections.close()
