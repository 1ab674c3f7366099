"""A harmless request, as it is written."""

from __future__ import annotations

from dataclasses import dataclass

from proxy import __version__

REASON = 16 * 1024
"""Bytes of a refusal's body in which words are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`host` is what the Host field says; `most` the bytes of a body that are read, of a good answer too if `whole`.

    `form` is its own body, where it has one.
    """

    method: str
    path: str
    host: str
    most: int = REASON
    whole: bool = False
    form: bytes = b""

    @property
    def asked(self) -> str:
        """For people: without a query, which may hold a key."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def written(self) -> bytes:
        """As it goes out."""
        fields = f"Host: {self.host}\r\nUser-Agent: banyan-probe/{__version__}\r\nAccept: */*\r\nConnection: close"
        if self.form:
            fields += f"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(self.form)}"
        return f"{self.method} {self.path} HTTP/1.1\r\n{fields}\r\n\r\n".encode("latin-1", "replace") + self.form
