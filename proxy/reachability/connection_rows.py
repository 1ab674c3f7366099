"""The rows `source`, `connect` and `tls` of one address: what a worker meets that opens a connection there.

Rule 1: names, contexts and bounds are those of `proxy.edge.upstream.dial`; connection and handshake share the time
        that `timeout.connect` gives them.
Rule 2: what was not trusted is looked at once more without trust, only to tell what is shown: nothing is sent there.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic, time

from proxy.core.reachability.certificate_finding import ShownCertificate, distrusted, held
from proxy.core.reachability.connect_finding import connect_failed, no_way, silent
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine
from proxy.core.routing.route import Endpoint, Upstream
from proxy.reachability.target_time import TargetTime, ms_since
from proxy.tls.certificate import read_certificate
from proxy.tls.contexts import UnusableError, client_context
from proxy.tls.handshake_errors import sentence_of
from proxy.tls.live_contexts import UpstreamContext, day

_ANY_PORT = 9
"""Of a datagram socket that never sends."""


@dataclass(slots=True)
class Opened:
    """A connection, to be closed by whoever has it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def close(self) -> None:
        """At once."""
        self.writer.transport.abort()


def source_row(host: str) -> Finding:
    """From which address the kernel would speak to that one; nothing is sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((host, _ANY_PORT))
            return fine(ProbeRow.SOURCE, f"from {sock.getsockname()[0]}")
    except OSError as error:
        return no_way(host, error.strerror or str(error))


async def connect_row(endpoint: Endpoint, target_time: TargetTime, length: float) -> tuple[Finding, Opened | None]:
    """Of an address whose host is a number, or the path of a socket; at most `length` seconds."""
    allowed, began = target_time.of(length), monotonic()
    try:
        async with asyncio.timeout(allowed):
            if endpoint.is_unix:
                streams = await asyncio.open_unix_connection(endpoint.host)
            else:
                streams = await asyncio.open_connection(endpoint.host, endpoint.port)
    except TimeoutError:
        return silent(endpoint.text, round(allowed, 1)), None
    except OSError as error:
        return connect_failed(endpoint.text, error.errno, _words(error)), None
    took = ms_since(began)
    return fine(ProbeRow.CONNECT, f"{took:.1f} ms", took), Opened(*streams)


async def tls_row(
    opened: Opened, endpoint: Endpoint, upstream: Upstream, name: str, target_time: TargetTime, length: float
) -> Finding:
    """A handshake for `name` on this connection, which is closed where it fails; at most `length` seconds."""
    kept, began = UpstreamContext(upstream.tls), monotonic()
    if kept.context is None:
        return failed(ProbeRow.TLS, kept.problem, End.HERE, f"mend upstreams.{upstream.name}.tls or the file")
    try:
        async with target_time.within(length):
            await opened.writer.start_tls(kept.context, server_hostname=name)
    except TimeoutError:
        cure = "it takes connections and says nothing: its url may have to begin with http://, or it is overloaded"
        return failed(ProbeRow.TLS, f"timed out: no handshake within {length:.1f} s", End.THERE, cure)
    except ssl.SSLCertVerificationError as error:
        sentence, _, cure = sentence_of(error, upstream, name).partition("; ")
        shown = await _shown_without_trust(endpoint, upstream, name, target_time)
        return distrusted(error.verify_code, sentence, shown, cure)
    except OSError as error:
        return _no_handshake(error, upstream, name)
    shown = _shown(opened.writer)
    took = ms_since(began)
    return held(shown, name, time(), took, verified=upstream.tls.verify) if shown else fine(ProbeRow.TLS, "TLS", took)


def _no_handshake(error: OSError, upstream: Upstream, name: str) -> Finding:
    """It ended for another reason than the certificate."""
    if not isinstance(error, ssl.SSLError):
        cure = f"it ended the connection within the handshake: does it speak TLS, and know the name {name}?"
        return failed(ProbeRow.TLS, _words(error) or "the connection was ended", End.THERE, cure)
    sentence, _, cure = sentence_of(error, upstream, name).partition("; ")
    if cure:
        return failed(ProbeRow.TLS, sentence, End.HERE, cure)
    cure = (
        f"it must take TLS {upstream.tls.min_version} or later with ECDHE and AES-GCM or ChaCha20, and the name {name}"
    )
    return failed(ProbeRow.TLS, sentence, End.THERE, cure)


async def _shown_without_trust(
    endpoint: Endpoint, upstream: Upstream, name: str, target_time: TargetTime
) -> ShownCertificate | None:
    """Rule 2; None where it shows nothing this time."""
    with suppress(OSError, TimeoutError, UnusableError):
        context = client_context(replace(upstream.tls, verify=False))
        async with target_time.within(upstream.timeouts.connect):
            at = endpoint.host, endpoint.port
            _, writer = await asyncio.open_connection(*at, ssl=context, server_hostname=name)
        with _aborted(writer):
            return _shown(writer)
    return None


def _shown(writer: asyncio.StreamWriter) -> ShownCertificate | None:
    connection = writer.get_extra_info("ssl_object")
    der = connection.getpeercert(binary_form=True)
    if der is None:
        return None
    certificate = read_certificate(der)
    return ShownCertificate(
        protocol=connection.version() or "TLS",
        names=certificate.names,
        begins_at=day(certificate.begins),
        ends=certificate.ends,
        ends_at=day(certificate.ends),
    )


@contextmanager
def _aborted(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


def _words(error: OSError) -> str:
    """The system's own; asyncio puts a sentence of its own before them where it has several errors."""
    return os.strerror(error.errno) if error.errno and not isinstance(error, ssl.SSLError) else str(error)
