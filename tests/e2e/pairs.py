"""Pairs for tests of the comparer, and a client that hands them over as a worker does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from proxy.core.outcome import Side
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.link.pairs import encode

_numbers = count(1)


def answer(body: object, status: int = 200) -> CapturedAnswer:
    """A JSON answer."""
    data = json.dumps(body).encode()
    fields = (
        (b"Content-Type", b"application/json; charset=utf-8"),
        (b"Content-Length", str(len(data)).encode()),
        (b"Date", b"Mon, 05 Jan 2026 10:00:00 GMT"),
        (b"Server", b"shop"),
    )
    return CapturedAnswer(status=status, fields=fields, body=data, size=len(data), seconds=0.01)


def pair(legacy: object, new: object, target: str = "/orders/7", **more: object) -> Pair:
    """A pair of route `a`, each with a cohort and an id of its own."""
    number = next(_numbers)
    made = Pair(
        route="a",
        request=CapturedRequest(method=b"GET", target=target.encode(), fields=((b"Host", b"shop"),), body=b""),
        legacy=answer(legacy),
        new=answer(new),
        second=None,
        cohort=number << 32,
        at=time.time(),
        request_id=f"r-{number}",
        authoritative=Side.LEGACY,
        legacy_version="1",
        new_version="1",
    )
    return replace(made, **more)  # type: ignore[arg-type]


async def hand_over(path: str, pairs: Iterable[Pair]) -> None:
    """To the comparer that listens there."""
    _, writer = await asyncio.open_unix_connection(path)
    for each in pairs:
        writer.write(encode(each))
        await writer.drain()
    writer.close()
    await writer.wait_closed()
