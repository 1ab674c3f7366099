from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import UUID

import pytest

from proxy.clerk.grants.spool import KEPT, Spool, clerk_of
from proxy.store.grant_records import APPLIED, OPEN, GrantRecord, framed, host_of, records_in, spool_files


def record(number: int) -> GrantRecord:
    return GrantRecord(
        family=UUID(int=number),
        provider="aggregator",
        client_id="card",
        generation=number,
        token=b"sealed",
        token_hash=number.to_bytes(32, "big"),
        before=None,
        slot="",
        answer=None,
        begun=0.0,
        ends=0.0,
        access_hash=b"",
        credential=None,
    )


async def test_what_is_written_is_on_the_disk_and_read_up_to_the_first_tear(tmp_path: Path) -> None:
    """Many at once share a write; a torn or damaged record at the end is none."""
    spool = Spool(tmp_path)
    await asyncio.gather(*(spool.write(record(number)) for number in range(20)))
    (path,) = spool_files(tmp_path, OPEN)
    data = path.read_bytes()

    assert sorted(each.generation for each in records_in(data)) == list(range(20))
    assert len(list(records_in(data[:-1]))) == 19
    assert len(list(records_in(data[:-1] + b"\x00"))) == 19
    assert list(records_in(b"\xff" * 100)) == []
    assert path.stat().st_mode & 0o077 == 0


async def test_a_file_is_found_by_others_once_its_clerk_is_dead(tmp_path: Path) -> None:
    """The lock tells; what was applied is kept aside for a restore."""
    one = Spool(tmp_path)
    await one.write(record(1))
    two = Spool(tmp_path)
    assert list(two.abandoned()) == []

    os.close(one._file)  # as the kernel does for a process that is killed
    (path,) = two.abandoned()
    assert clerk_of(path) == one.name
    two.applied(path)
    assert list(two.abandoned()) == []
    assert [each.generation for found in spool_files(tmp_path, APPLIED) for each in records_in(found.read_bytes())] == [
        1
    ]


async def test_a_full_file_is_begun_anew_once_all_of_it_is_committed(tmp_path: Path) -> None:
    """And not while a record stands there alone."""
    spool = Spool(tmp_path, full=1)
    await spool.write(record(1))
    await spool.write(record(2))
    spool.committed(record(1))
    assert len(spool_files(tmp_path, APPLIED)) == 0
    spool.committed(record(2))
    await spool.write(record(3))

    assert len(spool_files(tmp_path, APPLIED)) == 1
    spool.close()
    assert [path.suffix for path in spool_files(tmp_path, OPEN, APPLIED)] == [APPLIED, OPEN]


async def test_old_files_are_removed(tmp_path: Path) -> None:
    """After seven days."""
    spool = Spool(tmp_path)
    for name, age in (("old", KEPT + 60), ("young", KEPT - 3600)):
        path = tmp_path / "grants" / f"{name}{APPLIED}"
        path.write_bytes(framed(record(1)))
        at = path.stat().st_mtime - age
        os.utime(path, (at, at))
    spool.prune()

    assert [path.stem for path in spool_files(tmp_path, APPLIED)] == ["young"]
    spool.close()
    assert spool_files(tmp_path, OPEN) == []


async def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """To whoever wrote; the answer is committed all the same."""
    spool = Spool(tmp_path)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, spool._file)
    with pytest.raises(OSError, match="No space left"):
        await spool.write(record(1))


def test_a_host_keeps_its_name(tmp_path: Path) -> None:
    """Beside its spools, whatever its container is called."""
    assert host_of(tmp_path) == host_of(tmp_path)
