"""An upstream with an https url: who is trusted, what is shown, and what a failure says."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from proxy.core.http.authority import normal_host
from proxy.edge.upstream.pools_by_host import MOST_NAMES, PoolByHost
from tests.edge.authority import Authority
from tests.edge.conftest import Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import Block, Proxy
from tests.edge.raw_client import get
from tests.edge.scripted import Peer, Script, Scripted, always, sized, then_close

OK = sized(b"ok")
ANSWER = always(OK)
Behind = Callable[..., Awaitable[Scripted]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One that signs for the upstream."""
    return Authority(tmp_path / "tls")


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    """Starts upstreams behind TLS."""
    async with AsyncExitStack() as stack:

        async def start(tls: ssl.SSLContext, script: Script = ANSWER) -> Scripted:
            started = await Scripted(script).start(tls)
            stack.push_async_callback(started.stop)
            return started

        yield start


def https(upstream: Scripted, host: str = "localhost", **tls: object) -> dict[str, Block]:
    """The upstreams block."""
    return {"legacy": {"url": f"https://{host}:{upstream.port}", "tls": tls, "keep_alive": "1m"}}


@BOTH
async def test_an_own_authority_is_trusted(behind: Behind, serve: Serve, authority: Authority) -> None:
    """With its `ca`, an upstream is asked, by its name, on a connection that is kept."""
    asked: list[str | None] = []
    context = authority.serving(authority.sign("localhost"))
    context.sni_callback = lambda _connection, name, _context: asked.append(name)
    upstream = await behind(context)
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file)))

    client = await proxy.client()
    for _ in range(3):
        assert (await client.ask(get())).body == b"ok"
    assert asked == ["localhost"]


async def test_its_very_certificate_is_enough(behind: Behind, serve: Serve, authority: Authority) -> None:
    """`ca` may hold the upstream's own certificate instead of the authority that signed it."""
    files = authority.sign("localhost")
    upstream = await behind(authority.serving(files))
    proxy = await serve(upstreams=https(upstream, ca=str(files.cert)))

    assert (await proxy.ask(get())).status == 200


@BOTH
async def test_a_stranger_is_not_trusted(behind: Behind, serve: Serve, authority: Authority, tmp_path: Path) -> None:
    """A certificate of another authority is a 502 whose reason names the key to mend; the upstream hears nothing."""
    upstream = await behind(authority.serving(authority.sign("localhost")))
    other = Authority(tmp_path / "other")
    proxy = await serve(upstreams=https(upstream, ca=str(other.file)))

    detail = await refused(proxy)

    assert "cannot connect to upstream legacy" in detail
    assert "certificate verify failed: self-signed certificate in certificate chain" in detail
    assert f"upstreams.legacy.tls.ca (now {other.file}) must hold the authority that signed it" in detail
    assert not upstream.requests


async def test_the_system_is_asked_without_ca(behind: Behind, serve: Serve, authority: Authority) -> None:
    """Without a `tls` block an https upstream is verified by the system's authorities."""
    upstream = await behind(authority.serving(authority.sign("localhost")))
    proxy = await serve(upstreams=https(upstream))

    assert "upstreams.legacy.tls.ca (now the system's own store)" in await refused(proxy)


async def test_an_ended_certificate_is_refused(behind: Behind, serve: Serve, authority: Authority) -> None:
    """A certificate that has ended is a 502 that says so."""
    ended = authority.sign("localhost", ends=timedelta(days=-1))
    upstream = await behind(authority.serving(ended))
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file)))

    assert "certificate has expired; have the upstream's certificate renewed" in await refused(proxy)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_another_name_is_refused_unless_it_is_named(
    behind: Behind, serve: Serve, authority: Authority, host: str
) -> None:
    """A certificate for another name is a 502 that says what it should hold; with `server_name` it is taken."""
    upstream = await behind(authority.serving(authority.sign("crm.internal")))
    proxy = await serve(upstreams=https(upstream, host, ca=str(authority.file)))

    assert f"it should hold {host}, or upstreams.legacy.tls.server_name should name" in await refused(proxy)
    named = await serve(upstreams=https(upstream, host, ca=str(authority.file), server_name="crm.internal"))
    assert (await named.ask(get())).status == 200


async def test_verify_false_takes_anything(behind: Behind, serve: Serve, authority: Authority) -> None:
    """With `verify: false` a certificate that has ended, for another name, of a stranger, is taken."""
    ended = authority.sign("elsewhere.test", ends=timedelta(days=-1))
    upstream = await behind(authority.serving(ended))
    proxy = await serve(upstreams=https(upstream, verify=False))

    assert (await proxy.ask(get())).status == 200


@BOTH
async def test_a_client_certificate_is_shown(behind: Behind, serve: Serve, authority: Authority) -> None:
    """An upstream that asks for a certificate gets Banyan's; without one there is a 502."""
    upstream = await behind(authority.serving(authority.sign("localhost"), asks=True))
    own = authority.sign("banyan", to="own")
    ca = str(authority.file)

    with_one = await serve(upstreams=https(upstream, ca=ca, cert=str(own.cert), key=str(own.key)))
    assert (await with_one.ask(get())).status == 200
    without = await serve(upstreams=https(upstream, ca=ca))
    assert "upstream" in await refused(without)
    assert len(upstream.requests) == 1


async def test_an_upstream_without_tls_is_named_so(behind: Behind, serve: Serve, authority: Authority) -> None:
    """An https url for a port that speaks plain HTTP is a 502 that says what may be wrong with the url."""
    del behind
    plain = await Scripted(then_close(OK)).start()
    plain.script = then_at_once
    proxy = await serve(upstreams=https(plain, ca=str(authority.file)))

    assert "does not speak TLS" in await refused(proxy)
    await plain.stop()


