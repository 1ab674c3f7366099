"""The parent process: binds everything, starts all others, replaces who dies, passes signals on.

Rule 1: it runs no loop and no thread, so that a fork of it is clean at any time.
Rule 2: it holds the listening sockets: when a worker dies, clients that wait in its queue wait for its successor.
Rule 3: a child is born from the file as it is now (or the last good one), never from what the supervisor read long ago.
Rule 4: a child whose loop stands still (`heartbeat.py`) is killed and replaced like one that died.

SIGTERM and SIGINT drain (a second one cuts), SIGHUP reloads, SIGUSR2 starts a successor that takes the sockets over.
"""

from __future__ import annotations

import atexit
import gc
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from mmap import mmap
from pathlib import Path

import structlog

from proxy.app.blocked_signals import BlockedSignals
from proxy.app.child_start import WorkerFork, run_clerk, run_comparer, run_control, run_translator, run_worker
from proxy.app.handover import HandedDown, Readiness, handed_down, start_successor
from proxy.app.heartbeat import Heartbeats, Silence
from proxy.app.initial_table import Start, first_start
from proxy.app.selfcheck import cautions, prepare, state_kept
from proxy.app.shared_ties import SharedTies
from proxy.app.socket_file import SocketFile
from proxy.app.sockets import Sockets, bind, hint_of
from proxy.core.brownout import call_counts
from proxy.core.brownout.call_counts import CallCounts
from proxy.core.routing.route import Route
from proxy.core.translation.adapter_policy import adapter_of
from proxy.edge.instance import draw_instance
from proxy.log import DirectSink, is_console, set_up

KILL_AFTER = 5.0
"""Seconds beyond the drain after which a child is killed."""
STEADY_AFTER = 5.0
_CONTROL, _COMPARER, _CLERK, _TRANSLATOR = -1, -2, -3, -4
_LONGEST_PAUSE = {_COMPARER: 30.0, _CLERK: 30.0}
"""Seconds until a child that dies young each time is started again, at most; 5 where nothing is said."""
_FIRST = _TRANSLATOR
"""The least number of a child; workers count from 0."""
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2}
_log = structlog.get_logger()


@dataclass(slots=True)
class _Child:
    pid: int
    born: float
    silence: Silence


