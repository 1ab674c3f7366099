"""What is found of real servers that are well, away, silent, or refuse."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from proxy.core.reachability.finding import End, ProbeRow, RowOutcome
from tests.e2e.program import free_port
from tests.edge.authority import Authority
from tests.edge.scripted import Peer, Scripted, always, deaf, silent, sized, then_close
from tests.reachability.conftest import Behind
from tests.reachability.probing import failure, probed, resolver_files, row

END = b"."
"""Begins no handshake."""
ALL = [row for row in ProbeRow if row is not ProbeRow.TLS]


def at(upstream: Scripted | int) -> str:
    return f"http://127.0.0.1:{upstream if isinstance(upstream, int) else upstream.port}"


async def test_a_server_that_is_well_has_every_row(behind: Behind) -> None:
    """Name, source, connection, as whom, may I, round trip; the request was `HEAD /` with the Host of serving."""
    upstream = await behind()

    found = await probed({"url": at(upstream)})

    assert [each.row for each in found.findings] == ALL
    assert found.outcome is RowOutcome.FINE
    assert row(found, ProbeRow.SOURCE).said == "from 127.0.0.1"
    assert row(found, ProbeRow.MAY_I).said == "200 to HEAD /"
    assert row(found, ProbeRow.ROUND_TRIP).ms is not None
    assert upstream.requests[0].start == b"HEAD / HTTP/1.1"
    assert upstream.requests[0].values(b"Host") == [f"127.0.0.1:{upstream.port}".encode()]


async def test_the_health_path_is_asked_as_health_probes_do(behind: Behind) -> None:
    """By GET, with its Host; below 400 is good."""
    upstream = await behind()

    found = await probed({"url": at(upstream), "health": {"path": "/ready", "host": "crm.example"}})

    assert row(found, ProbeRow.MAY_I).said == "200 to GET /ready"
    assert upstream.requests[0].start == b"GET /ready HTTP/1.1"
    assert upstream.requests[0].values(b"Host") == [b"crm.example"]


async def test_the_host_of_clients_is_tried(behind: Behind) -> None:
    """`--host`; a 421 says that this name is not served."""
    upstream = await behind(None, always(sized(b"", status=b"421 Misdirected Request")))

    found = await probed({"url": at(upstream)}, host="shop.example")

    assert upstream.requests[0].values(b"Host") == [b"shop.example"]
    assert row(found, ProbeRow.MAY_I).change is End.HERE
    assert "shop.example" in row(found, ProbeRow.MAY_I).cure


async def test_a_port_where_nobody_listens_is_refused() -> None:
    """The other end has to start something."""
    found = failure(await probed({"url": at(free_port())}))

    assert (found.row, found.said, found.change) == (ProbeRow.CONNECT, "refused", End.THERE)


async def test_an_address_that_does_not_answer_times_out() -> None:
    """After `timeout.connect`, and is told apart from one that refuses."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        first.connect(listening.getsockname())

        found = failure(await probed({"url": at(listening.getsockname()[1]), "timeout": {"connect": "300ms"}}))

    assert (found.row, found.change) == (ProbeRow.CONNECT, End.THERE)
    assert found.said == "timed out: no answer within 0.3 s"


async def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    """And one that is there has no name and no source."""
    path = tmp_path / "app.sock"
    missing = failure(await probed({"url": f"http+unix://{path}"}))
    upstream = await Scripted(always(sized(b"ok"))).start_at(path)
    found = await probed({"url": f"http+unix://{path}"})
    await upstream.stop()

    assert (missing.row, missing.change) == (ProbeRow.CONNECT, End.THERE)
    assert str(path) in missing.cure
    assert [each.row for each in found.findings] == ALL[2:]


async def test_one_s_own_address_is_a_loop(tmp_path: Path) -> None:
    """A name for where this routes.yaml listens, as serving has it: it is not connected to."""
    files = resolver_files(tmp_path, "127.0.0.1:9", "127.0.0.1 front.test\n")

    found = failure(await probed({"url": "http://front.test:18080"}, files=files))

    assert (found.row, found.change) == (ProbeRow.CONNECT, End.HERE)
    assert "loop" in found.said


REFUSALS = [(401, b"401 Unauthorized"), (403, b"403 Forbidden")]


