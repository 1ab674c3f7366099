"""An access log as a discovery: line by line, in bounded memory, however long a line is and whatever is in it."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from proxy.api.discovery import DiscoveryView, discovery_view
from proxy.cli.discover.log_line import LONGEST, read_line
from proxy.core.discovery.inventory import Inventory

MOST_TOLD = 10
STDIN = "-"


@dataclass(slots=True, kw_only=True)
class ReadLog:
    """`problems` are sentences about the first lines that cannot be read, `unread` counts them all."""

    found: DiscoveryView
    problems: list[str] = field(default_factory=list)
    unread: int = 0


def read_log(file: Path) -> ReadLog:
    """`-` is standard input, `.gz` is unpacked; OSError where it cannot be opened or read."""
    inventory, since = Inventory(), float("inf")
    read = ReadLog(found=discovery_view(inventory, 0.0))
    with _opened(file) as lines:
        for number, line in enumerate(_bounded(lines), 1):
            if not line.strip():
                continue
            seen = read_line(line.rstrip("\r\n"))
            if isinstance(seen, str):
                read.unread += 1
                if len(read.problems) < MOST_TOLD:
                    read.problems.append(f"{file}:{number}: {seen}")
            else:
                since = min(since, seen.at)
                inventory.take(seen)
    read.found = discovery_view(inventory, since if inventory.observed else 0.0)
    return read


def _bounded(lines: TextIO) -> Iterator[str]:
    """Each line, of one that is too long its beginning, which is told to be too long."""
    while line := lines.readline(LONGEST + 2):
        rest = line
        while not rest.endswith("\n") and (rest := lines.readline(LONGEST)):
            pass
        yield line


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if str(file) == STDIN:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        yield sys.stdin
    elif file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8", errors="replace") as lines:
            yield lines
    else:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield lines
