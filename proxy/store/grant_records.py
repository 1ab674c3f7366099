"""What a clerk writes to its spool before it commits: all that a database needs of one new token.

Rule 1: a record is a 4-byte length, a 4-byte CRC-32 and a MessagePack body; a torn one at the end is none.
Rule 2: tokens in it are sealed, as in the database; reading it needs no key.
Rule 3: files that are still written, or that nobody has read since their clerk died, end in `.spool`; the others in
        `.applied`, kept for a database that is restored.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID
from zlib import crc32

import msgspec

FOLDER = "grants"
"""Below the state directory."""
OPEN, APPLIED = ".spool", ".applied"
MAX_RECORD = 1024 * 1024


class GrantRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with tokens. `generation` is the new token's; `begun` and `ends` are unix seconds by the database.

    `is_new`: a grant that the database does not know yet. `answer` None: nothing of it may be given again.
    """

    family: UUID
    provider: str
    client_id: str
    generation: int
    token: bytes
    token_hash: bytes
    before: bytes | None
    slot: str
    answer: bytes | None
    begun: float
    ends: float
    access_hash: bytes
    credential: bytes | None
    is_new: bool = False
    subject: bytes | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(GrantRecord).decode


def framed(record: GrantRecord) -> bytes:
    """The record as it stands in a file."""
    body = _encode(record)
    return len(body).to_bytes(4, "big") + crc32(body).to_bytes(4, "big") + body


def records_in(data: bytes) -> Iterator[GrantRecord]:
    """Every whole record, until the first that is not."""
    at = 0
    while len(data) - at >= 8:
        size, check = int.from_bytes(data[at : at + 4], "big"), int.from_bytes(data[at + 4 : at + 8], "big")
        body = data[at + 8 : at + 8 + size]
        if size > MAX_RECORD or len(body) != size or crc32(body) != check:
            return
        yield _decode(body)
        at += 8 + size


def spool_files(directory: Path, *endings: str) -> list[Path]:
    """Those with one of these endings, the oldest first."""
    found = [path for path in (directory / FOLDER).glob("*") if path.suffix in endings]
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def host_of(directory: Path) -> str:
    """What this host is called: kept beside the files, since a container has another name each time."""
    path = directory / FOLDER / "host"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        name = f"{socket.gethostname()}-{secrets.token_hex(3)}"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(name, encoding="ascii")
        return name
