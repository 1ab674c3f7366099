"""Certificates that change while a listener serves with them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from tests.edge.authority import Authority, Files
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized
from tests.edge.tls_asking import look, serial, shown

OK = sized(b"ok")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One that the tests' clients trust."""
    return Authority(tmp_path / "tls")


@pytest.fixture
def site(authority: Authority) -> Files:
    """What the listener shows."""
    return authority.sign("localhost")


@BOTH
async def test_a_renewed_certificate_is_shown_to_new_clients(
    play: Play, serve: Serve, authority: Authority, site: Files
) -> None:
    """After new files, new handshakes get them, while a connection of before goes on."""
    proxy = await serve(await play(always(OK)), tls=site.block)
    before = await proxy.client(tls=authority.trusting())
    first = serial(before.writer)
    authority.sign("localhost")

    look(proxy)
    after = await proxy.client(tls=authority.trusting())

    assert serial(after.writer) != first
    assert (await before.ask(get())).status == (await after.ask(get())).status == 200


@BOTH
async def test_a_bad_renewal_changes_nothing(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A key of another certificate, a broken file, one that has ended: what was there serves on, and why is known."""
    proxy = await serve(await play(always(OK)), tls=site.block)
    first = serial((await proxy.client(tls=authority.trusting())).writer)
    problems = []
    for spoil in (
        lambda: site.key.write_bytes(authority.sign("localhost", to="else").key.read_bytes()),
        lambda: site.cert.write_text("nothing"),
        lambda: authority.sign("localhost", ends=timedelta(days=-1)),
        site.cert.unlink,
    ):
        spoil()
        look(proxy)
        problems.append(proxy.listener.kept[0][1].problem)
        assert serial((await proxy.client(tls=authority.trusting())).writer) == first

    assert [words in problem for words, problem in zip(_SPOILT, problems, strict=True)] == [True] * 4
    authority.sign("localhost")
    look(proxy)
    assert proxy.listener.kept[0][1].problem == ""
    assert serial((await proxy.client(tls=authority.trusting())).writer) != first


_SPOILT = ("is not the key of the certificate", "holds no certificate", "has expired", "cannot be read")


@BOTH
async def test_renewals_under_load_fail_no_request(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """While keep-alive clients and new ones ask, certificates are renewed time and again; every request is answered."""
    proxy = await serve(await play(always(OK)), tls=site.block)
    trusting = authority.trusting()
    statuses: list[int] = []
    over = asyncio.Event()

    async def ask(*, keeps: bool) -> None:
        client = await proxy.client(tls=trusting)
        while not over.is_set():
            statuses.append((await client.ask(get())).status)
            if not keeps:
                client.close()
                client = await proxy.client(tls=trusting)

    asking = [asyncio.ensure_future(ask(keeps=bool(number % 2))) for number in range(6)]
    shown = set()
    for _ in range(8):
        authority.sign("localhost")
        await asyncio.to_thread(look, proxy)
        shown.add(serial((await proxy.client(tls=trusting)).writer))
        await asyncio.sleep(0.02)
    over.set()
    await asyncio.gather(*asking)

    assert len(shown) == 8
    assert set(statuses) == {200}


async def test_a_reload_brings_other_files(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A table that names another certificate is shown with it; one whose files are not there keeps the old."""
    upstream = await play(always(OK))
    proxy = await serve(upstream, tls=site.block)
    other = authority.sign("localhost", "other.test", to="other")
    blocks: dict[str, dict[str, object]] = {"legacy": {"url": f"http://127.0.0.1:{upstream.port}"}}
    route: dict[str, object] = {"name": "rest", "match": "/**", "stage": "legacy"}
    blind = authority.trusting()

    proxy.install(blocks, [route], tls=other.block)
    assert await shown(proxy, blind, "other.test") == "localhost other.test"
    proxy.install(blocks, [route], tls={"cert": "/nowhere.pem", "key": "/nowhere.key"})
    assert await shown(proxy, blind, "other.test") == "localhost other.test"


async def test_sessions_are_resumed(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A client that comes back with its ticket needs no whole handshake."""
    proxy = await serve(await play(always(OK)), tls=site.block)
    context = authority.trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    reused = await asyncio.to_thread(_twice, context, proxy.port)

    assert reused == [False, True]


def _twice(context: ssl.SSLContext, port: int) -> list[bool | None]:
    """Whether each of two connections was resumed."""
    found: list[bool | None] = []
    session: ssl.SSLSession | None = None
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", port)) as sock,
            context.wrap_socket(sock, server_hostname="localhost", session=session) as client,
        ):
            client.sendall(get())
            client.recv(1000)
            session = client.session
            found.append(client.session_reused)
    return found
