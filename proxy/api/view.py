"""What every shape of the API has in common.

Rule 1: fields are added, never renamed or removed; scripts and dashboards read them.
Rule 2: whoever decodes passes over fields that it does not know; a field that was added later has a default, which
        stands for a server that does not have it yet.
Rule 3: no clock and no age stands in an answer, so that an ETag holds while no traffic flows.
Rule 4: a word that may get more values (a stage) is a text here: an older client shows what it does not know.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from proxy.core.outcome import Side
from proxy.core.stage import Stage


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered as JSON, or sent as it."""


StageWord = Annotated[str, msgspec.Meta(examples=[each.value for each in Stage])]
SideWord = Annotated[str, msgspec.Meta(examples=[each.value for each in Side])]
LONGEST_REASON = 4_000
"""Characters of a reason that is taken with an order: it is kept, and shown by every replica."""
ReasonText = Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)]
LONGEST_ACTOR = 400
"""Characters of who orders."""
ActorText = Annotated[str, msgspec.Meta(max_length=LONGEST_ACTOR)]


def null() -> None:
    """The default of a field that is written even where defaults are left out."""


def empty() -> str:
    """As `null`, of a text."""
    return ""
