"""Writes reach both sides through the whole program."""

from __future__ import annotations

import asyncio
import gzip
import sys
from typing import cast

import yarl

from tests.e2e.writes.conftest import Migration
from tests.waiting import until


async def test_a_write_reaches_both_sides(migration: Migration) -> None:
    """First the one that answers, then the other, marked as done before; a read is none."""
    assert await migration.send("PUT", "/accounts/7", b'{"x": 1}', Authorization="secret") == 200
    assert await migration.send("GET", "/accounts/7") == 200
    await until(lambda: "/accounts/7" in migration.new.rows)
    (put,), (other,) = migration.legacy.heard, migration.new.heard

    assert (put.method, put.replay, put.body, put.fields["Authorization"]) == ("PUT", False, b'{"x": 1}', "secret")
    assert (other.method, other.replay, other.body, other.key) == ("PUT", True, b'{"x": 1}', put.key)
    assert "Authorization" not in other.fields
    await migration.until_empty()


async def test_a_create_is_followed_by_the_writes_to_what_it_made(migration: Migration) -> None:
    """The other side makes an id of its own, under which it gets the later writes."""
    migration.legacy.body, migration.new.body = b'{"id": 42}', b'{"id": "n-1"}'
    assert await migration.send("POST", "/accounts", b'{"name": "a"}') == 200
    assert await migration.send("PATCH", "/accounts/42", b'{"name": "b"}') == 200
    await migration.until_empty()

    assert [(each.method, each.path) for each in migration.new.heard] == [
        ("POST", "/accounts"),
        ("PATCH", "/accounts/n-1"),
    ]


async def test_what_the_first_side_refuses_the_other_never_sees(migration: Migration) -> None:
    """A no is the client's answer, and leaves nothing behind."""
    migration.legacy.statuses = [422]
    assert await migration.send("PUT", "/accounts/7", b"{}") == 422
    await migration.until_empty()

    assert migration.new.heard == []


async def test_a_client_that_leaves_ends_nothing(migration: Migration) -> None:
    """The first side is asked to the end, and the other gets the write."""
    migration.legacy.go_on.clear()
    leaving = asyncio.ensure_future(migration.send("PUT", "/accounts/7", b"{}"))
    await migration.legacy.arrived.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    migration.legacy.go_on.set()
    await until(lambda: "/accounts/7" in migration.new.rows)


async def test_a_reload_ends_nothing(migration: Migration) -> None:
    """A write that runs keeps its table, and is sent to the other side by the next one."""
    migration.legacy.go_on.clear()
    sending = asyncio.ensure_future(migration.send("PUT", "/accounts/7", b"{}"))
    await migration.legacy.arrived.wait()
    file = migration.banyan.file
    file.write_text(file.read_text() + "limits: { idle: 60s }\n")
    await migration.banyan.until_reloaded()
    migration.legacy.go_on.set()

    assert await sending == 200
    await until(lambda: "/accounts/7" in migration.new.rows)


async def test_a_write_without_a_key_is_refused(migration: Migration) -> None:
    """Nothing is sent: its order could not be kept."""
    text = migration.banyan.file.read_text().replace("key: path:id", "key: $.account")
    migration.banyan.file.write_text(text)
    await migration.banyan.until_reloaded()

    assert await migration.send("PUT", "/accounts/7", b"{}") == 400
    assert migration.legacy.heard == []


async def test_a_write_that_has_to_be_read_comes_in_clear(migration: Migration) -> None:
    """Encoded, it is 415; half a surrogate pair is a key all the same; answers are asked for in clear."""
    text = migration.banyan.file.read_text().replace("key: path:id", "key: $.account")
    migration.banyan.file.write_text(text)
    await migration.banyan.until_reloaded()
    assert (
        await migration.send("PUT", "/accounts/7", gzip.compress(b'{"account": 7}'), **{"Content-Encoding": "gzip"})
        == 415
    )
    assert migration.legacy.heard == []
    assert await migration.send("PUT", "/accounts/7", b'{"account": "\\ud800"}') == 200
    assert await migration.send("POST", "/accounts", b"{}", **{"Accept-Encoding": "gzip"}) == 200
    await migration.until_empty()

    assert migration.legacy.heard[-1].fields["Accept-Encoding"] == "identity"


