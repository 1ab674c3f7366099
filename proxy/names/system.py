"""Names that only the system's own modules know (nsswitch.conf), asked for in threads of our own.

Rule 1: a name has one thread at most, so that one which is silent keeps no other waiting; the loop's own threads, in
        which files and certificates are read, are not touched.
Rule 2: there are at most `MOST_THREADS`; beyond, a name is refused at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from time import monotonic
from typing import Any, NamedTuple

from proxy.names.resolution import NoAddress, Resolution, Resolved, Unresolved

MOST_THREADS = 64
UNTOLD = float("inf")
"""The system tells no TTL: it is asked again as late as an upstream allows."""
Entries = list[tuple[Any, ...]]
"""What `socket.getaddrinfo` gives."""
_NO_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Lookup(NamedTuple):
    """The arguments of `socket.getaddrinfo`."""

    host: str | bytes | None
    port: str | bytes | int | None = None
    family: int = 0
    type: int = 0
    proto: int = 0
    flags: int = 0


class Threads:
    """One process's look-ups by the system; to be used within one running loop."""

    def __init__(self) -> None:
        self._running: dict[Lookup, asyncio.Future[Entries]] = {}

    async def look_up(self, question: Lookup) -> Entries:
        """Wait for it; a thread that is asked already is not asked twice. OSError as `socket.getaddrinfo`."""
        running = self._running.get(question)
        if running is None:
            if len(self._running) >= MOST_THREADS:
                raise OSError(errno.EAGAIN, NoAddress.CROWDED.value)
            running = self._begin(question)
        return await asyncio.shield(running)

    def _begin(self, question: Lookup) -> asyncio.Future[Entries]:
        loop = asyncio.get_running_loop()
        running: asyncio.Future[Entries] = loop.create_future()
        self._running[question] = running

        def settle(result: Entries | Exception) -> None:
            del self._running[question]
            if running.done():
                return
            if isinstance(result, Exception):
                running.set_exception(result)
                running.exception()  # nobody may be waiting any more
            else:
                running.set_result(result)

        def work() -> None:
            result = _entries(question)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, result)

        threading.Thread(target=work, name=f"name {question.host!r}", daemon=True).start()
        return running


def _entries(question: Lookup) -> Entries | Exception:
    try:
        return [*socket.getaddrinfo(*question)]
    except (OSError, UnicodeError) as error:
        return error


class SystemResolver:
    """Names to addresses by `socket.getaddrinfo`; to be used within one running loop."""

    def __init__(self) -> None:
        self._threads = Threads()

    async def ask(self, name: str) -> Resolution:
        """Its addresses, or why there are none."""
        began = monotonic()
        try:
            entries = await self._threads.look_up(Lookup(name, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            return Unresolved(name, _why(error), monotonic(), getattr(error, "strerror", None) or str(error))
        return Resolved(tuple(dict.fromkeys(str(entry[4][0]) for entry in entries)), UNTOLD, began)


def _why(error: Exception) -> NoAddress:
    if isinstance(error, socket.gaierror):
        return NoAddress.UNKNOWN if error.errno in _NO_NAME else NoAddress.FAILED
    return NoAddress.CROWDED if isinstance(error, OSError) and error.errno == errno.EAGAIN else NoAddress.FAILED


class NamingLoop(asyncio.SelectorEventLoop):
    """A loop whose look-ups, whichever library asks for them, take threads of their own (rule 1)."""

    _threads: Threads | None = None

    async def getaddrinfo(
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 -- the name that asyncio gives it
        proto: int = 0,
        flags: int = 0,
    ) -> Entries:
        """As `socket.getaddrinfo`."""
        threads = self._threads = self._threads or Threads()
        return await threads.look_up(Lookup(host, port, family, type, proto, flags))
