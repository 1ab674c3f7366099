"""Authorities of a test's own, and the files of what they sign."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from proxy.tls.contexts import ALPN


@dataclass(frozen=True)
class Files:
    """A certificate with its chain and its key, as `cert` and `key` of routes.yaml."""

    cert: Path
    key: Path

    @property
    def block(self) -> dict[str, object]:
        """The two keys."""
        return {"cert": str(self.cert), "key": str(self.key)}


class Authority:
    """Signs; `directory` is where its files are written."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._ca = trustme.CA()
        self._directory = directory
        self.file = directory / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def sign(
        self,
        *names: str,
        to: str = "site",
        begins: timedelta = timedelta(days=-60),
        ends: timedelta = timedelta(days=90),
        kind: trustme.KeyType = trustme.KeyType.ECDSA,
    ) -> Files:
        """Write `to`.pem and `to`.key for these names."""
        issued = self._ca.issue_cert(*names, not_before=_in(begins), not_after=_in(ends), key_type=kind)
        files = Files(self._directory / f"{to}.pem", self._directory / f"{to}.key")
        _write(files.key, issued.private_key_pem.bytes())
        _write(files.cert, b"".join(each.bytes() for each in issued.cert_chain_pems))
        return files

    def trusting(self, own: Files | None = None) -> ssl.SSLContext:
        """A client's context that trusts this authority, and shows `own`."""
        context = ssl.create_default_context(cafile=str(self.file))
        context.set_alpn_protocols(ALPN)
        if own is not None:
            context.load_cert_chain(own.cert, own.key)
        return context

    def serving(self, files: Files, *, asks: bool = False) -> ssl.SSLContext:
        """A server's context that shows `files`, and `asks` for certificates that this authority has signed."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.file))
        context.load_cert_chain(files.cert, files.key)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _write(path: Path, data: bytes) -> None:
    """As those who rotate do: whole, under another name, then at once."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def _in(length: timedelta) -> datetime:
    return datetime.now(UTC) + length
