from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from proxy.comparer.pair_queue import MOST_LAG, Full, Intake, PairQueue
from proxy.core.parity.pair import Label
from proxy.link.pairs import encode
from tests.e2e.pairs import hand_over, pair

FRAME = encode(pair({"a": 1}, {"a": 1}))[4:]


def queue(told: list[Label] | None = None, **bounds: int) -> PairQueue:
    return PairQueue((told if told is not None else []).append, **bounds)


async def test_pairs_come_out_in_the_order_of_their_coming() -> None:
    """The oldest first; its age is the lag; nothing is left when all are out."""
    held = queue()
    for number in range(3):
        held.put(bytes([number]), float(number))

    assert (len(held), held.waiting_bytes, held.lag(10.0)) == (3, 3, 10.0)
    assert held.filled.is_set()
    assert [held.pop(10.0) for _ in range(4)] == [b"\0", b"\1", b"\2", None]
    assert (len(held), held.waiting_bytes, held.lag(10.0), held.filled.is_set()) == (0, 0, 0.0, False)


@pytest.mark.parametrize(("bounds", "full"), [({"pairs": 1}, Full.PAIRS), ({"size": len(FRAME)}, Full.BYTES)])
async def test_what_finds_no_place_is_told_by_route(bounds: dict[str, int], full: Full) -> None:
    """Either bound sheds what comes last, and says what it was about."""
    told: list[Label] = []
    held = queue(told, **bounds)
    for _ in range(3):
        held.put(FRAME, 0.0)

    assert (len(held), held.shed[full], sum(held.shed.values())) == (1, 2, 2)
    assert [each.route for each in told] == ["a", "a"]


async def test_what_waited_too_long_is_not_compared_but_told() -> None:
    """A comparer that was held up goes on with what is young, so that its evidence is never older than the bound."""
    told: list[Label] = []
    held = queue(told)
    for _ in range(2):
        held.put(FRAME, 0.0)
    held.put(FRAME, 1.0)

    assert held.pop(1.0 + MOST_LAG) == FRAME
    assert (len(held), held.waiting_bytes, held.shed[Full.LATE]) == (0, 0, 2)
    assert [each.route for each in told] == ["a", "a"]
    held.put(FRAME, 1.0)
    assert held.pop(1.5 + MOST_LAG) is None
    assert (held.shed[Full.LATE], held.filled.is_set()) == (3, False)


async def test_a_frame_that_is_no_pair_is_counted() -> None:
    """Also where there was no place for it; the first is named in the log."""
    held = queue(pairs=0)
    held.put(b"nonsense", 0.0)
    held.misread(msgspec.DecodeError("no pair"))

    assert held.unreadable == 2


async def test_pairs_arrive_over_the_socket_and_nonsense_ends_its_connection_only(tmp_path: Path) -> None:
    """A length that no pair has ends that connection; others go on."""
    held = queue()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Intake(held, lambda: 1.0), str(tmp_path / "pairs"))
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "pairs"))
    writer.write(b"\xff\xff\xff\xff")

    assert await reader.read() == b""
    await hand_over(str(tmp_path / "pairs"), [pair({"a": 1}, {"a": 2})])
    async with asyncio.timeout(30):
        await held.filled.wait()
    assert (len(held), held.unreadable) == (1, 1)
    writer.close()
    server.close()
