"""The contexts of both ends: what is spoken, and which files they are made from.

Rule 1: TLS 1.2 with forward secrecy and authenticated ciphers (RFC 9325 section 4.2), or 1.3; nothing older.
Rule 2: no compression, no renegotiation; ALPN says http/1.1, which is what is spoken.
Rule 3: a file that cannot be used is named by its key of routes.yaml, with what to do about it.
"""

from __future__ import annotations

import os
import ssl

from proxy.core.tls import CertificateFiles, ListenerTls, TlsVersion, UpstreamTls
from proxy.tls.certificate import Certificate, read_certificate

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all fit and are the library's to choose."""
ALPN = ["http/1.1"]
_VERSIONS = {TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3}
_LARGEST = 4 * 1024 * 1024


class UnusableError(Exception):
    """A file is not what it should be; `key` is that of routes.yaml which names it."""

    def __init__(self, key: str, path: str, what: str) -> None:
        """`what` completes a sentence that begins with the path."""
        super().__init__(f"{path} {what}")
        self.key = key


def server_context(files: CertificateFiles, tls: ListenerTls) -> ssl.SSLContext:
    """The context of a listener that shows this certificate; raises UnusableError."""
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls.min_version)
    _load_pair(context, files.cert, files.key)
    if tls.client_ca:
        _load_authorities(context, "client_ca", tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: UpstreamTls) -> ssl.SSLContext:
    """The context of connections to an upstream; raises UnusableError."""
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls.min_version)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # `ca` may hold the one certificate that is to be trusted
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca:
        _load_authorities(context, "ca", tls.ca)
    else:
        context.load_default_certs()
    if tls.cert:
        _load_pair(context, tls.cert, tls.key)
    return context


def certificate_in(path: str, key: str = "cert") -> Certificate:
    """The first certificate of a PEM file; raises UnusableError, which names `key`."""
    text = _text(path, key)
    first = text[text.find(ssl.PEM_HEADER) :].partition(ssl.PEM_FOOTER)[0]
    try:
        return read_certificate(ssl.PEM_cert_to_DER_cert(first + ssl.PEM_FOOTER))
    except ValueError:
        raise UnusableError(key, path, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from None


def _strict(context: ssl.SSLContext, least: TlsVersion) -> ssl.SSLContext:
    context.minimum_version = _VERSIONS[least]
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(ALPN)
    return context


def _load_pair(context: ssl.SSLContext, cert: str, key: str) -> None:
    certificate_in(cert)
    private = _text(key, "key")
    if "ENCRYPTED" in private:
        raise UnusableError("key", key, "is encrypted, and nobody is there to type its password; write it without one")
    if "PRIVATE KEY-----" not in private:
        raise UnusableError("key", key, "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
    try:
        context.load_cert_chain(cert, key, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UnusableError("key", key, f"is not the key of the certificate in {cert}; name its own") from None
        raise UnusableError("cert", cert, f"and its key cannot be used: {_reason(error)}") from None
    except OSError as error:
        raise UnusableError("cert", cert, f"or its key cannot be read: {error.strerror}") from None


def _load_authorities(context: ssl.SSLContext, key: str, path: str) -> None:
    text = _text(path, key)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        what = "holds no certificates of authorities in PEM form (-----BEGIN CERTIFICATE-----)"
        raise UnusableError(key, path, what) from None


def _text(path: str, key: str) -> str:
    """What a file holds; PEM is ASCII, and what stands between its blocks may be anything."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- a Path of each file at every look is not needed
            data = file.read(_LARGEST + 1)
    except OSError as error:
        user = f" by user {os.geteuid()}" if isinstance(error, PermissionError) else ""
        raise UnusableError(key, path, f"cannot be read{user}: {error.strerror}") from None
    except ValueError:
        raise UnusableError(key, path, "is no path of a file") from None
    if len(data) > _LARGEST:
        raise UnusableError(key, path, "is too long to be a file of certificates")
    return data.decode("ascii", "ignore")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
