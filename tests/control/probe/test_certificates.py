from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from proxy.control.probe.certificates import Certificates, Shown
from proxy.control.running import Reload, Running
from proxy.core.routing.snapshot import Snapshot
from proxy.core.tls import CertificateFiles, ListenerTls, UpstreamTls
from proxy.tls.contexts import certificate_in
from tests.control.conftest import STARTED
from tests.control.tables import crm
from tests.edge.authority import Authority, Files
from tests.waiting import until


def with_tls(site: Files, own: Files) -> Snapshot:
    """A table whose listener shows `site` and whose new upstream is shown `own`."""
    table = crm()
    files = CertificateFiles(cert=str(site.cert), key=str(site.key))
    tls = UpstreamTls(cert=str(own.cert), key=str(own.key))
    new = replace(table.upstreams["new"], tls=tls)
    return replace(table, tls=ListenerTls(certificates=(files, files)), upstreams={**table.upstreams, "new": new})


async def looking(running: Running, act: Callable[[Certificates], Awaitable[None]]) -> None:
    certificates = Certificates()
    task = asyncio.ensure_future(certificates.run(running))
    try:
        await act(certificates)
    finally:
        task.cancel()


async def test_ends_and_problems_are_known(tmp_path: Path) -> None:
    """Each block has the ends of its certificates; a file that is spoilt is a problem until it is mended."""
    authority = Authority(tmp_path)
    site, own = authority.sign("a.test"), authority.sign("me", to="own")
    running = Running(with_tls(site, own), Reload(ok=True, at=STARTED))
    ends = certificate_in(str(site.cert)).ends

    async def act(certificates: Certificates) -> None:
        await until(lambda: len(certificates.shown) == 2)
        listener, upstream = certificates.shown
        assert listener == Shown(key="tls", ends=(("tls", ends), ("tls.more[0]", ends)), problem="")
        assert (upstream.key, upstream.problem) == ("upstreams.new.tls", "")
        key = own.key.read_text()
        for file in (own.key, site.cert):
            file.write_text("spoilt")
        await until(lambda: all(each.problem for each in certificates.shown))
        assert certificates.shown[0].ends == listener.ends
        own.key.write_text(key)
        await until(lambda: not certificates.shown[1].problem)

    await looking(running, act)


async def test_a_table_without_tls_has_nothing_to_show(tmp_path: Path) -> None:
    """What was followed is forgotten with the table that named it; what could never be read is a problem."""
    authority = Authority(tmp_path)
    site = authority.sign("a.test")
    site.cert.unlink()
    running = Running(with_tls(site, site), Reload(ok=True, at=STARTED))

    async def act(certificates: Certificates) -> None:
        await until(lambda: len(certificates.shown) == 2)
        assert [(each.ends, "cannot be read" in each.problem) for each in certificates.shown] == [((), True)] * 2
        running.take(crm(), Reload(ok=True, at=STARTED))
        await until(lambda: certificates.shown == ())

    await looking(running, act)
