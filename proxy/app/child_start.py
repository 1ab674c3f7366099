"""What a forked child does first: signals, log, a tie to its parent, memory set aside; then its work."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import time
from typing import Any

import structlog

from proxy.app.code_problems import ImportingWatch
from proxy.app.initial_table import Start
from proxy.app.shared_ties import SharedTies
from proxy.app.sockets import Sockets
from proxy.app.worker import Worker, WorkerInputs
from proxy.config.files import kill_file, lastgood
from proxy.config.files.watch import FileWatch
from proxy.config.load import Loaded
from proxy.config.readers import suspended_file
from proxy.config.text.written_texts import Texts
from proxy.control.key_sets import key_set_file
from proxy.control.position import standing_file
from proxy.control.position.standing_file import StandingFile
from proxy.core.auth.key_set_state import KeySetSource
from proxy.core.brownout.call_counts import CallCounts
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.instance import Here
from proxy.edge.shared_memory import SharedMemory
from proxy.link.messages import KeySets, Suspended
from proxy.log import Sink, is_console, set_up
from proxy.names.system import NamingLoop

_PR_SET_PDEATHSIG = 1
_SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread that prepares a table may keep the loop waiting; Python's own is ten times that."""
COMPARER_NICE = 10
"""Where cores are short, the live path goes first: evidence can wait, and is shed beyond a bound."""
_GC_THRESHOLD = (50_000, 20, 100)
"""Requests free what they made by counting references; the collector is there for what goes wrong."""


