"""What a proxy does with requests of nobody, a stranger and a friend, and what its watch does when the keys change."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from proxy.config.files.watch import FileWatch
from proxy.config.load import Loaded, load_file
from proxy.control.metrics.exposition import write_series
from proxy.control.traffic.ledger import Ledger
from proxy.control.traffic.possible_series import Possible
from proxy.link.table_bytes import dump, load
from tests.edge.proxy import Proxy
from tests.edge.raw_client import request
from tests.edge.scripted import Scripted, echo

_KEYS = ((), (b"X-Api-Key: guess",), (b"X-Api-Key: friend",))


def _written(routes: Path, port: int) -> Loaded:
    """The table, with this upstream and the friend's key."""
    routes.write_text(routes.read_text().replace(":3000", f":{port}"))
    routes.with_name("keys").write_text(f"{sha256(b'friend').hexdigest()} team-orders\n")
    loaded = load_file(routes, {})
    assert isinstance(loaded, Loaded), loaded
    return loaded


async def _main(routes: Path) -> None:
    legacy = await Scripted(echo).start()
    loaded = _written(routes, legacy.port)
    proxy = await Proxy(routes.with_name("log")).start(load(dump(loaded.snapshot)))
    for fields in _KEYS:
        answer = await proxy.ask(request(b"GET", b"/", *fields))
        print(answer.status, (answer.value(b"WWW-Authenticate") or b"").decode())
    for line in await proxy.lines(len(_KEYS)):
        print(line["reason"], line.get("steps"))
    print(*(line.decode() for line in legacy.requests[0].lines if line.startswith((b"X-Api", b"X-Auth"))))
    for answered in proxy.listener.counters.take_step_answers():
        print(answered.route, answered.reason, answered.count)
    _print_zeros(loaded)
    _watch(loaded, routes)
    await proxy.stop()
    await legacy.stop()


def _print_zeros(loaded: Loaded) -> None:
    snapshot = loaded.snapshot
    possible = Possible(snapshot.routes, snapshot.upstreams)
    page = write_series(snapshot.routes, Ledger(lambda: 0.0).counts(), possible)
    print("".join(line for line in page if line.startswith("banyan_step")), end="")


def _watch(loaded: Loaded, routes: Path) -> None:
    seconds = iter(range(100))
    watch = FileWatch(routes, {}, running=loaded.texts, named=loaded.named, now=lambda: float(next(seconds)))
    before = watch.poll()
    keys = routes.with_name("keys")
    keys.write_text("")
    print(before, *_told(watch))
    keys.unlink()
    print(*_told(watch))
    keys.write_text("")
    print(*_told(watch))


def _told(watch: FileWatch) -> Iterator[str]:
    """What came of looking for a while: a table that is taken, or the first problem."""
    for _ in range(9):
        match watch.poll():
            case None:
                pass
            case Loaded():
                yield "taken"
            case problems:
                yield problems[0].message


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
