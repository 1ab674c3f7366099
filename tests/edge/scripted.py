"""An upstream that plays exact bytes: it answers, stalls, resets, drips or half-closes as a test's script says.

Rule 1: a script is one connection's life; an error in it fails the test, unless it is the connection's own end.
Rule 2: what a connection received is kept as messages where the script read messages, raw where it read to the end.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tests.edge.message import Message, read_head, read_request

PATIENCE = 60.0
"""Seconds after which a wait has failed; far beyond every timeout that a test sets."""


class Peer:
    """One connection that the proxy has opened to a scripted upstream."""

    def __init__(self, upstream: Scripted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.upstream = upstream
        self.reader = reader
        self.writer = writer
        self.requests: list[Message] = []

    async def request(self) -> Message:
        """The next whole request."""
        async with asyncio.timeout(PATIENCE):
            return self._note(await read_request(self.reader))

    async def head(self) -> Message:
        """The next request's head; its body is left to the script."""
        async with asyncio.timeout(PATIENCE):
            return self._note(await read_head(self.reader))

    def _note(self, message: Message) -> Message:
        self.requests.append(message)
        self.upstream.requests.append(message)
        return message

    async def next_request(self) -> Message | None:
        """The next request, however long it takes to come; None when the proxy has closed the connection."""
        try:
            return self._note(await read_request(self.reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def rest(self) -> bytes:
        """Everything until the proxy ends or resets the connection."""
        pieces = []
        async with asyncio.timeout(PATIENCE):
            try:
                while piece := await self.reader.read(65536):
                    pieces.append(piece)
            except ConnectionError:
                pass
        return b"".join(pieces)

    async def send(self, *pieces: bytes) -> None:
        """Each piece in a write of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def drip(self, data: bytes, size: int = 1) -> None:
        """In small pieces, each likely to arrive alone."""
        for at in range(0, len(data), size):
            await self.send(data[at : at + size])
            await asyncio.sleep(0)

    def end_writing(self) -> None:
        """Close the sending half."""
        self.writer.write_eof()

    def close(self) -> None:
        """Close after what is sent."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a RST."""
        reset(self.writer)


def abort(transport: asyncio.WriteTransport) -> None:
    """Abort what may be closed already."""
    with suppress(AttributeError):  # asyncio's own transport, where it was closed with bytes to write
        transport.abort()


def reset(writer: asyncio.StreamWriter) -> None:
    """Abort so that the other end gets a RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Scripted:
    """A listening upstream; `peers` in the order in which they connected, `requests` in the order of their ends."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.peers: list[Peer] = []
        self.requests: list[Message] = []
        self.errors: list[Exception] = []
        self.port = 0
        self._host = ""
        self._kept: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Scripted:
        """Listen on a free port of loopback, in the clear or behind TLS."""
        self._release()
        self._host = host
        self._server = await asyncio.start_server(self._connected, host, self.port, limit=1 << 17, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def start_at(self, path: Path) -> Scripted:
        """Listen on a Unix socket."""
        self._server = await asyncio.start_unix_server(self._connected, path, limit=1 << 17)
        return self

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        peer = Peer(self, reader, writer)
        self.peers.append(peer)
        try:
            await self.script(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - rule 1
            self.errors.append(error)
        finally:
            self._running.discard(task)
            writer.close()

    def stop_listening(self) -> None:
        """Refuse new connections; those that are open stay, and the port is nobody else's."""
        if self._server is not None:
            self._server.close()
        if self.port and self._kept is None:
            self._kept = _bound(self._host, self.port)

    def _release(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def stop(self) -> None:
        """End every script; what went wrong in one is raised."""
        self.stop_listening()
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for peer in self.peers:
            abort(peer.writer.transport)
        self._release()
        if self.errors:
            raise self.errors[0]


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the port and does not listen: whoever connects is refused."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, port))
    return found


def sized(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with a Content-Length; `lines` come first."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"Content-Length: %d" % len(body), b"", body])


def chunked(*payloads: bytes, trailers: tuple[bytes, ...] = (), lines: tuple[bytes, ...] = ()) -> bytes:
    """A response in chunks."""
    head = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"Transfer-Encoding: chunked", b"", b""])
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in payloads)
    return head + chunks + b"\r\n".join([b"0", *trailers, b"", b""])


def always(response: bytes) -> Script:
    """Answer every request of every connection with these bytes."""

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(response)

    return script


def once(*pieces: bytes) -> Script:
    """Answer the first request with these writes, then read on until the proxy closes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)
        await peer.rest()

    return script


def then_close(*pieces: bytes) -> Script:
    """Answer the first request with these writes and close."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)

    return script


async def echo(peer: Peer) -> None:
    """Answer each request with its own body, and its target and method in fields."""
    while (request := await peer.next_request()) is not None:
        body = b"" if request.start.startswith(b"HEAD ") else request.body
        await peer.send(sized(body, b"X-Target: " + request.target))


async def silent(peer: Peer) -> None:
    """Read what comes and never answer."""
    await peer.rest()


async def deaf(peer: Peer) -> None:
    """Neither read nor answer."""
    await asyncio.Event().wait()
