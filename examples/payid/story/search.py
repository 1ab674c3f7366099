"""Phase 3, last: whatever is secret is looked for, wherever something is kept or shown."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import zlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from examples.payid.story.play import Play

_TABLES = """
SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
"""
_PAGES = ("", "/mismatches", "/exchanges", "/epochs")
_OF_ALL = (
    "/api/routes",
    "/api/recent?limit=500",
    "/api/history",
    "/api/transitions",
    "/api/upstreams",
    "/api/reconcile",
    "/api/journal",
    "/api/idempotency",
    "/api/kill",
    "/metrics",
)
_CVC = r"(?<![\w.,:/+-])(?:{})(?![\w.,:/+-])"
"""A CVC as a text of its own."""


async def search(play: Play) -> None:
    """By grep in all files, and by reading tables, pages and what commands print."""
    play.tell.why(
        "Now each card's number and CVC, each password, session, code, token and link that clients have had is looked "
        "for: in all files of all parts, the databases' own among them, in every row of every table, in every page of "
        "the admin API, and in what commands print."
    )
    secrets = sorted(play.load.secrets | set(play.scene.passwords.values()) | {play.scene.where.processor_key})
    found: dict[str, int] = {}
    async with play.load.stopped():
        found["files"] = await asyncio.to_thread(_in_files, play.scene.folder, secrets)
        known = play.load.mails[0]
        in_files = await asyncio.to_thread(_in_files, play.scene.folder, [known])
        texts = {
            "tables": [text async for text in _tables(play)],
            "API": [text async for text in _pages(play)],
            "console": [text async for text in _printed(play)],
            "log": [path.read_text("utf-8", "replace") for path in play.scene.folder.glob("*.log")],
        }
    for name, read in texts.items():
        found[name] = _in_texts(read, secrets) + cvcs_in(read, play.load.cvcs)
        for text in read if found[name] else ():
            for beside in _beside(text, secrets, play.load.cvcs):
                play.tell(f"  secret {name}: {beside}")
    play.report.searched, play.report.looked_for = found, len(secrets) + len(play.load.cvcs)
    in_rows = _in_texts(texts["tables"], [known])
    play.report.control = min(in_files, in_rows)
    play.report.samples = await _samples(play)
    told = ", ".join(f"{name} {count}" for name, count in found.items())
    play.tell(f"  search {len(secrets)} secrets and {len(play.load.cvcs)} CVCs, found in: {told}")
    play.tell(f"  search an address that has to be there: found in {in_rows} rows, {in_files} times in files")
    play.tell(f"  search {play.report.samples} samples of both sides' answers were kept, and searched")


def _in_files(folder: Path, secrets: list[str]) -> int:
    """Lines of whatever files there are, in the databases' own as well."""
    words = [
        "grep",
        "--recursive",
        "--text",
        "--fixed-strings",
        "--only-matching",
        "--no-filename",
        "--file=-",
        str(folder),
    ]
    ran = subprocess.run(words, input="\n".join(secrets), capture_output=True, text=True, check=False)  # noqa: S603
    return len(ran.stdout.splitlines())


def _in_texts(texts: Iterable[str], secrets: list[str]) -> int:
    return sum(any(secret in text for secret in secrets) for text in texts)


def _beside(text: str, secrets: list[str], cvcs: set[str]) -> list[str]:
    """What stands around each that was found in it, without it."""
    spans = [(text.index(secret), len(secret)) for secret in secrets if secret in text]
    spans += [(hit.start(), len(hit[0])) for hit in _any_of(cvcs).finditer(text)]
    return [f"{text[max(at - 80, 0) : at]}…{text[at + size :][:40]}" for at, size in spans]


def _any_of(cvcs: set[str]) -> re.Pattern[str]:
    return re.compile(_CVC.format("|".join(sorted(cvcs)) or "none"))


def cvcs_in(texts: Iterable[str], cvcs: set[str]) -> int:
    """How many of these texts hold one of them as a text of its own."""
    looked = _any_of(cvcs)
    return sum(looked.search(text) is not None for text in texts)


async def _tables(play: Play) -> AsyncIterator[str]:
    """Each row of each table of each database, as text."""
    for store, databases in ((play.scene.legacy_store, ("postgres",)), (play.scene.new_store, ("postgres", "banyan"))):
        for database in databases:
            connection = await store.connect(play.scene.children, database)
            try:
                for table in await connection.fetch(_TABLES):
                    rows = await connection.fetch(f'SELECT * FROM "{table["schema"]}"."{table["name"]}"')  # noqa: S608
                    for row in rows:
                        yield f"{table['schema']}.{table['name']}: {' '.join(map(readable, row.values()))}"
            finally:
                await connection.close()


def readable(value: object) -> str:
    """Bytes may be packed. Those that are no text, such as digests, are told as hex digits: among so many of them three
    that look like a CVC stand by chance. Whatever else they could hold is looked for in the files.
    """
    if not isinstance(value, bytes):
        return str(value)
    with contextlib.suppress(zlib.error):
        value = zlib.decompress(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


async def _pages(play: Play) -> AsyncIterator[str]:
    listed = await play.operator.look("/api/routes")
    names = [route["name"] for route in listed["routes"]]
    pages = [f"/api/routes/{name}{page}" for name in names for page in _PAGES]
    for name in names:
        found = await play.operator.look(f"/api/routes/{name}/mismatches")
        pages += [f"/api/routes/{name}/mismatches?cluster={each['id']}" for each in found["clusters"]]
    for page in [*_OF_ALL, *pages]:
        async with play.scene.client.get(play.operator.admin + page) as answer:
            yield await answer.text()
        if answer.status != 200:
            play.report.wrong.append(f"GET {page} answered {answer.status}")


async def _printed(play: Play) -> AsyncIterator[str]:
    for words in (("recent",), ("mismatches", "cards.add")):
        yield (await play.operator.command(*words, shows=0)).text
    yield "\n".join(play.told)


async def _samples(play: Play) -> int:
    connection = await play.scene.new_store.connect(play.scene.children, "banyan")
    try:
        return int(await connection.fetchval("SELECT count(*) FROM banyan.sample"))
    finally:
        await connection.close()
