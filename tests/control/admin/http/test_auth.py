from __future__ import annotations

import asyncio

import pytest

from proxy.control.admin.http.auth import AdminAuth, gate_for, is_loopback
from tests.control.conftest import Open, Port, listening_tcp

EVERYTHING = ["/metrics", "/api/routes", "/api/routes/rest", "/api/upstreams", "/api/transitions", "/nothing"]


async def status(port: Port, path: str, method: str = "GET", **headers: str) -> int:
    async with port.client.request(method, port.url + path, headers=headers) as answer:
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="banyan"'
            assert answer.content_type == "application/problem+json"
        return answer.status


async def test_reading_on_loopback_is_open(open_port: Open) -> None:
    """On loopback people and Prometheus read without a token, whether one is set or not."""
    for token in ("", "secret"):
        port = await open_port(token=token)

        assert [await status(port, path) for path in EVERYTHING] == [200] * 5 + [404]


@pytest.mark.parametrize("path", EVERYTHING)
async def test_beyond_loopback_everything_needs_the_token(open_port: Open, path: str) -> None:
    """Metrics, API and even unknown paths are answered 401 without the token when the port is not on loopback."""
    port = await open_port(token="secret", loopback=False)

    assert await status(port, path) == 401
    assert await status(port, path, Authorization="Bearer secret") in {200, 404}


async def test_health_paths_stay_open(open_port: Open) -> None:
    """Orchestrators probe without a token, everywhere."""
    port = await open_port(token="secret", loopback=False)

    assert await status(port, "/-/healthy") == 200
    assert await status(port, "/-/ready") == 503


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_changes_always_need_the_token(open_port: Open, method: str, *, loopback: bool) -> None:
    """Whatever changes state needs the token on loopback too, on any path, also one that is open for reading."""
    port = await open_port(token="secret", loopback=loopback)
    for path in ("/api/routes/rest/promote", "/api/kill", "/-/ready"):
        assert await status(port, path, method) == 401
        assert await status(port, path, method, Authorization="Bearer secret") in {200, 400, 405, 409}


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer secre",
        "Bearer secret2",
        "Bearer Secret",
        "Basic secret",
        "secret",
        "Bearer schlüssel",
    ],
)
async def test_only_the_token_opens(open_port: Open, sent: str) -> None:
    """Another token, another scheme or half a field is refused."""
    port = await open_port(token="secret")

    assert await status(port, "/api/kill", "POST", Authorization=sent) == 401


async def test_the_scheme_may_be_written_in_any_case(open_port: Open) -> None:
    """`bearer` is `Bearer` (RFC 9110 section 11.1)."""
    port = await open_port(token="secret")

    assert await status(port, "/api/routes/rest/promote", "POST", Authorization="bearer secret") == 200


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer "])
async def test_without_a_token_nothing_can_be_changed(open_port: Open, sent: str) -> None:
    """When no token is set, an empty one does not open, and the answer says what to set."""
    port = await open_port(token="")
    async with port.client.post(port.url + "/api/kill", headers={"Authorization": sent}) as answer:
        assert answer.status == 401
        assert "BANYAN_ADMIN_TOKEN" in (await answer.json())["detail"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:9090",
        "localhost.",
        "127.0.0.1",
        "127.8.9.10:1",
        "[::1]",
        "[::1]:9090",
        "[::ffff:127.0.0.1]",
    ],
)
async def test_local_names_are_served(port: Port, host: str) -> None:
    """However an operator writes this machine's loopback, it is served."""
    assert await status(port, "/api/routes", Host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9090",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "a b",
        "",
    ],
)
async def test_other_names_are_not(port: Port, host: str) -> None:
    """A name that was rebound to loopback is not this machine's, so a page under it reads nothing."""
    for path in ("/api/routes", "/metrics", "/-/healthy"):
        assert await status(port, path, Host=host) == 403


async def raw(port: Port, head: bytes) -> bytes:
    """The status line for a head as it stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port.url.rpartition(":")[2]))
    writer.write(head)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


async def test_the_host_cannot_be_hidden(port: Port) -> None:
    """A second Host does not help; no Host at all, as HTTP/1.0 allows, comes from no browser and is served."""
    two = b"GET /api/routes HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"

    assert (await raw(port, two)).split()[1] in {b"400", b"403"}
    assert await raw(port, b"GET /api/routes HTTP/1.0\r\n\r\n") == b"HTTP/1.0 200 OK\r\n"


async def test_beyond_loopback_any_name_is_served(open_port: Open) -> None:
    """Off loopback the token protects, and Banyan cannot know all names of its machine."""
    port = await open_port(token="secret", loopback=False)

    assert await status(port, "/api/routes", Host="banyan.internal", Authorization="Bearer secret") == 200


def test_the_admin_address_is_a_local_name() -> None:
    """The name that routes.yaml gives the admin address is served, in any case."""
    gate = AdminAuth(loopback=True, token="", own_host="Admin.Internal")

    assert gate.knows(["admin.internal:9090"])
    assert not gate.knows(["internal"])


def test_no_text_of_the_gate_holds_the_token() -> None:
    """A traceback or a log line that shows the gate shows no token."""
    assert "s3cret" not in repr(AdminAuth(loopback=True, token="s3cret", own_host="127.0.0.1"))


@pytest.mark.parametrize(("address", "loopback"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_the_socket_decides_what_is_loopback(address: str, *, loopback: bool) -> None:
    """What the port is really bound to counts, whatever the file calls it; blanks around a token do not."""
    with listening_tcp(address) as listening:
        gate = gate_for(listening, "localhost", " secret\n")

    assert gate.loopback is loopback
    assert gate.token == "secret"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("192.168.1.1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback_addresses(address: str, *, expected: bool) -> None:
    """127.0.0.0/8 and ::1, also written as an IPv4 address within IPv6; names are not addresses."""
    assert is_loopback(address) is expected
