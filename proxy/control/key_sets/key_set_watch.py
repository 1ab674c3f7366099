"""The key sets that the table names, kept current and pushed to every worker as values.

Rule 1: each source is looked at by a task of its own; one that hangs holds no other up.
Rule 2: workers hear all sets whenever one has changed, ended, or was asked for; who links later hears the last ones.
        They also hear when the look began that an answer is of: it says nothing of a key that was first seen later.
        A source that fails, or may not be asked again yet, answers nobody: nobody can say that a key is not there.
        For its first half minute a process that lacks a set keeps clients out, as it could check none of them.
Rule 3: that a source is away is logged at once, and an alarm when it has failed some times in a row; so is its return.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

import structlog

from proxy.control.key_sets import key_set_file
from proxy.control.key_sets.key_set_fetch import Fetch
from proxy.core.auth.key_set_state import (
    FetchedKeys,
    KeySetSource,
    KeySetState,
    answered,
    asked_for,
    failed,
)
from proxy.link.messages import KeySet, KeySets
from proxy.tasks import RestartedTasks

KEEPS_OUT = 30.0
"""Seconds after a start for which clients should not be sent here while there is no set to check them by."""
_KEPT_AGAIN_AFTER = 300.0
"""Seconds after which a set that has not changed is written again, for when it was last fetched."""
_log = structlog.get_logger()


class FetchOutcome(StrEnum):
    """What a look at a source came to."""

    CHANGED = "changed"
    SAME = "same"
    FAILED = "failed"


def _nobody(_shown: str, _sentence: str) -> None:
    """Nobody is told."""


@dataclass(slots=True, kw_only=True)
class KeySetDuties:
    """Whom the watch tells, and where it keeps: `push` is to workers, `alarm` to people (source, sentence)."""

    push: Callable[[KeySets], None]
    clock: Callable[[], float]
    directory: Path
    alarm: Callable[[str, str], None] = field(default=_nobody)


class KeySetWatch:
    """All sources of the running table. `fetches` counts looks by source (as shown) and outcome."""

    def __init__(self, tasks: RestartedTasks, fetch: Fetch, duties: KeySetDuties) -> None:
        """Begin with none."""
        self.fetches: Counter[tuple[str, FetchOutcome]] = Counter()
        self._tasks = tasks
        self._fetch = fetch
        self._duties = duties
        self._states: dict[str, KeySetState] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._woken: dict[str, asyncio.Event] = {}
        self._asked: set[str] = set()
        self._pushed: dict[str, bytes] = {}
        self._refused: dict[str, tuple[str, ...]] = {}
        self._saved: dict[str, tuple[bytes, float]] = {}
        self._fault = ""
        self._began = duties.clock()

    @property
    def states(self) -> Mapping[str, KeySetState]:
        """How each set stands, by its source."""
        return self._states

    @property
    def now(self) -> float:
        """Unix seconds, by the clock that the states go by."""
        return self._duties.clock()

    @property
    def awaited(self) -> str:
        """A source, as shown, whose set keeps clients out as it is not there yet; empty: none does."""
        now = self._duties.clock()
        if not 0 <= now - self._began < KEEPS_OUT:
            return ""
        return next((each.source.shown for each in self._states.values() if not each.held(now)), "")

    def follow(self, sources: Iterable[KeySetSource], *, watch: bool = True) -> None:
        """Keep these from now on; one that is known stays as it is. `watch` False: whoever asks calls `look`."""
        wanted = {each.source: each for each in sources}
        for gone in self._states.keys() - wanted.keys():
            del self._states[gone], self._woken[gone]
            self._asked.discard(gone)
            if gone in self._running:
                self._running.pop(gone).cancel()
        for name, source in wanted.items():
            if name in self._states:
                self._states[name] = replace(self._states[name], source=source)
                continue
            self._states[name] = key_set_file.load(self._duties.directory, source)
            self._woken[name] = asyncio.Event()
            if watch:
                self._running[name] = self._tasks.start(partial(self._watch, name), name=f"keys {source.shown}")
        self._push()

    def wanted(self, name: str) -> None:
        """A worker holds requests for a key that this set has not, and hears when its source has been asked."""
        state = self._states.get(name)
        if state is None:
            return
        self._states[name] = asked_for(state, self._duties.clock())
        self._asked.add(name)
        self._woken[name].set()

    async def look(self, name: str) -> None:
        """Fetch a set if it is due, and tell who has to know; also that its time without its source is over."""
        now = self._duties.clock()
        if self._states[name].held(now) != self._pushed.get(name, b""):
            self._push()
        if not self._states[name].is_due(now):
            return
        found, began = await self._ask(name)
        before, now = self._states.get(name), self._duties.clock()
        if before is None:
            return  # another table has come meanwhile
        if isinstance(found, str):
            self._states[name] = after = failed(before, found, now)
            self._tell_failure(before, after, now)
            return
        self._states[name] = after = answered(before, found, now)
        self._tell_answer(before, after, found)
        if name in self._asked or self._pushed.get(name) != after.jwks:
            self._asked.discard(name)
            self._push(name, began=began)
        await self._keep(after)

    async def _ask(self, name: str) -> tuple[FetchedKeys | str, float]:
        """What was found, and when that look began; once more when a key was wanted meanwhile and may be looked for:
        what was on its way may be older than the key.
        """
        state, began = self._states[name], self._duties.clock()
        etag = state.etag if state.held(began) else ""
        found = await self._fetch(state.source, etag)
        later, now = self._states.get(name), self._duties.clock()
        if later is None or not began < later.wanted <= now:
            return found, began
        return await self._fetch(state.source, etag), now

    async def _watch(self, name: str) -> None:
        while True:
            self._woken[name].clear()
            await self.look(name)
            state, now = self._states[name], self._duties.clock()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(state.wakes(now) - now, 0.0)):
                    await self._woken[name].wait()

    def _push(self, *answered: str, began: float = 0.0) -> None:
        now = self._duties.clock()
        self._pushed = {name: each.held(now) for name, each in self._states.items()}
        self._duties.push(KeySets([KeySet(*each) for each in self._pushed.items()], list(answered), began))

    def _tell_answer(self, before: KeySetState, after: KeySetState, found: FetchedKeys) -> None:
        shown, changed = after.source.shown, before.jwks != after.jwks
        self.fetches[shown, FetchOutcome.CHANGED if changed else FetchOutcome.SAME] += 1
        if changed:
            _log.info("key_set_changed", source=shown, keys=after.count)
        if before.failures:
            _log.info("key_set_recovered", source=shown, failures=before.failures)
        if before.is_alarming:
            self._duties.alarm(shown, f"the key set {shown} can be fetched again")
        if found.keys is not None and found.keys.refused != self._refused.get(shown, ()):
            self._refused[shown] = found.keys.refused
            for why in found.keys.refused[:20]:
                _log.warning("key_refused", source=shown, key=why)

    def _tell_failure(self, before: KeySetState, after: KeySetState, now: float) -> None:
        shown, left = after.source.shown, max(after.ends - now, 0.0) if after.held(now) else 0.0
        self.fetches[shown, FetchOutcome.FAILED] += 1
        if after.error != before.error:
            _log.warning("key_set_not_fetched", source=shown, error=after.error, holds_for=round(left))
        if after.is_alarming and not before.is_alarming:
            until = f"the last one holds for {left / 3600:.1f} h more" if left else "there is none: its callers get 503"
            _log.error("key_set_away", source=shown, error=after.error, holds_for=round(left))
            self._duties.alarm(shown, f"the key set {shown} cannot be fetched ({after.error}); {until}")

    async def _keep(self, state: KeySetState) -> None:
        """On disk, where it is another than there, or much older."""
        jwks, at = self._saved.get(state.source.source, (b"", 0.0))
        if not state.jwks or state.failures or (jwks == state.jwks and state.fetched - at < _KEPT_AGAIN_AFTER):
            return
        try:
            await asyncio.to_thread(key_set_file.save, self._duties.directory, tuple(self._states.values()))
            self._saved[state.source.source] = state.jwks, state.fetched
            self._fault = ""
        except OSError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                _log.warning("key_sets_not_kept", directory=str(self._duties.directory), error=self._fault)