Alive = Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]
"""Runs a child's work, with signs of life beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFork:
    """What is a worker's own, and what it shares with the others; `serving` is to be called once it serves.

    `succeeds`: a predecessor serves until then. `instance` is drawn with the start, for all workers.
    """

    number: int
    sockets: Sockets
    instance: int
    ties: SharedTies
    call_counts: CallCounts
    serving: Callable[[], None]
    alive: Alive
    succeeds: bool = False


def run_worker(fork: WorkerFork, config: Path, start: Start, *, fresh: bool) -> None:
    """Serve until told to stop; `fresh`: `start` was read just now, so that control need not be asked first."""
    number, sockets = fork.number, fork.sockets
    here = Here(fork.instance, sockets.bound)
    sink = _begin(f"worker-{number}")
    sys.setswitchinterval(_SWITCH_INTERVAL)
    for other, sock in enumerate(sockets.workers):
        if other != number:
            sock.close()
    sockets.close_private()
    kept = standing_file.begin(lastgood.directory(config, os.environ), start.snapshot.state.reveal())
    inputs = WorkerInputs(
        number=number,
        sock=sockets.workers[number],
        link=sockets.link_path,
        snapshot=start.snapshot,
        here=here,
        serving=fork.serving,
        fresh=fresh,
        kill_file=_killed_by(config),
        contexts=start.contexts,
        orders=kept.orders,
        suspended=_suspended(kept, start.snapshot.suspend, config),
        key_sets=_key_sets(start.snapshot, lastgood.directory(config, os.environ)),
        succeeds=fork.succeeds,
        shared=SharedMemory(fork.ties.memory(lastgood.directory(config, os.environ)), fork.call_counts),
    )

    async def live() -> None:
        await Worker(inputs, sink, console=is_console()).run()

    with _runner() as runner:
        runner.run(fork.alive(live()))
    sink.close()


def run_control(config: Path, start: Start, sockets: Sockets, alive: Alive) -> None:
    """Watch, report and answer until told to stop; what that takes is loaded here: no worker waits for it."""
    from proxy.app.control import ControlInputs, serve_control  # noqa: PLC0415 -- half a second that workers do not wait for

    sink = _begin("control")
    sockets.close_listening()
    for other in (sockets.pairs, sockets.questions, sockets.translations):
        other.close()
    directory = lastgood.directory(config, os.environ)

    def remember(loaded: Loaded) -> None:
        lastgood.save(directory, loaded.texts)

    if not start.problems:
        _keep(directory, start.texts)
    given = ControlInputs(
        admin=sockets.admin,
        link=sockets.link,
        snapshot=start.snapshot,
        watch=ImportingWatch(FileWatch(config, os.environ, running=start.texts, named=start.named), config),
        remember=remember,
        problems=start.problems,
        warnings=start.warnings,
        kill_file=_killed_by(config),
        suspended_file=lambda written: suspended_file.place(written, config),
        directory=directory,
    )
    with asyncio.Runner(loop_factory=NamingLoop) as runner:
        runner.run(alive(serve_control(given)))
    sink.close()


def run_comparer(config: Path, start: Start, sockets: Sockets, alive: Alive) -> None:
    """Compare until told to stop; what it needs for that is loaded here, so that workers stay small."""
    from proxy.comparer.process import ComparerInputs, ComparerProcess  # noqa: PLC0415 -- see above
    from proxy.comparer.redaction_key import key_for_now  # noqa: PLC0415

    sink = _begin("comparer")
    os.nice(COMPARER_NICE)
    sockets.close_listening()
    sockets.close_private(sockets.pairs)
    key = key_for_now(lastgood.directory(config, os.environ))
    inputs = ComparerInputs(pairs=sockets.pairs, link=sockets.link_path, snapshot=start.snapshot, key=key)

    async def live() -> None:
        await ComparerProcess(inputs).run()

    with _runner() as runner:
        runner.run(alive(live()))
    sink.close()


def run_clerk(config: Path, start: Start, sockets: Sockets, alive: Alive) -> None:
    """Answer workers' questions until told to stop; what asks a database is loaded in control, and by the supervisor
    once there is a clerk: it is born with it.
    """
    from proxy.clerk.clerk_process import ClerkInputs, ClerkProcess, keep_to_itself  # noqa: PLC0415 -- see above

    sink = _begin("clerk")
    keep_to_itself()
    sockets.close_listening()
    sockets.close_private(sockets.questions)
    inputs = ClerkInputs(
        questions=sockets.questions,
        link=sockets.link_path,
        snapshot=start.snapshot,
        directory=lastgood.directory(config, os.environ),
    )

    async def live() -> None:
        await ClerkProcess(inputs).run()

    with _runner() as runner:
        runner.run(alive(live()))
    sink.close()


def run_translator(sockets: Sockets, alive: Alive) -> None:
    """Translate for workers until told to stop."""
    from proxy.translator.translator_process import TranslatorProcess  # noqa: PLC0415 -- see above

    sink = _begin("translator")
    sockets.close_listening()
    sockets.close_private(sockets.translations)

    async def live() -> None:
        await TranslatorProcess(sockets.translations).run()

    with _runner() as runner:
        runner.run(alive(live()))
    sink.close()


def _suspended(kept: StandingFile, written: str, config: Path) -> Suspended:
    """Who was suspended when control last wrote that down, and whom the file lists: known before the first client."""
    listed = suspended_file.read(suspended_file.place(written, config)) if written else frozenset[str]()
    if isinstance(listed, str):
        structlog.get_logger().error("suspended_list_unreadable", error=listed, hint="control may know the last list")
        listed = frozenset()
    return Suspended(sorted(listed.union(each.subject for each in kept.suspensions)))


def _key_sets(snapshot: Snapshot, directory: Path) -> KeySets:
    """What control kept last: tokens are checked by that until it says more."""
    return key_set_file.held(directory, [KeySetSource(each) for each in sorted(snapshot.fetched_sources)], time())


def _killed_by(config: Path) -> Callable[[str], Path]:
    """From `kill_file` as routes.yaml writes it to the path."""
    return lambda written: kill_file.place(written, config, os.environ)


def _keep(directory: Path, texts: Texts) -> None:
    """The file was good at the start: remember it, or say that nothing can be remembered here."""
    try:
        lastgood.save(directory, texts)
    except OSError as error:
        structlog.get_logger().warning("last_good_not_kept", directory=str(directory), error=str(error))


def _begin(process: str) -> Sink:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    sink = Sink(sys.stdout.fileno())
    set_up(process, sink, console=is_console())
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    structlog.get_logger().info("process_started", pid=os.getpid())
    return sink


def _runner() -> asyncio.Runner:
    """Uvloop where it exists."""
    if find_spec("uvloop") is None:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=import_module("uvloop").new_event_loop)
