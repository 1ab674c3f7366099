"""What the workers of one machine share: memory that each of them inherits from the process that starts them."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.core.brownout.call_counts import CallCounts, private_counts
from proxy.edge.routing.stickiness import TieMemory


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """`ties` keep flows on their sides, `call_counts` are of brown-outs' clients; without, a worker has its own."""

    ties: TieMemory = field(default_factory=TieMemory)
    call_counts: CallCounts = field(default_factory=private_counts)
