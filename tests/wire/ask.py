"""What the cases of upstreams ask, and how they look at what came back."""

from __future__ import annotations

from tests.wire.play import Client, Heard
from tests.wire.reference import Message

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
GET_1_0 = b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n"
HEAD = b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
WEBSOCKET = (
    b"GET /ws/new HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PLANTED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


async def ask_once(port: int, data: bytes) -> Heard:
    """One client that sends, says that this was all, and hears to the end."""
    client = await Client.to(port)
    await client.send(data)
    client.half_close()
    heard = await client.hear()
    client.close()
    assert not heard.hung
    return heard


def only(heard: Heard, method: bytes = b"GET") -> Message:
    """The one response that came; nothing came behind it."""
    (response,) = heard.responses((method,))
    return response


def names(message: Message) -> set[bytes]:
    """Of its fields, in lower case."""
    return {name.lower() for name, _ in message.fields}
