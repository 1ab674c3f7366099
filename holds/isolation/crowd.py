"""Good clients: many addresses, each at a steady rate on connections of its own."""

from __future__ import annotations

import asyncio

from holds.asking import Answer, Ask, Asker
from holds.isolation.faulty import belongs

CLIENTS = 40
PATIENCE = 40.0
"""Seconds that a good client waits: longer than the default timeouts."""


class Crowd:
    """Together they ask `rate` times a second."""

    def __init__(self, port: int, asks: tuple[Ask, ...], rate: float, fields: bytes = b"") -> None:
        """Each begins somewhere else among `asks`, so that all of them are asked all the time; `fields` of each."""
        self._rate = rate
        self._askers = [
            Asker(
                port,
                turned(asks, number * 7),
                rate / CLIENTS,
                source=source,
                belongs=belongs,
                patience=PATIENCE,
                fields=fields,
            )
            for number, source in enumerate(f"127.1.{n // 8}.{n % 8 + 1}" for n in range(CLIENTS))
        ]

    @property
    def answers(self) -> list[Answer]:
        """All so far, in the order in which they were asked for."""
        return sorted((each for asker in self._askers for each in asker.answers), key=lambda each: each.began)

    async def ask_for(self, seconds: float) -> None:
        """For so long, evenly; then wait for what is still asked."""
        await asyncio.gather(*[self._ask(number, seconds) for number in range(CLIENTS)])

    async def _ask(self, number: int, seconds: float) -> None:
        late = number / self._rate
        if late < seconds:
            await asyncio.sleep(late)
            await self._askers[number].ask_for(seconds - late)


def turned(asks: tuple[Ask, ...], places: int) -> tuple[Ask, ...]:
    """The same, beginning so many places later."""
    at = places % len(asks)
    return asks[at:] + asks[:at]
