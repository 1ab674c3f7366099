"""All adapters that any worker's table has, each with its runner."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet

from proxy.link.translations import Adapter, policy_of
from proxy.tasks import Tasks
from proxy.translator.adapter_runner import AdapterRunner


class AdapterRunners:
    """By the digest of the adapter."""

    def __init__(self, tasks: Tasks) -> None:
        """None yet; `tasks` outlive connections."""
        self._tasks = tasks
        self._runners: dict[str, AdapterRunner] = {}
        self._ending: set[AdapterRunner] = set()

    def of(self, digest: str) -> AdapterRunner | None:
        """Of an adapter that some worker has told of."""
        return self._runners.get(digest)

    @property
    def names(self) -> list[str]:
        """Of the adapters that some table has."""
        return sorted(runner.name for runner in self._runners.values())

    @property
    def waiting(self) -> int:
        """Messages that wait, of all."""
        return sum(runner.waiting for runner in self._runners.values())

    def learn(self, user: object, adapter: Adapter) -> None:
        """A worker has messages for it."""
        runner = self._runners.get(adapter.digest)
        if runner is None:
            policy = policy_of(adapter)
            runner = AdapterRunner(adapter, policy.name, self._tasks)
            self._runners[adapter.digest] = runner
            if policy.code is not None:
                runner.begin()
        runner.users.add(user)

    def keep(self, user: object, digests: AbstractSet[str]) -> None:
        """A worker's table has these alone; whose last user is gone ends, once nothing waits for it."""
        for digest, runner in tuple(self._runners.items()):
            if digest not in digests:
                runner.users.discard(user)
            if not runner.users:
                del self._runners[digest]
                self._ending.add(runner)
                self._tasks.start(self._finish(runner), name="adapter-end")

    async def _finish(self, runner: AdapterRunner) -> None:
        await runner.finish()
        self._ending.discard(runner)

    async def end(self) -> None:
        """All of them, at once."""
        runners, self._runners = (*self._runners.values(), *self._ending), {}
        await asyncio.gather(*(runner.end() for runner in runners))
