"""An access log as a discovery: line by line, in bounded memory, however long a line is and whatever is in it."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
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
    """`problems` are sentences about the first lines that cannot be read, `unread` counts them all.

    `broken` is one about where a packed log breaks off, empty where it does not.
    """

    found: DiscoveryView
    problems: list[str] = field(default_factory=list)
    unread: int = 0
    broken: str = ""


def read_log(file: Path) -> ReadLog:
    """`-` is standard input, `.gz` is unpacked; OSError where it cannot be opened or read."""
    inventory, since = Inventory(), float("inf")
    read = ReadLog(found=discovery_view(inventory, 0.0))
    with _opened(file) as lines:
        for number, line in enumerate(_as_far_as_it_goes(_bounded(lines), file, read), 1):
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


def _as_far_as_it_goes(lines: Iterator[str], file: Path, read: ReadLog) -> Iterator[str]:
    """A log that is still being packed, or was cut, is known up to there."""
    has_begun = False
    try:
        for line in lines:
            has_begun = True
            yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not has_begun and isinstance(error, OSError):
            raise  # it was never packed
        read.broken = f"{file}: it cannot be unpacked to its end, and what stands before is taken: {error}"


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
