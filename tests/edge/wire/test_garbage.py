"""What a request has made is freed with its last reference: a collector that looks for it stops the worker."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block
from tests.edge.raw_client import get, post
from tests.edge.scripted import Script, always, chunked, once, silent, sized, then_close
from tests.edge.shadow.test_leg import ONCE, shadowing


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """Objects of Banyan's own that only the collector can free, by class, once the block has ended."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(type(thing).__name__ for thing in gc.garbage if type(thing).__module__.startswith("proxy."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.collect()


GOOD = always(sized(b"new"))
TWICE: Block = {"second": "100%"}
KINDS: dict[str, tuple[bytes, Script, Block]] = {
    "not shadowed": (get(), GOOD, {"sample": "0%"}),
    "a body": (post(b"x" * 100), GOOD, ONCE),
    "shadowed": (get(), GOOD, ONCE),
    "chunked": (get(), always(chunked(b"n", b"ew")), ONCE),
    "asked twice": (get(), GOOD, TWICE),
    "conditional": (get(b"/", b'If-None-Match: "a"'), GOOD, TWICE),
    "broken": (get(), then_close(b""), ONCE),
    "garbage": (get(), once(b"\x00\xff SSH-2.0\r\n\r\n"), ONCE),
    "silent": (get(), silent, {**ONCE, "timeout": "100ms"}),
}


@pytest.mark.parametrize(("request_", "new_side", "shadow"), KINDS.values(), ids=KINDS.keys())
async def test_requests_leave_nothing_to_the_collector(
    play: Play, serve: Serve, request_: bytes, new_side: Script, shadow: Block
) -> None:
    """Shadowed or not, answered or not: whatever a request made is gone when it is over."""
    legacy, new = await play(always(sized(b"legacy"))), await play(new_side)
    proxy, pairs = await shadowing(serve, legacy, new, shadow=shadow)
    client = await proxy.client()
    await client.ask(request_)

    with uncollected() as found:
        for _ in range(12):
            assert (await client.ask(request_)).body == b"legacy"
        await proxy.until(lambda: not any(proxy.listener.shadows._flying.values()))
        proxy.listener.finished.fold()
        proxy.listener.finished.recent.take(0.0)
        proxy.listener.finished.bad.take()

    assert pairs.ready
    assert found == Counter()
