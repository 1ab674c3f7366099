"""The system's curl: an old and strict client that everybody's scripts use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from tests.clients.conftest import Play, Serve, Web
from tests.edge.proxy import Proxy, upstream
from tests.edge.scripted import Peer, always, chunked, deaf, sized, then_close

BODY = Random(3).randbytes(3_000_000)


async def curl(proxy: Proxy, *arguments: str, path: str = "/file", stdin: bytes = b"") -> tuple[int, bytes, str]:
    """Exit code, standard output and, by `--verbose`, the conversation."""
    process = await asyncio.create_subprocess_exec(
        "curl",
        "--silent",
        "--show-error",
        "--verbose",
        "--max-time",
        "20",
        *arguments,
        f"http://127.0.0.1:{proxy.port}{path}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate(stdin)
    return process.returncode or 0, out, said.decode("latin-1")


async def store(request: web.Request) -> web.StreamResponse:
    """Answer with what was sent, and how it came."""
    body = await request.read()
    return web.Response(body=body, headers={"X-Coding": request.headers.get("Transfer-Encoding", "none")})


async def test_an_upload_from_a_pipe_is_chunked(aiohttp_port: Web, serve: Serve) -> None:
    """`-T -` does not know its length: chunks go up, and all of it comes back."""
    proxy = await serve(await aiohttp_port(store))
    code, out, said = await curl(proxy, "-T", "-", stdin=BODY)

    assert (code, out) == (0, BODY)
    assert "< X-Coding: chunked" in said


async def test_a_large_upload_expects_100_and_gets_it(aiohttp_port: Web, serve: Serve, tmp_path: Path) -> None:
    """Curl announces large bodies with Expect and waits: the 100 comes at once, from the proxy."""
    file = tmp_path / "file"
    file.write_bytes(BODY)
    proxy = await serve(await aiohttp_port(store))
    code, out, said = await curl(proxy, "-T", str(file), "--expect100-timeout", "10")

    assert (code, out) == (0, BODY)
    assert "> Expect: 100-continue" in said
    assert "< HTTP/1.1 100 Continue" in said


@pytest.mark.parametrize("status", [401, 413, 417])
async def test_a_refused_upload_costs_no_body(play: Play, serve: Serve, tmp_path: Path, status: int) -> None:
    """`expect: forward`, 40 MB and a server that says no to the head: curl sends no byte of them, and hears why."""

    async def refuse(peer: Peer) -> None:
        await peer.head()
        await peer.send(sized(b"no", status=b"%d No" % status))
        await peer.rest()

    file = tmp_path / "file"
    file.write_bytes(bytes(40_000_000))
    proxy = await serve(upstreams={"legacy": upstream(await play(refuse), expect="forward")})
    expect = ("-H", "Expect: 100-continue", "--expect100-timeout", "30")
    code, out, said = await curl(proxy, *expect, "--data-binary", f"@{file}", "-w", " %{size_upload}")

    assert f"< HTTP/1.1 {status} No" in said
    assert "100 Continue" not in said
    assert (code, out) == (0, b"no 0")
    line = (await proxy.lines(1))[0]
    assert (line["status"], line["received"]) == (status, 0)


async def test_http_1_0_gets_plain_bodies(play: Play, serve: Serve) -> None:
    """`-0` against a chunked upstream: de-chunked, ended by the connection's end."""
    proxy = await serve(await play(always(chunked(b"one,", b"two"))))
    code, out, said = await curl(proxy, "-0")

    assert (code, out) == (0, b"one,two")
    assert "Transfer-Encoding" not in said