@pytest.mark.parametrize(("status", "line"), REFUSALS)
async def test_a_refusal_is_no_failure_to_reach(behind: Behind, status: int, line: bytes) -> None:
    """It says which status, what is wanted, and what this end may do; the way there is fine, and timed."""
    upstream = await behind(None, always(sized(b"", b'WWW-Authenticate: Bearer realm="crm"', status=line)))

    found = await probed({"url": at(upstream)})

    said = row(found, ProbeRow.MAY_I)
    assert said.said == f'reached, but refused: {status} to HEAD / (it wants Bearer realm="crm")'
    assert (said.outcome, said.change) == (RowOutcome.FAILED, End.HERE)
    assert row(found, ProbeRow.ROUND_TRIP).outcome is RowOutcome.FINE


async def test_what_google_refuses_is_asked_for_its_reason(behind: Behind) -> None:
    """HEAD has no body: the same refusal by GET says which role is missing, and in which project."""
    message = "Permission 'run.routes.invoke' denied on resource 'projects/crm-new/locations/eu/services/api'"
    body = json.dumps({"error": {"code": 403, "message": message}}).encode()
    upstream = await behind(None, always(sized(body, status=b"403 Forbidden")))

    found = row(await probed({"url": at(upstream)}), ProbeRow.MAY_I)

    assert [each.start.split()[0] for each in upstream.requests] == [b"HEAD", b"GET"]
    assert "run.routes.invoke is missing" in found.said
    on = "projects/crm-new/locations/eu/services/api in the callee's project crm-new"
    assert found.cure == f"grant roles/run.invoker on {on} to whom Banyan calls as"
    assert found.change is End.THERE


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "cannot be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "cannot be read"),
        (b"", "the connection ended before an answer"),
        (b"HTTP/1.1 200 OK\r\n", "the connection ended before an answer"),
    ],
)
async def test_an_answer_that_serving_would_refuse_is_a_failure(behind: Behind, answer: bytes, said: str) -> None:
    """No HTTP, two lengths, or no whole head."""
    upstream = await behind(None, then_close(answer))

    found = failure(await probed({"url": at(upstream)}))

    assert (found.row, found.change) == (ProbeRow.MAY_I, End.THERE)
    assert said in found.said


async def test_a_server_that_takes_the_request_and_is_silent(behind: Behind) -> None:
    """Ends after `timeout.response`."""
    upstream = await behind(None, silent)

    found = failure(await probed({"url": at(upstream), "timeout": {"response": "200ms"}}))

    assert (found.row, found.said) == (ProbeRow.MAY_I, "timed out: no answer to HEAD / within 0.2 s")


async def test_an_interim_answer_is_passed_over(behind: Behind) -> None:
    """The final one counts, whatever pieces it comes in."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await peer.writer.drain()
        peer.writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    found = await probed({"url": at(await behind(None, script))})

    assert row(found, ProbeRow.MAY_I).said == "204 to HEAD /"


# -- TLS ---------------------------------------------------------------------------------------------------------------


def secure(upstream: Scripted, authority: Authority, **tls: object) -> dict[str, object]:
    return {"url": f"https://localhost:{upstream.port}", "tls": {"ca": str(authority.file)} | tls}


async def test_a_certificate_that_is_well_is_told(behind: Behind, authority: Authority) -> None:
    """Protocol, name, end; 127.0.0.1 and ::1 are both localhost's, each with its rows."""
    upstream = await behind(authority.serving(authority.sign("localhost")))

    found = await probed(secure(upstream, authority))

    tls = row(found, ProbeRow.TLS, f"127.0.0.1:{upstream.port}")
    assert tls.outcome is RowOutcome.FINE
    assert tls.said.startswith("TLSv1.3, holds localhost until 20")
    assert tls.said.endswith(" days")


async def test_a_certificate_that_ends_soon_is_warned_of(behind: Behind, authority: Authority) -> None:
    """Below fourteen days; nothing has failed."""
    upstream = await behind(authority.serving(authority.sign("localhost", ends=timedelta(days=6))))

    found = await probed(secure(upstream, authority))

    tls = row(found, ProbeRow.TLS, f"127.0.0.1:{upstream.port}")
    assert (tls.outcome, tls.change) == (RowOutcome.WARNING, End.THERE)
    assert tls.said.endswith(", 5 days")
    assert row(found, ProbeRow.MAY_I).outcome is RowOutcome.FINE