async def test_a_write_that_is_sent_elsewhere_was_not_done(migration: Migration) -> None:
    """The client sends it again where the answer says; the other side gets it from there, or not at all."""
    migration.legacy.statuses = [307]
    assert await migration.send("PUT", "/accounts/7", b"{}") == 307
    await migration.until_empty()

    assert migration.new.heard == []


async def test_however_a_write_is_framed_the_other_side_gets_its_bytes(migration: Migration) -> None:
    """Framed anew, without what was one connection's own; what is longer than `max_body` reaches nobody."""
    chunks = b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert b" 200 " in await _raw(migration, b"PUT /accounts/7 HTTP/1.0", b"Content-Length: 2\r\n\r\n{}")
    assert b" 200 " in await _raw(migration, b"PUT /accounts/7 HTTP/1.1", chunks)
    too_long = b"Content-Length: 1048577\r\n\r\n" + b" " * 1048577
    assert b" 413 " in await _raw(migration, b"PUT /accounts/7 HTTP/1.1", too_long)
    await migration.until_empty()

    for side in (migration.legacy, migration.new):
        assert [heard.body for heard in side.heard] == [b"{}", b"{}"]
    assert not any({"Expect", "Transfer-Encoding"} & heard.fields.keys() for heard in migration.new.heard)


async def _raw(migration: Migration, line: bytes, rest: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", yarl.URL(migration.banyan.url).port)
    writer.write(b"%b\r\nHost: x\r\nConnection: close\r\n%b" % (line, rest))
    said = await reader.read()
    writer.close()
    return said


async def test_spellings_of_a_path_are_one_key(migration: Migration) -> None:
    """Of `/accounts/7` and `/accounts/%37` the second waits for the first."""
    migration.legacy.go_on.clear()
    first = asyncio.ensure_future(migration.send("PUT", "/accounts/7", b"1"))
    await migration.legacy.arrived.wait()
    assert await migration.send("PUT", "/accounts/%37", b"2") == 503
    migration.legacy.go_on.set()

    assert await first == 200
    assert len(migration.legacy.heard) == 1


async def test_a_dead_letter_is_shown_and_sent_again_by_people(migration: Migration) -> None:
    """It keeps its key back; status, metrics and the list have it, and `retry` sends it, then what waited behind."""
    migration.new.statuses = [422]
    assert await migration.send("PUT", "/accounts/7", b"1") == 200
    await migration.banyan.until_logged("write_dead")
    assert await migration.send("PUT", "/accounts/7", b"2") == 200
    await migration.banyan.until_logged("journal_stuck")

    listed = await banyan(migration, "journal")
    assert "dead" in listed
    assert "answered 422: {}" in listed
    assert "dead: banyan journal" in await banyan(migration, "status", "--route", "accounts")
    assert await migration.banyan.metric('banyan_journal_writes{route="accounts",state="dead"}') == 1
    shown = await migration.banyan.api("/api/journal?state=dead&route=accounts")
    (dead,) = cast("list[dict[str, str]]", shown["writes"])

    assert "the other side gets it now" in await banyan(migration, "journal", "retry", dead["id"])
    await migration.until_empty()
    assert migration.new.rows == {"/accounts/7": b"2"}
    assert "no write is in the journal" in await banyan(migration, "journal", "list")
    assert "no write whose id begins with" in await banyan(migration, "journal", "drop", dead["id"], code=1)
    assert "Say `list`" in await banyan(migration, "journal", "drop", code=2)


async def banyan(migration: Migration, *words: str, code: int = 0) -> str:
    """What a command prints."""
    ended = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", *words, "--config", str(migration.banyan.file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await ended.communicate()
    assert ended.returncode == code, said
    return said.decode()