async def then_at_once(peer: Peer) -> None:
    """Answer whatever comes."""
    await peer.reader.read(1)
    await peer.send(OK)


@BOTH
async def test_files_are_mended_while_it_runs(behind: Behind, serve: Serve, authority: Authority) -> None:
    """A `ca` that is not there makes the upstream unreachable with a reason; once it is there, requests pass."""
    upstream = await behind(authority.serving(authority.sign("localhost")))
    away = authority.file.rename(authority.file.with_suffix(".away"))
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file)))

    assert f"its TLS cannot be set up: {authority.file} cannot be read" in await refused(proxy)
    away.rename(authority.file)
    look(proxy)
    assert (await proxy.ask(get())).status == 200


@BOTH
async def test_a_renewed_authority_fails_no_request(
    behind: Behind, serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """After `ca` changes, the open connection goes on, and new ones are judged by the new authority."""
    upstream = await behind(authority.serving(authority.sign("localhost")))
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file)))
    client = await proxy.client()
    assert (await client.ask(get())).status == 200

    authority.file.write_bytes(Authority(tmp_path / "next").file.read_bytes())
    look(proxy)

    assert (await client.ask(get())).status == 200
    assert len(upstream.peers) == 1
    upstream.peers[0].close()
    await proxy.until(upstream.peers[0].reader.at_eof)
    assert (await proxy.ask(get())).status == 502


@BOTH
@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_an_end_without_goodbye_is_no_end(
    behind: Behind, serve: Serve, authority: Authority, says_goodbye: object
) -> None:
    """A body that only the end of the connection ends is whole with a close_notify, and broken off without."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nperhaps all")
        if not says_goodbye:
            with socket.socket(fileno=os.dup(peer.writer.get_extra_info("socket").fileno())) as raw:
                raw.shutdown(socket.SHUT_WR)
            await peer.rest()

    upstream = await behind(authority.serving(authority.sign("localhost")), script)
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file)))
    client = await proxy.client()
    await client.send(get(b"/", b"Connection: close"))

    await client.head()
    rest = await client.rest()
    assert rest.endswith(b"0\r\n\r\n") is says_goodbye


def look(proxy: Proxy) -> None:
    """As a worker does every second."""
    for _, context in proxy.listener.kept:
        context.refresh()


async def refused(proxy: Proxy) -> str:
    """The reason of a 502, as the log has it."""
    assert (await proxy.ask(get())).status == 502
    return str((await proxy.lines(1))[0]["detail"])


@BOTH
async def test_the_name_follows_host_where_the_file_says_so(behind: Behind, serve: Serve, authority: Authority) -> None:
    """`sni: host`: each Host is asked for by its own name, and no request goes over a connection of another one's."""
    asked: list[str | None] = []
    context = authority.serving(authority.sign("shop.test", "crm.test", "localhost"))
    context.sni_callback = lambda _connection, name, _context: asked.append(name)
    upstream = await behind(context)
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file), sni="host"))

    client = await proxy.client()
    hosts = (b"shop.test", b"crm.test:8443", b"SHOP.test.", b"localhost")
    for host in hosts * 3:
        assert (await client.ask(get().replace(b"Host: a", b"Host: " + host))).body == b"ok"
    assert sorted(str(host) for host in asked) == ["crm.test", "localhost", "shop.test"]
    carried = [
        {normal_host(request.value(b"host") or b"") or "" for request in peer.requests} for peer in upstream.peers
    ]
    assert sorted(sorted(hosts) for hosts in carried) == [["crm.test"], ["localhost"], ["shop.test"]]


async def test_a_host_that_the_certificate_lacks_harms_no_other(
    behind: Behind, serve: Serve, authority: Authority
) -> None:
    """It is 502 for those who ask for it, however often; one that is no name is asked for as the url's."""
    upstream = await behind(authority.serving(authority.sign("shop.test", "localhost")))
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file), sni="host"))

    for number in range(MOST_NAMES * 2):
        wrong = await proxy.ask(get().replace(b"Host: a", b"Host: wrong%d.test" % number))
        assert "wrong" in check_problem(wrong, 502)
    for host in (b"shop.test", b"1.2.3", b"a!b"):
        assert (await proxy.ask(get().replace(b"Host: a", b"Host: " + host))).status == 200
    pool = proxy.pool()
    assert isinstance(pool, PoolByHost)
    assert len(pool._named) == MOST_NAMES


async def test_names_that_are_all_in_use_leave_no_room_for_another(
    behind: Behind, serve: Serve, authority: Authority
) -> None:
    """A further one is refused at once, and served when one of them has its answer."""
    gate = asyncio.Event()

    async def waits(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await gate.wait()
            await peer.send(OK)

    names = [f"n{number}.test" for number in range(MOST_NAMES)]
    upstream = await behind(authority.serving(authority.sign("localhost", "late.test", *names)), waits)
    proxy = await serve(upstreams=https(upstream, ca=str(authority.file), sni="host"))
    asking = [asyncio.ensure_future(proxy.ask(get().replace(b"Host: a", f"Host: {name}".encode()))) for name in names]
    await proxy.until(lambda: len(upstream.requests) == MOST_NAMES)
    late = get().replace(b"Host: a", b"Host: late.test")

    assert "other names" in check_problem(await proxy.ask(late), 503)
    gate.set()
    assert {answer.status for answer in await asyncio.gather(*asking)} == {200}
    assert (await proxy.ask(late)).status == 200
