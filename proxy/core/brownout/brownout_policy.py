"""`brownout:` of a route: a share of its calls goes without a field, or without an answer, until a time.

Rule 1: what it was called when it began is made of all that it says (`id`): another share or end is another brown-out,
        which begins anew where the one before was ended.
Rule 2: without `clients` it is everybody's; with them it is those that a policy of `auth` has verified, and nobody
        else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2s
from typing import ClassVar, Final

from proxy.core.translation.body_path import BodyPath

UNAVAILABLE: Final = 503
GONE: Final = 410


class BrownoutAnswer(StrEnum):
    """Why Banyan answers a request of a route with a brown-out itself: for now (503), or as if for good (410)."""

    BROWNED_OUT = "browned_out"
    BROWNED_GONE = "browned_gone"


class Browned(StrEnum):
    """What became of a call that was drawn: a closed list.

    `absent`: the field was not there anyway; `unfit`: the answer could not be taken apart, and went on as it was.
    """

    BROWNED = "browned"
    ABSENT = "absent"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrownoutPolicy:
    """The policy of a step. `field` None: the endpoint itself, answered with `status`; `until` in unix seconds.

    `retry_after` in seconds, of a 503.
    """

    share: float
    until: float
    field: BodyPath | None = None
    clients: frozenset[str] = frozenset()
    status: int = UNAVAILABLE
    retry_after: int = 60
    key: ClassVar[str] = "brownout"
    fields: ClassVar[frozenset[bytes]] = frozenset()
    is_remembered: ClassVar[bool] = True

    @property
    def answers(self) -> tuple[str, ...]:
        """Its one answer, where it gives any."""
        return () if self.field is not None else (self.answer.value,)

    @property
    def answer(self) -> BrownoutAnswer:
        """That of the endpoint's own brown-out."""
        return BrownoutAnswer.BROWNED_GONE if self.status == GONE else BrownoutAnswer.BROWNED_OUT

    @property
    def id(self) -> str:
        """Rule 1."""
        field = "" if self.field is None else self.field.text
        said = (self.share, self.until, field, sorted(self.clients), self.status, self.retry_after)
        return blake2s(repr(said).encode(), digest_size=4).hexdigest()

    @property
    def what(self) -> str:
        """`$.x is absent`."""
        return f"{self.status} is the answer" if self.field is None else f"{self.field.text} is absent"

    @property
    def sentence(self) -> str:
        """`$.x is absent from 1% of the calls of app, shop`."""
        word = "to" if self.field is None else "from"
        whose = f"of {', '.join(sorted(self.clients))}" if self.clients else "of each client"
        return f"{self.what} {word} {self.share * 100:g}% of the calls {whose}"


def brownout_of(policies: tuple[object, ...]) -> BrownoutPolicy | None:
    """The one among a route's policies."""
    return next((each for each in policies if isinstance(each, BrownoutPolicy)), None)
