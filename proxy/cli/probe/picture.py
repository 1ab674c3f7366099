"""What `banyan probe` prints: each target with its rows, and in a sentence what they come to.

Rule 1: no line is wider than `WIDTH`, or than the terminal: what is said goes on below itself.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from proxy.cli.terminal import Ink, painted
from proxy.core.one_line import one_line
from proxy.core.reachability.finding import Finding, ProbeRow, RowOutcome, TargetFindings, TargetKind, worst

WIDTH = 100
_NARROWEST = 50
_NAMES = {row: row.replace("_", " ") for row in ProbeRow} | {ProbeRow.TLS: "TLS", ProbeRow.MAY_I: "may I"}
_NAME_WIDTH = max(map(len, _NAMES.values()))
_MARKS = {RowOutcome.FINE: "ok", RowOutcome.WARNING: "warning", RowOutcome.FAILED: "FAILED"}
_MARK_WIDTH = max(map(len, _MARKS.values()))
_INKS = {RowOutcome.FINE: Ink.GOOD, RowOutcome.WARNING: Ink.WARN, RowOutcome.FAILED: Ink.BAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """All that is said, as `--json` has it: docs/probe.md names the fields."""

    file: str
    host: str
    user: str
    outcome: RowOutcome
    targets: tuple[TargetReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReport:
    """One target with its own outcome; `closed`: sentences of the closed hours that it is within now."""

    kind: str
    name: str
    where: str
    outcome: RowOutcome
    closed: tuple[str, ...]
    findings: tuple[Finding, ...]


def report_of(file: Path, found: Sequence[TargetFindings], closed: Mapping[str, Sequence[str]]) -> ProbeReport:
    """Asked from this host, as this user; `closed`: sentences of the upstreams that are closed now."""
    targets = tuple(
        TargetReport(
            kind=each.kind,
            name=each.name,
            where=each.where,
            outcome=each.outcome,
            closed=tuple(closed.get(each.name, ())) if each.kind is TargetKind.UPSTREAM else (),
            findings=each.findings,
        )
        for each in found
    )
    outcome = worst(each.outcome for each in found)
    return ProbeReport(file=str(file), host=socket.gethostname(), user=_user(), outcome=outcome, targets=targets)


def lines(report: ProbeReport) -> Iterator[str]:
    """For people."""
    yield f"{report.file}, asked from {report.host} as {report.user}"
    for target in report.targets:
        yield ""
        yield painted(f"{target.kind} {target.name}", Ink.STRONG) + f"  {target.where}"
        for sentence in target.closed:
            yield from (f"  {painted(line, Ink.WARN)}" for line in _wrapped(sentence, 2))
        for address, findings in groupby(target.findings, lambda finding: finding.address):
            if address:
                yield f"  {address}"
            for finding in findings:
                yield from _row(finding, "    " if address else "  ")
    yield ""
    yield summary(report)


def summary(report: ProbeReport) -> str:
    """`5 targets: 3 ok, 1 with warnings, 1 failed (new)`."""
    counts = {outcome: [each.name for each in report.targets if each.outcome is outcome] for outcome in RowOutcome}
    bad = ", ".join(dict.fromkeys(counts[RowOutcome.FAILED]))
    said = [f"{len(counts[RowOutcome.FINE])} ok"]
    said += [f"{len(counts[RowOutcome.WARNING])} with warnings"] if counts[RowOutcome.WARNING] else []
    said += [painted(f"{len(counts[RowOutcome.FAILED])} failed", Ink.BAD) + f" ({bad})"] if bad else []
    return f"{len(report.targets)} target{'' if len(report.targets) == 1 else 's'}: {', '.join(said)}"


def _row(finding: Finding, indent: str) -> Iterator[str]:
    """What is said, and below it who has to change what."""
    name = _NAMES[finding.row].ljust(_NAME_WIDTH)
    mark = painted(_MARKS[finding.outcome].ljust(_MARK_WIDTH), _INKS[finding.outcome])
    blanks = " " * (len(indent) + _NAME_WIDTH + _MARK_WIDTH + 4)
    said = _wrapped(finding.said, len(blanks))
    yield f"{indent}{name}  {mark}  {said[0]}"
    yield from (blanks + line for line in said[1:])
    if finding.change is not None:
        yield from (blanks + line for line in _wrapped(f"{finding.change}: {finding.cure}", len(blanks)))


def _wrapped(text: str, taken: int) -> list[str]:
    width = WIDTH if not sys.stdout.isatty() else min(WIDTH, max(shutil.get_terminal_size().columns, _NARROWEST))
    return wrap(one_line(text), width - taken, break_on_hyphens=False) or [""]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as containers have
        return str(os.geteuid())
