"""What control knows of the clerk: how it last said it is; while another is born, that there is none."""

from __future__ import annotations

from proxy.link.messages import ClerkState


class ClerkSeen:
    """`state` is what the clerk last said of itself, None while there is none."""

    def __init__(self) -> None:
        """None has spoken."""
        self.state: ClerkState | None = None
        self._link: object = None

    def hear(self, link: object, state: ClerkState) -> None:
        """It speaks on this link."""
        self._link, self.state = link, state

    def left(self, link: object) -> None:
        """A link has ended; whose does not matter here unless it is the clerk's."""
        if link is self._link:
            self._link = self.state = None