SPOILT: list[tuple[str, dict[str, Any], End, str]] = [
    ("other.internal", {}, End.THERE, "the certificate holds other.internal"),
    ("localhost", {"ends": timedelta(hours=-1)}, End.THERE, "the certificate ended on "),
    ("localhost", {"begins": timedelta(hours=1)}, End.THERE, "the certificate begins on "),
]


@pytest.mark.parametrize(("name", "dates", "change", "said"), SPOILT, ids=["name", "ended", "begins"])
async def test_a_certificate_that_is_not_good_says_why(
    behind: Behind, authority: Authority, name: str, dates: dict[str, Any], change: End, said: str
) -> None:
    """Another name, over, not begun: what it shows is told, and nothing was asked."""
    upstream = await behind(authority.serving(authority.sign(name, **dates)))

    tls = row(await probed(secure(upstream, authority)), ProbeRow.TLS)

    assert (tls.outcome, tls.change) == (RowOutcome.FAILED, change)
    assert tls.said.startswith(said)
    assert upstream.requests == []


async def test_a_stranger_s_certificate_is_for_this_end_to_trust(
    behind: Behind, authority: Authority, tmp_path: Path
) -> None:
    """Of an authority that routes.yaml does not name: the key that would name it is said."""
    stranger = Authority(tmp_path / "stranger")
    upstream = await behind(stranger.serving(stranger.sign("localhost")))

    tls = row(await probed(secure(upstream, authority)), ProbeRow.TLS)

    assert (tls.outcome, tls.change) == (RowOutcome.FAILED, End.HERE)
    assert tls.said.startswith("certificate verify failed")
    assert tls.cure.startswith("upstreams.legacy.tls.ca (now ")


async def test_what_is_not_verified_is_looked_at_all_the_same(behind: Behind, authority: Authority) -> None:
    """`verify: false` is a warning with the names that are shown; the request goes on."""
    upstream = await behind(authority.serving(authority.sign("other.internal")))

    found = await probed({"url": f"https://127.0.0.1:{upstream.port}", "tls": {"verify": False}})

    assert row(found, ProbeRow.TLS).outcome is RowOutcome.WARNING
    assert "it holds other.internal" in row(found, ProbeRow.TLS).said
    assert row(found, ProbeRow.MAY_I).outcome is RowOutcome.FINE


async def test_a_server_that_speaks_no_tls_is_told(behind: Behind, authority: Authority) -> None:
    """One that speaks HTTP, and one that says nothing within the time."""

    async def refuse(peer: Peer) -> None:
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    plain, mute = await behind(None, refuse), await behind(None, deaf)

    no_tls = row(await probed(secure(plain, authority)), ProbeRow.TLS)
    nothing = row(await probed(secure(mute, authority) | {"timeout": {"connect": "300ms"}}), ProbeRow.TLS)

    assert (no_tls.change, nothing.change) == (End.HERE, End.THERE)
    assert "http://" in no_tls.cure
    assert nothing.said.startswith("timed out: no handshake within ")


@contextmanager
def alerting(context: ssl.SSLContext) -> Iterator[int]:
    """A server that says by an alert why it ends a connection, as asyncio's own do not."""

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            with connection, suppress(ssl.SSLError):
                if connection.recv(1, socket.MSG_PEEK) == END:
                    return
                context.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        with socket.create_connection(listening.getsockname()) as last:
            last.send(END)
        thread.join()


async def test_a_client_certificate_is_as_whom_one_comes(behind: Behind, authority: Authority) -> None:
    """It is named; without one a server that wants it is told apart from one that refuses a request."""
    context = authority.serving(authority.sign("localhost"), asks=True)
    upstream = await behind(context)
    own = authority.sign("banyan.internal", to="own")

    shown = await probed(secure(upstream, authority, **own.block))
    with alerting(context) as port:
        nobody = await probed({"url": f"https://localhost:{port}", "tls": {"ca": str(authority.file)}})

    assert "(banyan.internal), until 20" in row(shown, ProbeRow.AS_WHOM).said
    assert row(shown, ProbeRow.MAY_I).outcome is RowOutcome.FINE
    (wanted,) = [each for each in nobody.findings if each.row is ProbeRow.AS_WHOM and each.outcome is RowOutcome.FAILED]
    assert "client certificate" in wanted.said
    assert wanted.change is End.HERE
