"""The supervisor's children by the part they play, as they are replaced: whoever is new has the part of who is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Iterable

from bench import procfs
from bench.errors import BenchError
from holds.launching import READY_SECONDS

CONTROL = "control"


class Log:
    """Reads Banyan's standard output in a thread; `blocked` stops reading, so that the pipe fills up."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self.lines = 0
        self.events: list[dict[str, object]] = []
        self._go_on = threading.Event()
        self._go_on.set()
        self._thread = threading.Thread(target=self._read, name="log", daemon=True)

    def begin(self) -> None:
        """Once the child has the other end."""
        os.close(self.writing)
        self._thread.start()

    def block(self) -> None:
        """Stop reading."""
        self._go_on.clear()

    def unblock(self) -> None:
        """Read again."""
        self._go_on.set()

    def named(self, event: str) -> list[dict[str, object]]:
        """The events of that name."""
        return [each for each in self.events if each.get("event") == event]

    def _read(self) -> None:
        rest = b""
        while True:
            self._go_on.wait()
            data = os.read(self._reading, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            self.lines += len(lines)
            self.events += [told for line in lines if b'"event":"request"' not in line for told in _read_line(line)]


class Family:
    """The processes of one `banyan serve`. `lost` are children that ended without having been killed here."""

    def __init__(self, supervisor: int, log: Log) -> None:
        self.supervisor = supervisor
        self.lost: list[str] = []
        self.sizes: dict[str, list[tuple[float, int]]] = {}
        self._log = log
        self._pids: dict[str, int] = {}
        self._began = time.monotonic()
        self._killed: set[int] = set()

    def learn(self) -> bool:
        """Read who plays which part from the log, at the start; whether all children are known."""
        told = {str(each["process"]): int(str(each["pid"])) for each in self._log.named("process_started")}
        self._pids = {name: pid for name, pid in told.items() if pid in self._children()}
        return CONTROL in self._pids and set(self._pids.values()) == self._children()

    async def until_known(self) -> None:
        """Wait until the log has named them all; BenchError when it does not."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.learn():
            if time.monotonic() > deadline:
                raise BenchError("the log did not name all processes as started")
            await asyncio.sleep(0.1)

    def workers(self) -> list[str]:
        """Their names."""
        return sorted(name for name in self._pids if name.startswith("worker"))

    def kill(self, name: str) -> bool:
        """SIGKILL to who plays this part now; False while nobody does."""
        self.look()
        pid = self._pids[name]
        if pid not in self._children():
            return False
        self._killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        return True

    def look(self) -> None:
        """See who is gone and who is new."""
        children = self._children()
        gone = [name for name, pid in self._pids.items() if pid not in children]
        self.lost += [f"{name} ({self._pids[name]})" for name in gone if self._pids[name] not in self._killed]
        self._killed |= {self._pids[name] for name in gone}
        fresh = sorted(children - set(self._pids.values()))
        for name, pid in zip(gone, fresh, strict=False):
            self._pids[name] = pid

    def weigh(self) -> None:
        """Note everybody's memory; shared pages count whole, since a sibling's death gives nobody more of his own."""
        self.look()
        at = time.monotonic() - self._began
        everybody = [("supervisor", self.supervisor), *self._pids.items()]
        for name, pid in everybody:
            if size := procfs.resident(pid):
                self.sizes.setdefault(name, []).append((at, size))

    def _children(self) -> set[int]:
        return set(living(procfs.read_tree(self.supervisor), self.supervisor))


def _read_line(line: bytes) -> list[dict[str, object]]:
    """Its event; none of a line that somebody was killed in the middle of."""
    try:
        told = json.loads(line)
    except ValueError:
        return []
    return [told] if isinstance(told, dict) else []


def living(tree: Iterable[procfs.Stat], parent: int) -> list[int]:
    """Children that run, not those that wait to be collected."""
    return [stat.pid for stat in tree if stat.parent == parent and stat.state not in "ZX"]
