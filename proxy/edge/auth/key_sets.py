"""The key sets by which this worker checks tokens: those in files come with the table, the others from control.

Rule 1: a set whose document did not change keeps its keys as they are.
Rule 2: a source that never had a set has none: requests that need it are answered with 503, never with 401.
Rule 3: a set that comes from control may not have come yet, or not anew: a key that it lacks is worth a wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from proxy.edge.auth.verifying_keys import VerifyingKeys

if TYPE_CHECKING:
    from proxy.link.messages import KeySets


class WorkerKeySets:
    """By source."""

    __slots__ = ("_of_table", "_sent")

    def __init__(self) -> None:
        """None is known."""
        self._of_table: dict[str, VerifyingKeys] = {}
        self._sent: dict[str, VerifyingKeys] = {}

    def follow(self, documents: Mapping[str, bytes]) -> None:
        """The sets that the table holds, by source."""
        self._of_table = _kept(self._of_table, documents)

    def adopt(self, message: KeySets) -> list[str]:
        """All sets that control has; the sources of those that are others now."""
        before, self._sent = self._sent, _kept(self._sent, {each.source: each.jwks for each in message.sets})
        return [source for source, keys in self._sent.items() if keys is not before.get(source)]

    def of(self, source: str) -> VerifyingKeys | None:
        """The set; None: there is none now."""
        return self._of_table.get(source) or self._sent.get(source)

    def is_fetched(self, source: str) -> bool:
        """Whether the set comes from control (rule 3)."""
        return source not in self._of_table


def _kept(before: Mapping[str, VerifyingKeys], documents: Mapping[str, bytes]) -> dict[str, VerifyingKeys]:
    """Rule 1."""
    found: dict[str, VerifyingKeys] = {}
    for source, jwks in documents.items():
        known = before.get(source)
        if jwks:
            found[source] = known if known is not None and known.jwks == jwks else VerifyingKeys(jwks)
    return found
