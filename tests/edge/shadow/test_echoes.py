"""Whom each side saw: said to Banyan alone, and compared."""

from __future__ import annotations

import pytest

from proxy.core.auth.principal import Principal
from proxy.core.parity.compare import compare
from proxy.core.parity.rules.rules import Rules
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.link.messages import EchoDelta
from tests.core.parity.pairs import NOISELESS, NOW
from tests.edge.conftest import Play, Serve
from tests.edge.raw_client import get
from tests.edge.scripted import always, chunked, sized
from tests.edge.shadow.test_leg import shadowing

PLACE = ("header:X-Banyan-Saw", "caller", "high")
ADA = Principal("members", "ada", "https://id", {}, 2e9)


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ((b"X-Banyan-Saw: 5f1b",), (b"x-banyan-saw: 5f1b",), []),
        (
            (b"X-Banyan-Saw: 5f1b",),
            (b"X-BANYAN-SAW: 77aa",),
            [("5f1b", "77aa")],
        ),
        (
            (b"X-Banyan-Saw: 5f1b",),
            (b"X-Banyan-Saw: 5f1b", b"X-Banyan-Saw: 77aa"),
            [("5f1b", "5f1b, 77aa")],
        ),
        ((b"X-Banyan-Saw: 5f1b",), (), []),
        ((), (), []),
    ],
    ids=["the same", "somebody else", "two", "one is silent", "both are"],
)
async def test_what_each_side_saw_is_compared(
    play: Play, serve: Serve, legacy: tuple[bytes, ...], new: tuple[bytes, ...], found: list[tuple[str, ...]]
) -> None:
    """The client has none of it, from either kind of answer; of a known caller it is counted who has said it."""
    sides = await play(always(sized(b"a", *legacy))), await play(always(chunked(b"a", lines=new)))
    proxy, pairs = await shadowing(serve, *sides)

    def finds(request: Request) -> None:
        request.principal = ADA

    (bound,) = proxy.listener.live.bound
    bound.admission = (finds, decide)
    answer = await proxy.ask(get())
    differences = compare(await pairs.next(), Rules(), NOISELESS, NOW).differences

    assert b"x-banyan-saw" not in answer.names
    assert [(each.legacy, each.new) for each in differences] == found
    assert {(each.path, each.kind, each.severity) for each in differences} <= {
        ("header:X-Banyan-Saw", "caller", "high")
    }
    assert proxy.listener.counters.take_echoes() == [
        EchoDelta("orders", side, int(bool(said)), int(not said)) for side, said in (("legacy", legacy), ("new", new))
    ]
    assert proxy.listener.counters.take_echoes() == []


async def test_of_nobody_nothing_is_counted(play: Play, serve: Serve) -> None:
    """A side cannot say whom it saw where nobody is known; what it says all the same goes no further."""
    sides = await play(always(chunked(b"a", lines=(b"X-Banyan-Saw: 5f1b",)))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, *sides)
    answer = await proxy.ask(get())
    await pairs.next()

    assert b"x-banyan-saw" not in answer.names
    assert proxy.listener.counters.take_echoes() == []
