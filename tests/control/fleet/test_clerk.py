"""What control knows of the clerk."""

from __future__ import annotations

from pathlib import Path

from proxy.control.fleet.links import Links
from proxy.link.messages import ClerkState
from proxy.link.reconnecting import ControlLink
from tests.clerk.clerk_at import linked
from tests.waiting import until


async def test_the_clerk_is_there_while_it_is_linked(links: Links, link_path: Path) -> None:
    """It says so itself, gets the table as workers do, and is polled for nothing; another's leaving does not matter."""
    state = ClerkState(pid=7, revision="r", running=1, away=False)
    heard: list[bytes] = []
    link = ControlLink(link_path, 1 << 20, lambda: link.send(state), heard.append)
    other = ControlLink(link_path, 1 << 20, lambda: None, lambda _: None)
    async with linked(link):
        async with linked(other):
            await until(lambda: links.clerk.state == state and heard)
        await links.refresh()
        assert links.clerk.state == state
    await until(lambda: links.clerk.state is None)
