"""What every suite builds: a folder that goes away, the upstream on the load's core, proxies on theirs."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.load.awake import launch_awake
from bench.load.upstream import launch_upstream
from bench.load.workload import ROUTES, Site
from bench.machine import Cores, free_ports
from bench.peers.peer import Peer
from bench.processes import Running, running


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A running upstream, and where proxies can be put up before it."""

    folder: Path
    cores: Cores
    legacy: int
    new: int
    upstream: Running
    stack: contextlib.ExitStack = field(repr=False)

    def put_up(self, peer: Peer, *, routes: int = ROUTES, legacy: int = 0) -> tuple[Running, Site]:
        """Starts a proxy on its core; it ends with the stand. `legacy` puts another upstream behind it."""
        folder = Path(tempfile.mkdtemp(prefix=f"{peer.name}-", dir=self.folder))
        listen, admin = free_ports(2)
        behind = legacy or self.legacy
        site = Site(folder=folder, listen=listen, admin=admin, legacy=behind, new=self.new, routes=routes)
        return self.stack.enter_context(running(peer.launch(site), self.cores.proxy)), site


@contextlib.contextmanager
def stand(cores: Cores, *, awake: bool = False) -> Iterator[Stand]:
    """The upstream runs, and everything ends and is removed when the block is left; `awake`: see `load/awake.py`."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-bench-")))
        legacy, new = free_ports(2)
        launch = launch_upstream(folder / "upstream", legacy, new)
        upstream = stack.enter_context(running(launch, cores.load))
        if awake:
            stack.enter_context(running(launch_awake(folder / "awake"), cores.load))
        yield Stand(folder=folder, cores=cores, legacy=legacy, new=new, upstream=upstream, stack=stack)