async def test_head_shows_the_length_and_waits_for_nothing(play: Play, serve: Serve) -> None:
    """`-I` gets the fields of the answer and ends at once; a GET on the same connection gets its own answer."""

    async def script(peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"
            await peer.send(head if message.start.startswith(b"HEAD") else sized(b"body"))

    legacy = await play(script)
    proxy = await serve(legacy)
    code, out, _ = await curl(proxy, "-I")

    assert code == 0
    assert b"Content-Length: 12345" in out
    assert (await curl(proxy))[:2] == (0, b"body")
    assert len(legacy.peers) == 1


async def test_raw_chunks_are_well_formed(play: Play, serve: Serve) -> None:
    """`--raw` shows the coding itself: sizes, payload, and the last chunk."""
    proxy = await serve(await play(always(chunked(b"one", b"two"))))
    _, out, _ = await curl(proxy, "--raw")

    assert out in {b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", b"6\r\nonetwo\r\n0\r\n\r\n"}


async def test_a_slow_download_is_whole(play: Play, serve: Serve) -> None:
    """`--limit-rate` below the upstream's speed: nothing is lost on the way."""
    proxy = await serve(await play(always(sized(BODY))), send=65536)
    code, out, _ = await curl(proxy, "--limit-rate", "4M")

    assert (code, out) == (0, BODY)


async def test_a_slow_upload_is_whole(aiohttp_port: Web, serve: Serve) -> None:
    """The same the other way."""
    proxy = await serve(await aiohttp_port(store))
    code, out, _ = await curl(proxy, "--limit-rate", "6M", "-T", "-", stdin=BODY)

    assert (code, out) == (0, BODY)


async def test_a_download_is_resumed(aiohttp_port: Web, serve: Serve, tmp_path: Path) -> None:
    """`-C` goes on where a file ends, `-r` takes a part: 206, with its range."""
    source, part = tmp_path / "source", tmp_path / "part"
    source.write_bytes(BODY)
    part.write_bytes(BODY[:1_000_000])

    async def file(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(source)

    proxy = await serve(await aiohttp_port(file))
    code, _, said = await curl(proxy, "-C", "-", "-o", str(part))

    assert code == 0
    assert "< HTTP/1.1 206 Partial Content" in said
    assert f"< Content-Range: bytes 1000000-{len(BODY) - 1}/{len(BODY)}" in said
    assert part.read_bytes() == BODY
    assert (await curl(proxy, "-r", "10-19"))[1] == BODY[10:20]
    assert (await curl(proxy, "-r", "-5"))[1] == BODY[-5:]


async def test_a_conditional_request_gets_its_304(aiohttp_port: Web, serve: Serve, tmp_path: Path) -> None:
    """If-None-Match and ETag pass; a 304 ends with its head."""
    source = tmp_path / "source"
    source.write_bytes(BODY)

    async def file(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(source)

    proxy = await serve(await aiohttp_port(file))
    tag = tmp_path / "tag"
    await curl(proxy, "--etag-save", str(tag))
    code, out, said = await curl(proxy, "--etag-compare", str(tag))

    assert (code, out) == (0, b"")
    assert "304 Not Modified" in said


async def test_a_truncated_download_is_an_error(play: Play, serve: Serve) -> None:
    """Curl says so (18: partial file) when a body breaks off, sized or chunked; nobody takes it for whole."""
    for head in (b"Content-Length: 100", b"Transfer-Encoding: chunked"):
        answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n"
        code, out, _ = await curl(await serve(await play(then_close(answer))))

        assert code == 18
        assert b"hello" in out


async def test_a_refused_upload_shows_the_refusal(play: Play, serve: Serve, tmp_path: Path) -> None:
    """413 within an upload, with and without Expect: curl has the answer, not a reset."""
    file = tmp_path / "file"
    file.write_bytes(BODY * 5)
    proxy = await serve(await play(deaf), route={"limits": {"body_size": "1MB"}})
    for how in (("-H", "Expect:"), ()):
        code, out, said = await curl(proxy, "-T", str(file), *how)

        assert code in {0, 55, 56}
        assert "< HTTP/1.1 413" in said
        assert b"application/problem+json" in said.encode()
        assert b"larger than" in out

    code, _, said = await curl(proxy, "-T", "-", "-H", "Expect:", stdin=BODY)

    assert "< HTTP/1.1 413" in said


async def test_one_connection_serves_several_urls(play: Play, serve: Serve) -> None:
    """Curl keeps its connection over answers of every framing."""

    async def script(peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            if message.target == b"/close":
                await peer.send(b"HTTP/1.1 200 OK\r\n\r\nuntil close")
                return
            await peer.send(chunked(b"chunked") if message.target == b"/chunked" else sized(b"sized"))

    proxy = await serve(await play(script))
    others = [f"http://127.0.0.1:{proxy.port}/{name}" for name in ("chunked", "close", "sized")]
    code, out, said = await curl(proxy, *others, path="/chunked")

    assert (code, out) == (0, b"chunkeduntil closesizedchunked")
    assert said.count("Re-using existing connection") == 3


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("--path-as-is",), b"/a/../b/./c"),
        (("--path-as-is", "-g"), b"/%7Ea%2Fb?x=[1]&y={z}"),
    ],
)
async def test_targets_arrive_as_curl_sent_them(
    play: Play, serve: Serve, arguments: tuple[str, ...], sent: bytes
) -> None:
    """What a script asks for is what the upstream sees."""
    legacy = await play(always(sized(b"hi")))
    code, _, _ = await curl(await serve(legacy), *arguments, path=sent.decode("ascii"))

    assert code == 0
    assert legacy.requests[0].target == sent
