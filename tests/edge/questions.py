"""Requests to an upstream, as its breakers see them."""

from __future__ import annotations


class Question:
    """A request to an upstream."""

    def __init__(self, operation: bytes = b"read", client: bytes = b"10.0.0.1") -> None:
        """For this operation, of this client."""
        self._operation, self._client = operation, client

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for."""
        del failed
        return self._operation

    def who(self) -> bytes:
        """By whom."""
        return self._client


def everybody(operations: int = 4, clients: int = 4) -> list[Question]:
    """Each of these clients asks for each of these operations."""
    return [Question(b"o%d" % each, b"c%d" % one) for each in range(operations) for one in range(clients)]
