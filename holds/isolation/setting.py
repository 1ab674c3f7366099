"""One Banyan with the defaults before one upstream of one or two addresses, and how an address dies."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from holds.family import Log
from holds.fixtures import Site, launch_banyan
from holds.isolation.harm import Death, Scenario, routes
from holds.launching import Launch, end, start, until_listening
from tests.e2e.program import free_port
from tests.edge.blackhole import blackhole

_TABLE = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
upstreams:
  legacy: {{ endpoints: [{endpoints}] }}
routes:
{routes}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address of the upstream, and the process that listens there."""

    host: str
    port: int
    process: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What runs: `port` is Banyan's."""

    port: int
    log: Log
    addresses: Sequence[Address]

    def told(self) -> Counter[str]:
        """What the log said so far: breakers that opened, of the `upstream` or a `part`, each `address` left out."""
        opened = ("part" if "operation" in each else "upstream" for each in self.log.named("breaker_opened"))
        return Counter(opened) + Counter(address=len(self.log.named("address_ejected")))


@asynccontextmanager
async def setting(scenario: Scenario) -> AsyncIterator[Setting]:
    """All of it, ready, until the block is left."""
    listen, admin, port = free_port(), free_port(), free_port()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        site = Site(folder=folder, listen=listen, admin=admin, legacy=port, new=port)
        hosts = ("127.0.0.2", "127.0.0.3")[: scenario.addresses]
        addresses = [await stack.enter_async_context(upstream_at(host, port, folder)) for host in hosts]
        log = Log()
        launch = launch_banyan(site, table(scenario, hosts, port), output=log.writing)
        process = start(launch)
        log.begin()
        stack.push_async_callback(end, process)
        await until_listening(launch, process)
        yield Setting(port=listen, log=log, addresses=addresses)


def table(scenario: Scenario, hosts: Sequence[str], port: int) -> str:
    """The whole routes.yaml, its two own ports left to `Site`."""
    endpoints = ", ".join(f'"http://{host}:{port}"' for host in hosts)
    return _TABLE.format(endpoints=endpoints, routes=routes(scenario))


@asynccontextmanager
async def upstream_at(host: str, port: int, folder: Path) -> AsyncIterator[Address]:
    """A process of `faulty`, ready, until the block is left."""
    argv = (sys.executable, "-m", "holds.isolation.faulty", host, str(port))
    launch = Launch(label=f"upstream-{host}", argv=argv, folder=folder, ports=(port,), host=host)
    process = start(launch)
    try:
        await until_listening(launch, process)
        yield Address(host=host, port=port, process=process)
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def dead(address: Address, death: Death) -> AsyncIterator[None]:
    """From now on; what was dropped or stopped is released in the end, and nothing comes back."""
    match death:
        case Death.REFUSES:
            address.process.kill()
            yield
        case Death.SWALLOWS:
            address.process.kill()
            address.process.wait()
            with blackhole(address.host, address.port):
                yield
        case Death.HANGS:
            async with stopped(address):
                yield
        case _:
            assert_never(death)


@asynccontextmanager
async def stopped(address: Address) -> AsyncIterator[None]:
    """It takes connections and says nothing, until the block is left."""
    address.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            address.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0)
