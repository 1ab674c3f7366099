"""What this process has in memory, and what it may have: /proc and the control group's files."""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path

from proxy.core.limits.ceiling import share_of_group
from proxy.core.routing.snapshot import AUTO

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UNBOUNDED = 1 << 60
"""Version 1 of control groups writes a number near 2^63 for no bound."""


def resident() -> int:
    """Bytes of memory that this process holds; 0 where nobody can tell."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0


def ceiling(memory: int, workers: int) -> int:
    """The bytes that one worker may hold, from `limits.memory`; 0 is no bound."""
    return share_of_group(group_limit(), workers) if memory == AUTO else memory


def group_limit(proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that the tightest control group above this process allows, of version 1 or 2; 0 is no bound."""
    try:
        lines = proc.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    bounds: list[int] = []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            bounds += _bounds(root, group, "memory.max")
        elif "memory" in controllers.split(","):
            bounds += _bounds(root / "memory", group, "memory.limit_in_bytes")
    return min(bounds, default=0)


def _bounds(mount: Path, group: str, name: str) -> list[int]:
    """The bounds from the group up to the mount; in a container the group's own path may not be there."""
    bounds: list[int] = []
    folder = mount / group.lstrip("/")
    for group_folder in (folder, *folder.parents):
        try:
            text = (group_folder / name).read_text(encoding="ascii").strip()
        except OSError:
            text = ""
        if text.isdigit() and 0 < int(text) < _UNBOUNDED:
            bounds.append(int(text))
        if group_folder == mount:
            break
    return bounds


def give_back() -> None:
    """Return what was freed to the system; the allocator would keep it, and the worker would look full for ever."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)
