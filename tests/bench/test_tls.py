from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from bench.load.workload import Site
from bench.peers.peer import Peer
from bench.suites.tls import PEERS, make_certificate


@pytest.mark.parametrize(
    ("peer", "line"),
    [(PEERS[0], "tls: {{cert: {0}/site.pem, key: {0}/site.key}}"), (PEERS[1], "ssl_certificate {0}/site.pem;")],
    ids=["banyan", "nginx"],
)
def test_both_get_the_certificate(tmp_path: Path, peer: Peer, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the proxy starts from names the certificate and key that were made beside it."""
    monkeypatch.setattr("bench.peers.banyan.installed", lambda: tmp_path)
    peer.launch(Site(folder=tmp_path, listen=1, admin=2, legacy=3, new=4, routes=1))

    files = [each.read_text() for each in (tmp_path / "routes.yaml", tmp_path / "nginx.conf") if each.exists()]
    assert [line.format(tmp_path) in text for text in files] == [True]


def test_the_certificate_can_be_served(tmp_path: Path) -> None:
    """The pair fits."""
    cert, key = make_certificate(tmp_path)

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