def serve(config: Path) -> int:
    """Run until told to stop; the exit code."""
    set_up("supervisor", DirectSink(sys.stdout.fileno()), console=is_console())
    start = first_start(config, os.environ)
    if isinstance(start, Start):
        start = start.with_contexts()
    if not isinstance(start, Start):
        for problem in start:
            sys.stderr.write(f"{problem}\n")
        return 2
    for bad in start.bad_files:
        _log.error("tls_file_bad", problem=str(bad.problem), usable=bad.usable)
    for complaint in prepare():
        _log.error("self_check_failed", what=complaint)
        return 1
    for caution in cautions(start.snapshot.limits, start.snapshot.workers):
        _log.warning("self_check_caution", what=caution)
    try:
        directory = Path(tempfile.mkdtemp(prefix="banyan-"))
    except OSError as error:
        _log.error("no_room_for_sockets", error=str(error), hint="give the process a writable /tmp (a tmpfs will do)")
        return 1
    try:
        given = handed_down(os.environ)
        sockets = bind(start.snapshot, directory / "link", given)
    except OSError as error:
        _log.error("cannot_listen", error=str(error), hint=hint_of(error))
        return 1
    else:
        return Supervisor(config, start, sockets, given).run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Supervisor:
    """Keeps one control process, one comparer and `workers` workers alive; a clerk where there is a database, and a
    process of translators from the moment on at which a worker asks for it.
    """

    def __init__(self, config: Path, start: Start, sockets: Sockets, given: HandedDown | None) -> None:
        """Nothing is started before `run`; `given` is what a predecessor handed down."""
        self._predecessor = given
        self._successor: subprocess.Popen[bytes] | None = None
        self._readiness = Readiness(len(sockets.workers))
        self._config = config
        self._start = start
        self._sockets = sockets
        self._file = SocketFile.of(sockets.workers[0])
        self._ties = SharedTies()
        self._call_counts = CallCounts(memoryview(mmap(-1, call_counts.SIZE)).cast("Q"))
        self._instance = draw_instance()
        self._heartbeats = Heartbeats(len(sockets.workers) - _FIRST)
        self._children: dict[int, _Child] = {}
        self._due: dict[int, float] = {}
        self._deaths: dict[int, int] = {}
        self._silences: dict[int, Silence] = {}
        self._stopping = 0
        self._kill_at = float("inf")

    def run(self) -> int:
        """Until all children have ended after a SIGTERM."""
        signals = BlockedSignals(_SIGNALS)
        kept = state_kept(self._start.snapshot.state.reveal())
        _log.info("serving", listen=self._sockets.address, workers=len(self._sockets.workers), pid=os.getpid(), **kept)
        clerk = (_CLERK,) if self._start.snapshot.needs_clerk else ()
        translator = (_TRANSLATOR,) if any(map(_leaves_workers, self._start.snapshot.routes)) else ()
        gc.collect()
        gc.freeze()  # once for all: no child looks at, and so copies, what it was born with
        for number in (_CONTROL, _COMPARER, *translator, *range(len(self._sockets.workers)), *clerk):
            self._give_birth(number)
        while self._children or self._due:
            got = signals.wait(self._patience())
            if got is not None:
                self._on_signal(got)
            self._reap()
            self._kill_hung()
            self._start_translator()
            self._replace()
            self._succeed()
        if self._file is not None and self._successor is None:
            self._file.remove()
        return 0

    def _succeed(self) -> None:
        """Send a predecessor away once we serve; hear of a successor that could not start."""
        if self._predecessor is not None and self._readiness.complete():
            _log.info("taking_over", predecessor=self._predecessor.predecessor)
            self._predecessor.take_over()
            self._predecessor = None
        if self._successor is not None and (code := self._successor.poll()) is not None:
            _log.error("successor_failed", exit=code)
            self._successor = None

    def _patience(self) -> float:
        """Seconds until something is due without a signal."""
        now = time.monotonic()
        times = [*self._due.values(), self._kill_at]
        longest = 1.0 if self._predecessor is None else 0.05
        return max(0.0, min([*(each - now for each in times), longest]))

    def _on_signal(self, got: signal.Signals) -> None:
        match got:
            case signal.SIGTERM | signal.SIGINT:
                self._stop()
            case signal.SIGHUP:
                for number in tuple(self._children):
                    self._signal(number, signal.SIGHUP)
            case signal.SIGUSR2:
                self._start_successor()
            case _:
                pass

    def _start_successor(self) -> None:
        if self._successor is not None or self._stopping:
            return
        try:
            self._successor = start_successor(self._config, self._sockets.workers, self._sockets.admin, os.environ)
        except OSError as error:
            _log.exception("successor_failed", exc_info=error)
            return

    def _stop(self) -> None:
        """Drain; at the second call, cut."""
        self._stopping += 1
        self._due.clear()
        self._kill_at = min(self._kill_at, time.monotonic() + self._start.snapshot.drain + KILL_AFTER)
        self._sockets.close_listening()
        for number in self._children:
            if number >= 0:
                self._signal(number, signal.SIGTERM)
        self._dismiss()

    def _dismiss(self) -> None:
        """Workers end first, then those whom they asked, who have heard them all, then control, which has heard all."""
        if any(number >= 0 for number in self._children):
            return
        asked = (_CLERK, _COMPARER, _TRANSLATOR)
        for number in asked:
            self._signal(number, signal.SIGTERM)
        if not self._children.keys() & asked:
            self._signal(_CONTROL, signal.SIGTERM)

    def _signal(self, number: int, what: signal.Signals) -> None:
        child = self._children.get(number)
        if child is not None:
            os.kill(child.pid, what)

    def _reap(self) -> None:
        """Take note of every child that has ended."""
        for number, child in tuple(self._children.items()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                del self._children[number]
                self._ended(number, child, os.waitstatus_to_exitcode(status))
        if self._stopping:
            self._dismiss()
        if time.monotonic() > self._kill_at:
            for number in tuple(self._children):
                self._signal(number, signal.SIGKILL)

    def _kill_hung(self) -> None:
        """Rule 4; while all end, `_kill_at` is the bound."""
        now = time.monotonic()
        for number, child in self._children.items():
            if child.silence.look(self._heartbeats.count(number - _FIRST), now) and not self._stopping:
                silent = child.silence.patience
                _log.error("child_hangs", child=_name(number), pid=child.pid, silent=silent, hint="it is replaced")
                os.kill(child.pid, signal.SIGKILL)

    def _ended(self, number: int, child: _Child, code: int) -> None:
        if self._stopping:
            return
        lived = time.monotonic() - child.born
        deaths = 0 if lived > STEADY_AFTER else self._deaths.get(number, 0) + 1
        self._deaths[number] = deaths
        delay = min(0.05 * 2**deaths, _LONGEST_PAUSE.get(number, 5.0)) if deaths else 0.0
        _log.error("child_died", child=_name(number), exit=code, lived=round(lived, 3), again_in=delay)
        self._due[number] = time.monotonic() + delay

    def _start_translator(self) -> None:
        """Few tables need one; a worker whose table does has connected to its socket."""
        if self._stopping or _TRANSLATOR in self._deaths:
            return
        poll = select.poll()
        poll.register(self._sockets.translations, select.POLLIN)
        if poll.poll(0):
            self._give_birth(_TRANSLATOR)

    def _replace(self) -> None:
        """Start the children whose time to be started has come."""
        now = time.monotonic()
        for number in [each for each, at in self._due.items() if at <= now]:
            del self._due[number]
            self._give_birth(number)

    def _give_birth(self, number: int) -> None:
        first = number not in self._deaths
        if number == _CLERK and first:
            _learn("proxy.clerk.clerk_process")
        pid = os.fork()
        if pid:
            now = time.monotonic()
            count = self._heartbeats.count(number - _FIRST)
            before = self._silences.get(number)
            self._silences[number] = Silence(count, now) if before is None else before.successor(count, now)
            self._children[number] = _Child(pid, now, self._silences[number])
            self._deaths.setdefault(number, 0)
            return
        self._be(number, first=first)

    def _be(self, number: int, *, first: bool) -> None:
        """In the child: never returns."""
        start = self._start if first else self._start.again(self._config, os.environ)
        be: Callable[[], None]
        alive = partial(self._heartbeats.while_running, number - _FIRST)
        if number == _CONTROL:
            be = lambda: run_control(self._config, start, self._sockets, alive)  # noqa: E731
        elif number == _COMPARER:
            be = lambda: run_comparer(self._config, start, self._sockets, alive)  # noqa: E731
        elif number == _CLERK:
            be = lambda: run_clerk(self._config, start, self._sockets, alive)  # noqa: E731
        elif number == _TRANSLATOR:
            be = lambda: run_translator(self._sockets, alive)  # noqa: E731
        else:
            fork = WorkerFork(
                number=number,
                sockets=self._sockets,
                instance=self._instance,
                ties=self._ties,
                call_counts=self._call_counts,
                serving=self._readiness.say,
                alive=alive,
                succeeds=self._predecessor is not None,
            )
            be = lambda: run_worker(fork, self._config, start, fresh=first)  # noqa: E731
        code = 1
        try:
            be()
            code = 0
        except BaseException:  # noqa: BLE001 -- a child may not unwind into the parent's stack
            _log.exception("child_broke", child=_name(number))
        finally:
            leave(code)


def leave(code: int) -> None:
    """End a forked child: run exit handlers (coverage is one), flush, and do not unwind into the parent's stack."""
    atexit._run_exitfuncs()  # noqa: SLF001 -- os._exit would skip them, sys.exit would run the parent's `finally` blocks
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _learn(module: str) -> None:
    """Import for children what is theirs: requests wait for who replaces one, and not for its imports, and memory is
    shared. What cannot be imported is the child's to say.
    """
    with suppress(Exception):
        import_module(module)
        gc.freeze()


def _leaves_workers(route: Route) -> bool:
    """Whether any message of the route is translated elsewhere."""
    adapter = adapter_of(route.steps)
    return adapter is not None and adapter.may_leave_worker


def _name(number: int) -> str:
    names = {_CONTROL: "control", _COMPARER: "comparer", _CLERK: "clerk", _TRANSLATOR: "translator"}
    return names.get(number, f"worker-{number}")
