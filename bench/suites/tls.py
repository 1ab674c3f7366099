"""Banyan and nginx with TLS towards clients: keep-alive requests, the same certificate, TLS 1.3 for both.

The certificate is ECDSA on P-256, which both meet with AES-GCM by the same library; towards the upstream both speak
plain HTTP. Connections are opened once, so what is measured is records, not handshakes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError
from bench.load import wrk
from bench.load.workload import Site
from bench.peers import banyan, nginx
from bench.peers.peer import Peer
from bench.processes import Launch, find_program
from bench.report import Report
from bench.rounds import Contender, Plan, Series, by_label, doubts, play, ratio
from bench.suites.stand import stand
from bench.table import Table

Rewrite = Callable[[str, Path, Path], str]


def _banyan(text: str, cert: Path, key: Path) -> str:
    return text.replace("workers: 1\n", f"workers: 1\ntls: {{cert: {cert}, key: {key}}}\n")


def _nginx(text: str, cert: Path, key: Path) -> str:
    lines = (
        f" ssl backlog=4096;\n    ssl_certificate {cert};\n    ssl_certificate_key {key};\n    ssl_protocols TLSv1.3;"
    )
    return text.replace(" backlog=4096;", lines)


def behind_tls(peer: Peer, file: str, rewrite: Rewrite) -> Peer:
    """The peer with TLS on its listener; `file` is its configuration in the site's folder."""

    def launch(site: Site) -> Launch:
        started = peer.launch(site)
        cert, key = make_certificate(site.folder)
        path = site.folder / file
        path.write_text(rewrite(path.read_text(), cert, key))
        return replace(started, ready=started.ready[:1])  # the admin page: who asks for the other speaks no TLS

    return replace(peer, launch=launch)


PEERS = (
    behind_tls(banyan.PEER, "routes.yaml", _banyan),
    behind_tls(nginx.PEER, "nginx.conf", _nginx),
)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """One for crm.example.com that signs itself, and its key."""
    cert, key = folder / "site.pem", folder / "site.key"
    program = find_program("openssl", "apt-get install openssl")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    name = ("-subj", "/CN=crm.example.com", "-addext", "subjectAltName=DNS:crm.example.com")
    made = subprocess.run(
        (program, "req", "-x509", *kind, *name, "-keyout", str(key), "-out", str(cert)),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise BenchError(f"openssl could not make a certificate: {made.stderr.strip()[-400:]}")
    return cert, key


def measure(peers: Sequence[Peer], plan: Plan, routes: int) -> Report:
    """The small requests of the `peers` suite, encrypted."""
    load = replace(wrk.items(routes), scheme="https")
    with stand(plan.cores) as ground:
        children = [ground.put_up(peer, routes=routes) for peer in peers]
        series = play(
            [Contender(label=child.label, child=child, load=load, log=site.log) for child, site in children], plan
        )
    return Report(suite="tls", tables=(_table(series, routes),), measures=(), series=series)


def _table(series: Sequence[Series], routes: int) -> Table:
    reference = by_label(series, "nginx")
    return Table(
        title=f"TLS 1.3 keep-alive, one core each, {routes:,} routes, medians of {len(series[0].rounds)} rounds",
        columns=("proxy", "req/s", "× nginx", "CPU µs/req", "× nginx", "p50 ms", "p99 ms"),
        rows=tuple(_row(each, reference) for each in series),
        notes=tuple(doubts(series)),
    )


def _row(each: Series, reference: Series | None) -> tuple[str, ...]:
    return (
        each.label,
        f"{each.median(lambda one: one.per_second):,.0f}",
        f"{ratio(each, reference, lambda one: one.per_second):.2f}" if reference else "",
        f"{each.median(lambda one: one.cpu_us):.1f}",
        f"{ratio(each, reference, lambda one: one.cpu_us):.2f}" if reference else "",
        f"{each.median(lambda one: one.p50_us) / 1000:.2f}",
        f"{each.median(lambda one: one.p99_us) / 1000:.2f}",
    )
