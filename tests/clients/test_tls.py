from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from tests.clients.conftest import Play
from tests.edge.exchange.test_tunnel import HANDSHAKE, parrot
from tests.edge.message import check_problem
from tests.edge.proxy import REST
from tests.edge.raw_client import Client, get, post
from tests.edge.scripted import Peer, Scripted, echo, sized, then_close
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio"])  # of the test; the data plane has its own
ROOT = Path(__file__).parents[2]
Before = Callable[..., Awaitable[Client]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the data plane trusts."""
    return trustme.CA()


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def carrier(
    request: pytest.FixtureRequest, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    """A process whose environment names that authority and no other."""
    folder = tmp_path_factory.mktemp("authorities")
    authority.cert_pem.write_to_path(str(folder / "one.pem"))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.clients.carrier", request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SSL_CERT_FILE": str(folder / "one.pem"), "SSL_CERT_DIR": str(folder / "none")},
    ) as process:
        yield process
        process.communicate()


@pytest.fixture
async def before(carrier: subprocess.Popen[str]) -> AsyncIterator[Before]:
    """Puts the data plane before an upstream behind TLS; a client of it."""
    with ExitStack() as stack:

        async def start(legacy: Scripted, name: str = "localhost", **more: object) -> Client:
            block = {"url": f"https://{name}:{legacy.port}", **more}
            table = {"upstreams": {"legacy": block}, "routes": [{**REST, "upgrades": ["websocket"]}]}
            assert carrier.stdin is not None
            assert carrier.stdout is not None
            print(json.dumps(table), file=carrier.stdin, flush=True)
            client = Client(*await asyncio.open_connection("127.0.0.1", int(carrier.stdout.readline())))
            stack.callback(client.close)
            return client

        yield start


def behind(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def _listening(play: Play, script: Callable[[Peer], Awaitable[None]], tls: ssl.SSLContext) -> Scripted:
    """An upstream behind TLS: the one in the clear is closed and opened again."""
    legacy = await play(script)
    legacy.stop_listening()
    return await legacy.start(tls)


async def test_an_upstream_behind_tls_is_asked(play: Play, before: Before, authority: trustme.CA) -> None:
    """With a certificate of a trusted authority for its name: requests, bodies, and one connection for all of them."""
    legacy = await _listening(play, echo, behind(authority, "localhost"))
    client = await before(legacy)
    for body in (b"hello", b"x" * 3_000_000, b""):
        await asyncio.gather(client.send(post(body)), _expect(client, body))

    assert len(legacy.peers) == 1


async def _expect(client: Client, body: bytes) -> None:
    assert (await client.response()).body == body


@pytest.mark.parametrize(
    ("names", "trusted", "why"),
    [
        (("elsewhere.example",), True, "mismatch"),
        (("localhost",), False, "issuer"),
    ],
    ids=["another name", "another authority"],
)
async def test_an_upstream_that_is_not_who_it_should_be_is_502(
    play: Play, before: Before, authority: trustme.CA, names: tuple[str, ...], why: str, *, trusted: bool
) -> None:
    """A certificate for another name, or from an authority that nobody trusts, ends before any byte of the request."""
    legacy = await _listening(play, echo, behind(authority if trusted else trustme.CA(), *names))
    client = await before(legacy)
    detail = check_problem(await client.ask(get(b"/secret", b"Authorization: x")), 502)

    assert "certificate" in detail.lower()
    assert why in detail.lower()
    assert legacy.requests == []


async def test_what_does_not_speak_tls_is_502(play: Play, before: Before) -> None:
    """A server in the clear behind an https url is down, as far as anybody can tell."""

    async def clear(peer: Peer) -> None:
        await peer.send(sized(b"hi"))

    client = await before(await play(clear))

    check_problem(await client.ask(get()), 502)


async def test_a_websocket_goes_through_tls(play: Play, before: Before, authority: trustme.CA) -> None:
    """The tunnel is encrypted towards the upstream; when the client ends, the upstream's connection ends too."""
    legacy = await _listening(play, parrot, behind(authority, "localhost"))
    client = await before(legacy)
    await client.send(HANDSHAKE)

    assert (await client.head()).status == 101

    for piece in (b"hello", b"x" * 1_000_000):
        _, heard = await asyncio.gather(client.send(piece), client.reader.readexactly(len(piece)))

        assert heard == piece

    client.end_writing()

    assert await client.rest() == b""
    await until(legacy.peers[0].reader.at_eof)


async def test_a_truncated_body_over_tls_never_ends_cleanly(play: Play, before: Before, authority: trustme.CA) -> None:
    """The rules of truncation hold behind TLS as well."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    client = await before(await _listening(play, then_close(answer), behind(authority, "localhost")))
    await client.send(get())
    await client.head()

    assert await client.rest() == b"5\r\nhello\r\n"


async def test_an_upstream_that_closes_behind_tls_is_asked_anew(
    play: Play, before: Before, authority: trustme.CA
) -> None:
    """A connection that ended while it was idle is replaced."""
    legacy = await _listening(play, then_close(sized(b"hi")), behind(authority, "localhost"))
    client = await before(legacy)
    for _ in range(3):
        assert (await client.ask(get())).body == b"hi"
        await asyncio.sleep(0.05)

    assert len(legacy.peers) == 3
