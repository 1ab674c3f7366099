"""A browser-like client and an application server in Python, with the proxy between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from random import Random

import aiohttp
import pytest
from aiohttp import web

from tests.clients.conftest import Serve, Web
from tests.edge.loops import BOTH
from tests.edge.proxy import Proxy

pytestmark = BOTH


async def application(request: web.Request) -> web.StreamResponse:
    """A few things that applications do."""
    match request.path:
        case "/login":
            response = web.Response(text="in")
            response.set_cookie("session", "1", httponly=True)
            response.set_cookie("theme", "dark", path="/x")
            return response
        case "/form":
            form = await request.post()
            file = form["file"]
            assert isinstance(file, web.FileField)
            return web.json_response({"name": form["name"], "size": len(file.file.read()), "type": file.content_type})
        case "/digest":
            digest = sha256()
            async for piece in request.content.iter_any():
                digest.update(piece)
            return web.Response(text=digest.hexdigest())
        case "/away":
            raise web.HTTPFound("/login")
        case "/zipped":
            zipped = web.Response(text="x" * 10_000)
            zipped.enable_compression()
            return zipped
        case _:
            return web.json_response({"cookies": dict(request.cookies), "host": request.host, "path": request.raw_path})


@pytest.fixture
async def proxy(aiohttp_port: Web, serve: Serve) -> Proxy:
    return await serve(await aiohttp_port(application))


@pytest.fixture
async def session(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{proxy.port}", cookie_jar=jar) as made:
        yield made


async def test_cookies_are_set_and_come_back(session: aiohttp.ClientSession) -> None:
    """Two Set-Cookie fields stay two, and the client's cookie is the server's again."""
    async with session.get("/login") as response:
        assert len(response.headers.getall("Set-Cookie")) == 2

    async with session.get("/x/y") as response:
        assert (await response.json())["cookies"] == {"session": "1", "theme": "dark"}


async def test_a_form_with_a_file_arrives(session: aiohttp.ClientSession) -> None:
    """multipart/form-data keeps its boundary and every part."""
    form = aiohttp.FormData()
    form.add_field("name", "Ümläut")
    form.add_field("file", b"x" * 700_000, filename="a b.bin", content_type="application/x-thing")
    async with session.post("/form", data=form) as response:
        assert await response.json() == {"name": "Ümläut", "size": 700_000, "type": "application/x-thing"}


async def test_a_streamed_upload_is_whole(session: aiohttp.ClientSession) -> None:
    """A body from a generator goes up in chunks, piece by piece, and its digest is right."""
    pieces = [Random(number).randbytes(10_000 + number) for number in range(200)]

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async with session.post("/digest", data=stream()) as response:
        assert await response.text() == sha256(b"".join(pieces)).hexdigest()


async def test_redirects_are_followed_to_the_public_name(session: aiohttp.ClientSession) -> None:
    """A relative Location leads back through the proxy."""
    async with session.get("/away") as response:
        assert (response.status, await response.text()) == (200, "in")
        assert [each.status for each in response.history] == [302]


async def test_compressed_answers_are_the_two_ends_affair(session: aiohttp.ClientSession) -> None:
    """Accept-Encoding goes up and Content-Encoding comes down."""
    async with session.get("/zipped") as response:
        assert response.headers["Content-Encoding"] in {"gzip", "deflate"}
        assert await response.text() == "x" * 10_000


async def test_host_and_path_are_the_clients(session: aiohttp.ClientSession, proxy: Proxy) -> None:
    """The application sees the public name and the path as it was asked for."""
    async with session.get("/caf%C3%A9?q=a%20b") as response:
        seen = await response.json()

    assert seen["host"] == f"127.0.0.1:{proxy.port}"
    assert seen["path"] == "/caf%C3%A9?q=a%20b"


async def test_many_requests_at_once_do_not_mix(session: aiohttp.ClientSession, proxy: Proxy) -> None:
    """Three hundred requests over a handful of connections: each gets its own answer."""

    async def ask(number: int) -> str:
        async with session.get(f"/{number}") as response:
            return str((await response.json())["path"])

    async with asyncio.timeout(60):
        assert await asyncio.gather(*[ask(number) for number in range(300)]) == [f"/{number}" for number in range(300)]

    lines = await proxy.lines(300)

    assert {line["status"] for line in lines} == {200}
