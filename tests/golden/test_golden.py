"""Golden files: a routes.yaml, a line of dashes, and what becomes of it: its routes as text, or its problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.snapshot import Limits, Snapshot

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
DASHES = "\n-----\n"
ENV = {
    "LEGACY_HOST": "legacy.test",
    "EMPTY": "",
    "STAGE": "canry",
    "SPLIT": "12.5%",
    "DATABASE_URL": "postgresql://u:p@db/x",
}


def outcome(text: str) -> str:
    """What a golden file expects below its dashes."""
    found = load_text(text, "routes.yaml", ENV)
    lines = [*described(found.snapshot), *found.warnings] if isinstance(found, Loaded) else map(str, found)
    return "\n".join(lines) + "\n"


def described(snapshot: Snapshot) -> Iterator[str]:
    """A snapshot as text: what can be said of it in a line, then upstreams and routes."""
    listen, admin = (f"{host}:{port}" for host, port in (snapshot.listen, snapshot.admin))
    yield f"listen {listen} admin {admin} workers {snapshot.workers} drain {snapshot.drain:g}s"
    trusted = ", ".join(map(str, snapshot.trusted)) or "nobody"
    yield f"trusts {trusted}; logs {snapshot.access_log.sample:.2%}; {limits(snapshot)}"
    yield from map(upstream, snapshot.upstreams.values())
    yield from map(route, snapshot.routes)


def limits(snapshot: Snapshot) -> str:
    """The bounds that are not the usual ones, and what is forgiven."""
    usual = asdict(Limits())
    said = [f"{name} {value}" for name, value in asdict(snapshot.limits).items() if value != usual[name]]
    said += [f"forgives {', '.join(sorted(snapshot.leniency))}"] * bool(snapshot.leniency)
    said += ["no underscores"] * (not snapshot.underscores)
    return "; ".join(said) or "usual limits"


def upstream(each: Upstream) -> str:
    waits = "/".join(
        f"{wait:g}s"
        for wait in (each.timeouts.connect, each.timeouts.response, each.timeouts.idle, each.timeouts.total)
    )
    health = f" health {each.health.path} every {each.health.every:g}s" if each.health else ""
    pool = f"{each.connections} connections, {each.queue} wait, kept {each.keep_alive:g}s"
    forgiven = f" forgives {', '.join(sorted(each.leniency))}" if each.leniency else ""
    where = f"{each.scheme}://{each.authority} host {each.host_mode}"
    return f"upstream {each.name} {where} waits {waits} {pool}{health}{forgiven}"


def route(each: Route) -> str:
    methods = b",".join(sorted(each.methods)).decode() if each.methods is not None else "any"
    conditions = "".join(f" if {asked(predicate)}" for predicate in each.predicates)
    return f"route {each.name} (line {each.line}) {methods} {each.pattern.text}{conditions}: {answer(each)}"


def asked(predicate: Predicate) -> str:
    match predicate:
        case HostIs():
            return f"host {predicate.pattern}"
        case HeaderIs():
            return f"header {predicate.name.decode()} {b'|'.join(sorted(predicate.values)).decode() or 'present'}"
        case HeaderAbsent():
            return f"header {predicate.name.decode()} absent"
        case QueryIs():
            return f"query {predicate.name} {'|'.join(sorted(predicate.values)) or 'present'}"
        case QueryAbsent():
            return f"query {predicate.name} absent"
        case _:
            raise TypeError(predicate)


def answer(each: Route) -> str:
    if each.respond is not None:
        return f"{each.respond.status} {each.respond.content_type} {each.respond.body!r}"
    cohort = ", ".join(f"{source.kind}:{source.name}" if source.name else str(source.kind) for source in each.cohort)
    said = [f"{each.stage} {each.split:.2%} of {cohort}", f"{each.legacy} to {each.new}"]
    said += [f"group {each.group}"] * bool(each.group)
    said += [f"effects {each.effects}"] * (each.effects is not None)
    said += [f"{each.timeouts}"] * (each.timeouts is not None)
    said += ["websocket"] * each.websocket
    said += [f"body up to {each.body_limit}"] * bool(each.body_limit)
    said += [f"{step}" for step in each.steps]
    said += [f"forgives {', '.join(sorted(each.leniency))}"] * bool(each.leniency)
    return "; ".join(said)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_becomes_what_stands_below_its_dashes(file: Path) -> None:
    """The routes, or the problems, are exactly those that the golden file expects."""
    text, dashes, expected = file.read_text(encoding="utf-8").partition(DASHES)

    assert dashes
    assert outcome(text + "\n") == expected


def test_there_are_golden_files() -> None:
    """The folder is not empty, and holds files of both kinds."""
    ends = [file.read_text(encoding="utf-8").partition(DASHES)[2] for file in FILES]

    assert any(end.startswith("listen ") for end in ends)
    assert any(end.startswith("routes.yaml:") for end in ends)
