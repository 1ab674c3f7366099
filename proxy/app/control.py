"""The control process put together: sockets and the first snapshot come from the supervisor, everything else from here.

Rule 1: workers serve without it; it may die at any moment and be started again with the same sockets.
Rule 2: it ends on SIGTERM alone, after the scrapes that are in flight; SIGINT is the supervisor's to act on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import structlog

from proxy.app.caller_parts import CallerParts
from proxy.app.control_parts import ControlBase, ControlParts
from proxy.app.kill_file_watch import FIRST_LOOK, KillFile
from proxy.app.reloads import Reloads, Watch, good, log_leniency, refused, table_of
from proxy.config.files import admin_token, kill_ends, kill_file
from proxy.config.load import Loaded
from proxy.config.text.problem import FileProblem
from proxy.control.admin.admin import Admin, application, serve
from proxy.control.admin.evidence import ParityPages
from proxy.control.admin.http.auth import AdminAuth, gate_for
from proxy.control.admin.kill import KillSwitch
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.flow import EvidenceFlow
from proxy.control.fleet.comparer import Comparing
from proxy.control.fleet.links import Links
from proxy.control.position.hooks import Hooks
from proxy.control.position.kill_records import KillRecords
from proxy.control.probe.certificates import Certificates
from proxy.control.probe.health import Probes
from proxy.control.running import Running
from proxy.control.traffic.ledger import Ledger
from proxy.core.routing.snapshot import Snapshot
from proxy.store.open_stores import Stores, open_stores
from proxy.store.postgres.connections import Patience
from proxy.store.postgres.grant_tables import GrantTables
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.key_records import PostgresKeys
from proxy.tasks import RestartedTasks, Work

PATIENCE = Patience(longest_wait=1.0)
"""With the state store: one that is back is found within a second, so that replicas agree again within two."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlInputs:
    """What the supervisor hands over.

    `admin` (TCP) and `link` (Unix) are bound and listening. `problems` are those of the file on disk when `snapshot` is
    the last good one instead; `warnings` are the snapshot's own. `remember` keeps the text of a good file on disk.
    `kill_file` and `suspended_file` turn the paths that routes.yaml writes into those to watch; `directory` is where
    state is kept.
    """

    admin: socket.socket
    link: socket.socket
    snapshot: Snapshot
    watch: Watch
    remember: Callable[[Loaded], object]
    kill_file: Callable[[str], Path]
    suspended_file: Callable[[str], Path]
    directory: Path
    problems: Sequence[FileProblem] = ()
    warnings: Sequence[str] = ()


async def serve_control(given: ControlInputs) -> None:
    """Be the control process until SIGTERM."""
    log_leniency(given.snapshot)
    tasks = RestartedTasks()
    base = _base(given, tasks)
    running, links, stores, probes = base.running, base.links, base.stores, base.probes
    flow = EvidenceFlow(stores, base.book, links.comparing, running)
    parts = ControlParts(base)
    kill = _kill_switch(given, base, parts)
    kill_file = KillFile(kill.path, kill.take)
    callers = CallerParts(base, parts, given.suspended_file, tasks)
    parts.asked.epoch_begun = flow.begin
    reloads = Reloads(
        running=running,
        links=links,
        probes=probes,
        watch=given.watch,
        remember=given.remember,
        records=parts.edit_records,
        followers=(
            lambda: kill_file.follow(kill.path),
            flow.follow,
            parts.follow,
            lambda: _forget(running, links),
            callers.follow,
        ),
    )
    stopping = _on_signals(reloads)
    certificates = Certificates()
    parity = ParityPages(book=base.book, archive=flow)
    await _watch_kill_file(kill_file, parts.kill_records)
    await callers.begin()
    await links.serve(given.link)
    admin = _admin(base, kill, certificates, parity, parts, callers)
    end_admin = await serve(application(admin, _gate(given)), given.admin)
    probes.follow(given.snapshot.upstreams)
    tasks.start(lambda: certificates.run(running), name="certificates")
    tasks.start(reloads.run, name="reloads")
    for name, work in {**_of_stores(stores), **flow.loops, **parts.loops, **callers.loops}.items():
        tasks.start(work, name=name)
    _log.info("control_started", admin=given.admin.getsockname()[:2], revision=given.snapshot.revision)
    await stopping.wait()
    await end_admin()
    kill_file.end()
    await tasks.end()
    for last in (parts.last, flow.last, stores.close, base.hooks.close, probes.close, callers.close, links.close):
        await last()
    _log.info("control_ended")


