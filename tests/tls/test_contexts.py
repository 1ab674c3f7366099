from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.core.tls import CertificateFiles, ListenerTls, UpstreamTls
from proxy.tls.contexts import UnusableError, client_context, server_context
from tests.edge.authority import Authority


def server(cert: Path, key: Path, client_ca: str = "") -> ssl.SSLContext:
    files = CertificateFiles(cert=str(cert), key=str(key))
    return server_context(files, ListenerTls(certificates=(files,), client_ca=client_ca))


def test_the_context_of_the_listener_is_strict(tmp_path: Path) -> None:
    """From 1.2 on, forward secrecy and authenticated ciphers alone, no renegotiation, no compression."""
    files = Authority(tmp_path).sign("localhost")

    context = server(files.cert, files.key)

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in names)
    assert all("GCM" in name or "CHACHA20" in name for name in names)
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.verify_mode is ssl.CERT_NONE
    assert server(files.cert, files.key, str(tmp_path / "authority.pem")).verify_mode is ssl.CERT_REQUIRED


def test_the_context_of_an_upstream_verifies() -> None:
    """Unless it is told not to."""
    assert client_context(UpstreamTls()).verify_mode is ssl.CERT_REQUIRED
    assert client_context(UpstreamTls()).check_hostname
    assert client_context(UpstreamTls(verify=False)).verify_mode is ssl.CERT_NONE


Spoil = Callable[[Path], object]
SPOILT: list[tuple[str, Spoil, str, str]] = [
    ("missing key", lambda at: (at / "site.key").unlink(), "key", "cannot be read: No such file"),
    ("key is a folder", lambda at: _to_folder(at / "site.key"), "key", "cannot be read"),
    ("no key", lambda at: (at / "site.key").write_text("x"), "key", "holds no private key"),
    (
        "certificate as key",
        lambda at: (at / "site.key").write_bytes((at / "site.pem").read_bytes()),
        "key",
        "no private",
    ),
    ("broken key", lambda at: _cut(at / "site.key"), "cert", "and its key cannot be used"),
    ("encrypted", lambda at: (at / "site.key").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "key", "encrypted"),
    ("huge", lambda at: (at / "site.pem").write_bytes(bytes(5_000_000)), "cert", "too long"),
    ("no authority", lambda at: (at / "authority.pem").write_text("x"), "client_ca", "holds no certificates of"),
]


@pytest.mark.parametrize(("spoil", "key", "said"), [case[1:] for case in SPOILT], ids=[case[0] for case in SPOILT])
def test_every_bad_file_is_named(tmp_path: Path, spoil: Spoil, key: str, said: str) -> None:
    """With the key of routes.yaml that names it, and what is wrong."""
    files = Authority(tmp_path).sign("localhost")
    spoil(tmp_path)

    with pytest.raises(UnusableError, match=said) as error:
        server(files.cert, files.key, str(tmp_path / "authority.pem"))

    assert error.value.key == key


def test_who_may_not_read_is_named(tmp_path: Path) -> None:
    """A key that this user may not read is refused with the user's number."""
    files = Authority(tmp_path).sign("localhost")
    files.key.chmod(0)
    tmp_path.chmod(0o755)
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.setuid(65534)
        os.write(write, _why(files.cert, files.key))
        os._exit(0)
    os.waitpid(pid, 0)
    said = os.read(read, 1000)
    os.close(read)
    os.close(write)

    assert b"cannot be read by user 65534: Permission denied" in said


def _why(cert: Path, key: Path) -> bytes:
    try:
        server(cert, key)
    except UnusableError as error:
        return str(error).encode()
    return b"was read"


def _to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _cut(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace(text.splitlines()[1], ""))
