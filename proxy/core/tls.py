"""What routes.yaml says of TLS: which files, for whom, how strict. Paths only; what they hold is `proxy.tls`'s."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TlsVersion(StrEnum):
    """The oldest version that is spoken; what is older than 1.2 is no choice (RFC 8996)."""

    TLS12 = "1.2"
    TLS13 = "1.3"


class Sni(StrEnum):
    """Which name an upstream is asked for: that of its url, or of each request's Host."""

    UPSTREAM = "upstream"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """A certificate with its chain, and its key, both in PEM. `hosts` empty: the names that the certificate holds."""

    cert: str
    key: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls:
    """How clients are met. The first certificate is for those that name no host, or one that nothing fits."""

    certificates: tuple[CertificateFiles, ...]
    client_ca: str = ""
    min_version: TlsVersion = TlsVersion.TLS12


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTls:
    """How an upstream is met. `ca` empty: the system's own; `server_name` empty: the url's host, or what `sni` says."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    server_name: str = ""
    sni: Sni = Sni.UPSTREAM
    verify: bool = True
    min_version: TlsVersion = TlsVersion.TLS12

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that is read."""
        return tuple(path for path in (self.ca, self.cert, self.key) if path)


VERIFIED = UpstreamTls()
"""What an upstream without a block gets."""