def _base(given: ControlInputs, tasks: RestartedTasks) -> ControlBase:
    """What everything else stands on."""
    running = Running(given.snapshot, refused(given.problems) if given.problems else good(given.warnings))
    links = Links(Ledger(time.monotonic), table_of(given.snapshot), Comparing())
    stores = open_stores(
        given.snapshot.state.reveal(),
        given.directory,
        patience=PATIENCE,
        password_file=given.snapshot.state_password_file,
    )
    return ControlBase(
        running=running,
        links=links,
        stores=stores.named(lambda: running.origins),
        journal=None if stores.connections is None else PostgresJournal(stores.connections, "control"),
        book=EvidenceBook(),
        probes=Probes(tasks, lambda: datetime.now(UTC), links.tell, credentials=links.tokens.credentials),
        directory=given.directory,
        hooks=Hooks(tasks),
    )


def _forget(running: Running, links: Links) -> None:
    """Cohorts of routes that are others now."""
    links.recent.cohorts.follow(running.snapshot.routes)


def _of_stores(stores: Stores) -> dict[str, Work]:
    return {"store": stores.keep, "retention": stores.sweep}


def _admin(
    base: ControlBase,
    kill: KillSwitch,
    certificates: Certificates,
    parity: ParityPages,
    parts: ControlParts,
    callers: CallerParts,
) -> Admin:
    return Admin(
        running=base.running,
        links=base.links,
        probes=base.probes,
        kill=kill,
        parser=f"httptools {version('httptools')}",
        certificates=certificates,
        parity=parity,
        judged=parts.judged,
        asked=parts.asked,
        reconciled=parts.reconcile_runs,
        usage=parts.usage,
        discovery=parts.discovery,
        moved=parts.mover.counts,
        told=base.hooks.counts,
        journal=parts.journal,
        brownouts=parts.brownouts,
        records=parts.records,
        suspensions=parts.suspensions,
        key_sets=callers.key_sets,
        keys=None if base.stores.connections is None else PostgresKeys(base.stores.connections),
        tokens=None if base.stores.connections is None else GrantTables(base.stores.connections),
        directory=base.directory,
    )


def _kill_switch(given: ControlInputs, base: ControlBase, parts: ControlParts) -> KillSwitch:
    return KillSwitch(
        running=base.running,
        links=base.links,
        place=given.kill_file,
        give=kill_file.give,
        lift=kill_file.lift,
        turns=kill_ends.take,
        judged=parts.judged,
        records=parts.kill_records,
        conditions=lambda: base.probes.conditions,
    )


async def _watch_kill_file(watch: KillFile, records: KillRecords) -> None:
    """Begin, and record turns of the kill switch that no control was there to see."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(FIRST_LOOK):
            for turn in await asyncio.to_thread(kill_ends.take, watch.path):
                records.kept(turn)
    await watch.start()


def _gate(given: ControlInputs) -> AdminAuth:
    """Who may ask: with the token that is set; on loopback, where none is, with the one of the state directory."""
    gate = gate_for(given.admin, given.snapshot.admin[0], admin_token.token_set(os.environ))
    if gate.token:
        return gate
    if not gate.loopback:
        hint = f"set {admin_token.VARIABLE}, or bind `admin` to 127.0.0.1: until then only the health paths answer"
        _log.warning("admin_token_missing", hint=hint)
        return gate
    file = given.directory.absolute() / admin_token.NAME
    try:
        return replace(gate, token=admin_token.read_or_make(file), file=str(file))
    except OSError as error:
        hint = f"set {admin_token.VARIABLE}, or have the state directory be written: until then nobody can give orders"
        _log.warning("admin_token_not_kept", file=str(file), error=str(error), hint=hint)
        return gate


def _on_signals(reloads: Reloads) -> asyncio.Event:
    """SIGHUP reloads; the event says that SIGTERM came."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloads.force)
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    return stopping
