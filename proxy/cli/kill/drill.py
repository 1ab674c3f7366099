"""`banyan kill --drill`: how long the kill switch takes, measured on the running Banyan.

Each turn is one row: from the command to the moment at which each worker had rewritten its decisions, in the worker's
own words (one clock, as both run on this machine).

Rule 1: the words are checked: once all have turned, and what ran before is answered, further requests are sent, and the
        counters of new on that route must stand still; what they count is shown. Other clients' requests that were in
        flight at new at that moment count there too: a busy route shows some, and they began before.
Rule 2: it begins with the switch off, and ends with it off, whatever happens.
Rule 3: only requests that change nothing are sent.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from proxy.cli.admin_address import ANYWHERE, url_of
from proxy.cli.admin_client import NoAnswerError, get_kill, get_route
from proxy.cli.explain.typed_request import TypedRequest, fault_of, read_typed
from proxy.cli.help_text import FINE, FOUND, UNUSABLE
from proxy.cli.kill.loaded_table import snapshot_or_leave
from proxy.cli.kill.turning import await_workers, order_now
from proxy.cli.terminal import complain, console, leave, say_json
from proxy.config.files import kill_file

if TYPE_CHECKING:
    from proxy.core.routing.snapshot import Snapshot

CHECKED, CHECK = 10, 2.0
"""Requests that are sent after each turn to see who answers, and seconds that they may take in all."""
REST = 0.2
"""Seconds between two turns."""
PAUSE = 0.005
"""Seconds between two requests of its load: some 150 a second, over all workers by chance."""
_TIMEOUT, _KILL_TIMEOUT = 10.0, 1.0
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRequest:
    """A drill as it was typed; `fields` are whole lines."""

    method: str
    target: str
    fields: tuple[str, ...]
    times: int
    config: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the switch: milliseconds until the last worker followed, and what new answered in the check after."""

    on: bool
    ms: float
    by_new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTimes:
    """Of all turns in one direction, in milliseconds; `p99` is the largest where there are fewer than a hundred."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """The outcome: `requests` were the drill's own, `failed` those without an answer or with 5xx."""

    route: str
    workers: int
    on: TurnTimes
    off: TurnTimes
    flips: tuple[Turn, ...]
    requests: int
    failed: int

    @property
    def clean(self) -> bool:
        """Whether nothing failed and new answered none of the checks while it was killed."""
        return not self.failed and not any(turn.by_new for turn in self.flips if turn.on)


