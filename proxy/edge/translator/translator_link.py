"""A worker's end of the translators' socket: a message is handed over, and whoever asked hears what became of it.

Rule 1: whoever asks hears once, whatever the other end does: what became of the message, or why there is nothing. What
        was not answered when the process died is asked again of its successor.
Rule 2: messages that wait, and their bytes, are bounded; beyond, the answer is no, at once.
Rule 3: the process knows the adapters of this worker's table, those of the one before for a while, and any that are
        asked. Who asks another one, since its request began long before, tells of it anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy, TranslationOutcome
from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.messages import Unframer
from proxy.link.reconnecting import ReconnectingLink
from proxy.link.translations import (
    MAX_MESSAGE,
    TRANSLATIONS,
    Forget,
    FromTranslator,
    Keep,
    Translated,
    adapter_frame,
    error_of,
    frame_of,
    made_of,
    message_of,
    read_by_worker,
)

MAX_WAITS: Final = 256
"""Messages of one worker that may wait."""
MAX_HELD: Final = 16 * 1024 * 1024
"""Bytes of them."""
FOR_ITS_TURN: Final = 2.0
"""Seconds that a message waits, beside what its translation may take."""
LINGERS: Final = 10.0
"""Seconds for which the process keeps the adapters of the table before, for requests that began with it."""
LONGEST_DELAY: Final = 0.25
"""Seconds between two looks for a process that is gone."""
Heard = MadeElsewhere | Untranslatable
_log = structlog.get_logger()


class Translator(Protocol):
    """Whom a worker asks to translate what it does not translate itself."""

    def follow(self, adapters: Iterable[AdapterPolicy]) -> None:
        """A table has begun that has these."""

    def ask(
        self,
        adapter: AdapterPolicy,
        message: ToMake,
        hear: Callable[[Heard], None],
        *,
        is_waited_for: bool = True,
    ) -> int:
        """Have a message translated. `hear` is called once, perhaps at once.

        The number is for `forget`.
        """

    def forget(self, number: int) -> None:
        """Nobody waits for it any more: `hear` is not called."""


class _Asking:
    """A message that waits for the adapter with this digest; `timer` ends that."""

    __slots__ = ("digest", "frame", "hear", "timer")

    def __init__(self, digest: str, frame: bytes, hear: Callable[[Heard], None], timer: asyncio.TimerHandle) -> None:
        self.digest = digest
        self.frame = frame
        self.hear = hear
        self.timer = timer


class TranslatorLink(ReconnectingLink):
    """One worker's `Translator`. `waits` is how many messages wait, `held` how many bytes they have."""

    def __init__(self, directory: Path, patience: float = FOR_ITS_TURN, lingers: float = LINGERS) -> None:
        """`directory` is that of the private sockets; `patience` as `FOR_ITS_TURN` says, `lingers` as `LINGERS`."""
        super().__init__(directory / TRANSLATIONS, LONGEST_DELAY)
        self.held = 0
        self._patience = patience
        self.is_needed = asyncio.Event()
        self._last = 0
        self._unframer = Unframer(MAX_MESSAGE)
        self._asked: dict[int, _Asking] = {}
        self._lingers = lingers
        self._letting_go: asyncio.TimerHandle | None = None
        self._table: frozenset[str] = frozenset()
        self._digests: dict[AdapterPolicy, str] = {}
        self._frames: dict[str, bytes] = {}
        self._outcomes: Counter[TranslationOutcome] = Counter()

    def take_outcomes(self) -> dict[str, int]:
        """What became of messages since the last call."""
        taken, self._outcomes = self._outcomes, Counter()
        return {outcome.value: count for outcome, count in taken.items()}

    @property
    def waits(self) -> int:
        """How many messages wait."""
        return len(self._asked)

    async def run(self) -> None:
        """Keep the connection, from the moment on at which somebody needs it."""
        await self.is_needed.wait()
        await super().run()

    def follow(self, adapters: Iterable[AdapterPolicy]) -> None:
        """Rule 3."""
        before = self._table
        self._table = frozenset(self._learn(adapter) for adapter in adapters if adapter.may_leave_worker)
        self._keep(self._table | before)

    def _keep(self, digests: frozenset[str]) -> None:
        """What the process is told to forget is forgotten here: who asks it all the same tells of it anew."""
        used = digests.union(asking.digest for asking in self._asked.values())
        self._digests = {adapter: digest for adapter, digest in self._digests.items() if digest in used}
        self._frames = {digest: frame for digest, frame in self._frames.items() if digest in used}
        self.write(frame_of(Keep(sorted(used))))
        self._let_go_later()

    def _let_go_later(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
        if self._frames.keys() - self._table:
            self._letting_go = asyncio.get_running_loop().call_later(self._lingers, self._keep, self._table)

    def _learn(self, adapter: AdapterPolicy) -> str:
        digest = self._digests.get(adapter)
        if digest is None:
            made = adapter_frame(adapter)
            digest = self._digests[adapter] = made.digest
            self._frames[digest] = frame_of(made)
            self.write(self._frames[digest])
        self.is_needed.set()
        return digest

    def ask(
        self,
        adapter: AdapterPolicy,
        message: ToMake,
        hear: Callable[[Heard], None],
        *,
        is_waited_for: bool = True,
    ) -> int:
        """As `Translator` says."""
        self._last += 1
        if len(self._asked) >= MAX_WAITS or self.held + len(message.body or b"") > MAX_HELD:
            self._outcomes[TranslationOutcome.NO_ROOM] += 1
            hear(_unavailable("too many messages wait to be translated"))
            return self._last
        digest = self._learn(adapter)
        if digest not in self._table:
            self._let_go_later()
        frame = frame_of(message_of(self._last, digest, adapter, message, is_waited_for=is_waited_for))
        timer = asyncio.get_running_loop().call_later(adapter.timeout + self._patience, self._late, self._last)
        self._asked[self._last] = _Asking(digest, frame, hear, timer)
        self.held += len(frame)
        self.write(frame)
        return self._last

    def forget(self, number: int) -> None:
        """As `Translator` says."""
        if self._end(number) is not None:
            self._outcomes[TranslationOutcome.LEFT] += 1
            self.write(frame_of(Forget(number)))

    def _late(self, number: int) -> None:
        asking = self._end(number)
        if asking is not None:
            self.write(frame_of(Forget(number)))
            self._tell(asking, TranslationOutcome.LATE, _unavailable("it was not translated in time"))

    def _end(self, number: int) -> _Asking | None:
        asking = self._asked.pop(number, None)
        if asking is not None:
            self.held -= len(asking.frame)
            asking.timer.cancel()
        return asking

    def _tell(self, asking: _Asking, outcome: TranslationOutcome, heard: Heard) -> None:
        """An error of who asked costs its own request, not the link."""
        self._outcomes[outcome] += 1
        try:
            asking.hear(heard)
        except Exception as error:  # noqa: BLE001 -- whatever it is
            _log.error("translation_broke", exc_info=error)

    # -- the connection -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It hears which adapters there are, and what none has answered (rule 1)."""
        super().connection_made(transport)
        self._unframer = Unframer(MAX_MESSAGE)
        asked = (asking.frame for asking in self._asked.values())
        self.write(b"".join((*self._frames.values(), *asked)))

    def data_received(self, data: bytes) -> None:
        """What became of messages."""
        try:
            for body in self._unframer.feed(data):
                self._hear(read_by_worker(body))
        except (ValueError, msgspec.DecodeError) as error:
            _log.error("translation_unreadable", error=str(error))
            self.end()

    def _hear(self, said: FromTranslator) -> None:
        asking = self._end(said.id)
        if asking is None:
            return  # it came too late, or twice
        if isinstance(said, Translated):
            self._tell(asking, TranslationOutcome.TRANSLATED, made_of(said))
        elif said.status < _FAILED:
            self._tell(asking, TranslationOutcome.UNTRANSLATABLE, error_of(said))
        else:
            self._tell(asking, TranslationOutcome.FAILED, error_of(said))


_FAILED: Final = 500


def _unavailable(why: str) -> Untranslatable:
    return Untranslatable("$", why, status=503)