class DrillLoad:
    """The light load of a drill: one request after the other from a thread, each on a connection of its own."""

    def __init__(self, listen: tuple[str, int], request: TypedRequest, *, tls: bool = False) -> None:
        """Begins at once; `listen` is where clients come in, by TLS when `tls`."""
        self._address = (ANYWHERE.get(listen[0], listen[0]), listen[1])
        head = request.raw.removesuffix(b"\r\n")
        self._request = head + b"Connection: close\r\n\r\n"
        self._context = _unverified() if tls else None
        self._answered = threading.Condition()
        self._ended = threading.Event()
        self.sent = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, name="drill-load", daemon=True)
        self._thread.start()

    def await_answers(self, count: int, within: float | None = None) -> None:
        """Return when `count` requests that begin from now on have been answered, or have failed."""
        with self._answered:
            enough = self.sent + count + 1  # one may be on its way already
            self._answered.wait_for(lambda: self.sent >= enough, within)

    def close(self) -> None:
        """Send no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            well = self._ask()
            with self._answered:
                self.sent += 1
                self.failed += not well
                self._answered.notify_all()
            time.sleep(PAUSE)

    def _ask(self) -> bool:
        """Whether it was answered whole, and not with 5xx."""
        try:
            with self._connection() as sock:
                sock.sendall(self._request)
                head = sock.recv(65_536)
                while sock.recv(65_536):
                    pass
        except OSError:
            return False
        return head.startswith(b"HTTP/1.") and head[9:10] in (b"1", b"2", b"3", b"4")

    def _plain(self) -> socket.socket:
        host, _ = self._address
        if not host.startswith("/"):
            return socket.create_connection(self._address, timeout=_TIMEOUT)
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(_TIMEOUT)
        try:
            plain.connect(host)
        except OSError:
            plain.close()
            raise
        return plain

    def _connection(self) -> socket.socket:
        plain = self._plain()
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise


def run(asked: DrillRequest, *, sure: bool, json: bool) -> int:
    """The whole drill; the exit code."""
    snapshot = snapshot_or_leave(asked.config)
    typed = TypedRequest(method=asked.method, target=asked.target, fields=asked.fields)
    route = _route_of(typed, snapshot)
    base, path = url_of(snapshot.admin), kill_file.place(snapshot.kill_file, asked.config, os.environ)
    try:
        workers = _ready(base, path)
        _confirm(asked.times, sure=sure)
        with closing(DrillLoad(snapshot.listen, typed, tls=snapshot.tls is not None)) as load:
            flips = tuple(_shown(_flips(base, path, route, load, asked.times), asked.times * 2))
    except NoAnswerError as error:
        complain(error.message, error.cure)
        return FOUND
    drilled = DrillResult(
        route=route,
        workers=workers,
        on=times_of([turn.ms for turn in flips if turn.on]),
        off=times_of([turn.ms for turn in flips if not turn.on]),
        flips=flips,
        requests=load.sent,
        failed=load.failed,
    )
    if json:
        say_json(drilled)
    else:
        _print(drilled)
    return FINE if drilled.clean else FOUND


def times_of(milliseconds: Sequence[float]) -> TurnTimes:
    """By nearest rank."""
    ranked = sorted(milliseconds)
    return TurnTimes(p50=_rank(ranked, 50), p99=_rank(ranked, 99), max=ranked[-1])


def _rank(ranked: Sequence[float], percent: int) -> float:
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def _route_of(typed: TypedRequest, snapshot: Snapshot) -> str:
    """The route that the request takes, which new must answer and the switch must move."""
    from proxy.cli.explain.model import explain_head

    if fault := fault_of(typed):
        _refuse(fault, "See `banyan kill --help`.")
    if typed.method not in _SAFE:
        _refuse(f"{typed.method} may change something, and is sent many times.", f"Use one of {', '.join(_SAFE)}.")
    head = read_typed(typed, snapshot)
    route = explain_head(head, typed.target, "127.0.0.1", snapshot).route
    if route is None or route.serve != "new" or route.stage not in {"canary", "live"}:
        said = f"{route.name} answers it by {route.serve} at {route.stage}" if route else "no route takes it"
        _refuse(f"The switch would move nothing here: {said}.", "Name a request that new answers at canary or live.")
    return route.name


def _refuse(said: str, cure: str) -> NoReturn:
    complain(said, cure)
    leave(UNUSABLE)


def _ready(base: str, path: Path) -> int:
    """How many workers there are; nothing is drilled while somebody means it."""
    status = get_kill(base, timeout=_KILL_TIMEOUT)
    if status.on:
        raise NoAnswerError("The kill switch is on already, and not by a drill.", "End it first: banyan kill --off")
    if status.file != str(path):
        raise NoAnswerError(f"Banyan watches {status.file}, and not {path}.", "Use its --config and environment.")
    if not status.workers:
        raise NoAnswerError(f"No worker is linked to control at {base}.", "Wait until `banyan status` shows some.")
    return len(status.workers)


def _confirm(times: int, *, sure: bool) -> None:
    if sure:
        return
    if not sys.stdin.isatty():
        _refuse("A drill moves real traffic, and nobody is there to agree.", "Say --yes.")
    import typer

    typer.confirm(f"Move all traffic to legacy and back {times} times?", abort=True, err=True)


def _flips(base: str, path: Path, route: str, load: DrillLoad, times: int) -> Iterator[Turn]:
    try:
        for number in range(times * 2):
            on = number % 2 == 0
            began = time.monotonic()
            if on:
                kill_file.give(path, order_now("drill"))
            else:
                kill_file.lift(path)
            following = await_workers(base, began, on=on)
            if not following.whole:
                said = following.away or "Not every worker has followed."
                raise NoAnswerError(f"{said} The drill is off.", "See the log for kill_file_unreadable.")
            yield Turn(on=on, ms=following.slowest, by_new=_by_new(base, route, load))
            time.sleep(REST)
    finally:
        kill_file.lift(path)


def _by_new(base: str, route: str, load: DrillLoad) -> int:
    """How many requests new answers while ours of the check are, all of which began after this call."""
    load.await_answers(1)  # it is one after the other: whatever began before has been answered
    before = _count(base, route)
    load.await_answers(CHECKED, CHECK)
    return _count(base, route) - before


def _count(base: str, route: str) -> int:
    return get_route(base, route)[0].traffic.new


def _shown(flips: Iterator[Turn], total: int) -> Iterator[Turn]:
    """A progress bar for whoever watches."""
    from rich.console import Console
    from rich.progress import track

    screen = Console(stderr=True)
    yield from track(flips, "turning the switch", total, console=screen, disable=not screen.is_terminal, transient=True)


def _print(drilled: DrillResult) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("command to last worker", "turns", "p50", "p99", "max", "answered by new afterwards"):
        table.add_column(head, justify="left" if head.startswith("command") else "right")
    for name, times, on in (("kill", drilled.on, True), ("kill --off", drilled.off, False)):
        flips = [turn for turn in drilled.flips if turn.on is on]
        by_new = str(sum(turn.by_new for turn in flips))
        figures = (f"{each:.0f} ms" for each in (times.p50, times.p99, times.max))
        table.add_row(name, str(len(flips)), *figures, by_new)
    screen = console()
    workers = f"{drilled.workers} worker{'' if drilled.workers == 1 else 's'}"
    screen.print(f"route {drilled.route}, {workers}, {drilled.requests} requests of the drill, {drilled.failed} failed")
    screen.print(table)


def _unverified() -> ssl.SSLContext:
    """It is called by an address of this machine, which stands in no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
