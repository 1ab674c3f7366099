"""Which requests are sent to the other side as well: the shadow's rules, without its limits.

Which header fields go along is said in shadow_headers.py.

Rule 1: what is not safe is never shadowed, unless the route says `writes: dry_run`, and then on the new side alone:
        legacy cannot be asked to do nothing.
Rule 2: a declared `effects` outranks the method, as it does for repeats (`proxy.core.routing.effects`).
Rule 3: by its method alone a request is put to each side once at most; a second time to the side that answered first
        by `proxy.core.routing.second` only, and then it carries what the first question did.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.outcome import Side
from proxy.core.routing.effects import Effects, effects_of
from proxy.core.secret import NO_LINES, Secret
from proxy.core.stage import Stage

MARKER = b"X-Banyan-Shadow: 1"
DRY_RUN = b"X-Banyan-Dry-Run: 1"
DRY_RUN_NAME = b"x-banyan-dry-run"
ACCEPTED = b"accepted"
"""What the new side answers in `X-Banyan-Dry-Run`, to the probe and to every write that it did not do."""
HANDSHAKE_LASTS = 60.0
"""Seconds for which a handshake holds."""
LATER = 0.1
"""The share of requests that is shadowed where new serves already."""
ANSWERED = 0.01
"""The share of a route's requests of which legacy is asked as well because new has answered them, at a small split."""
SECONDS_FIRST = 500
"""So many requests of a route that may ask legacy twice do so before the share counts."""


class Shadowed(StrEnum):
    """What became of a request's shadow: counted once per request. `closed`: a side has closed hours."""

    SENT = "sent"
    SHED = "shed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CLOSED = "closed"


class Carry(StrEnum):
    """What becomes of a client's credentials on the shadow's copy."""

    FORWARD = "forward"
    DROP = "drop"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPolicy:
    """How a route is shadowed. `sample` and `second` in [0, 1]; `sample` None goes by the stage.

    `concurrency` is one worker's towards one upstream; `timeout` in seconds, `max_body` in bytes of a request and of
    each answer; `replacements` are lines that stand in for credentials; `version_header` in lower case, or empty.
    """

    sample: float | None = None
    concurrency: int = 64
    timeout: float = 5.0
    max_body: int = 1024 * 1024
    carry: Carry = Carry.DROP
    replacements: Secret[tuple[bytes, ...]] = NO_LINES
    second: float = 0.02
    dry_run: bool = False
    version_header: bytes = b""


MEMORY = 64 * 1024 * 1024
"""Bytes that all captures of a worker may hold, unless routes.yaml says otherwise."""


def is_shadowed(policy: ShadowPolicy | None, stage: Stage) -> bool:
    """Whether any request of a route at this stage may be."""
    return policy is not None and stage.facts.has_both and sample_at(policy, stage) > 0.0


def sample_at(policy: ShadowPolicy, stage: Stage, raised: float = 0.0) -> float:
    """The share of requests: all at `shadow`, which is the stage's whole purpose; a tenth where new serves already.

    At canary the judge may have `raised` it; what routes.yaml says outranks that.
    """
    if policy.sample is not None:
        return policy.sample
    facts = stage.facts
    if facts.shadows_all:
        return 1.0
    return max(raised, LATER) if facts.draws else LATER


def sample_of(policy: ShadowPolicy, stage: Stage, split: float, serve: Side, raised: float = 0.0) -> float:
    """The share of those that `serve` answers. At a small split the judge waits longest for what new answers itself.

    So more of these are compared, as long as they are no more than a hundredth of the route's requests.
    """
    share = sample_at(policy, stage, raised)
    if policy.sample is not None or not stage.facts.draws or serve is Side.LEGACY or not split:
        return share
    return max(share, min(ANSWERED / split, 1.0))


def shadow_side(
    policy: ShadowPolicy | None,
    stage: Stage,
    declared: Effects | None,
    serve: Side | None,
    method: bytes,
    *,
    has_key: bool,
) -> Side | None:
    """Rules 1 and 2: the side to ask as well; `declared` is the route's `effects`, `has_key` as for `effects_of`."""
    if policy is None or serve is None or not is_shadowed(policy, stage):
        return None
    other = Side.NEW if serve is Side.LEGACY else Side.LEGACY
    if is_safe(declared, method, has_key=has_key):
        return other
    return other if policy.dry_run and other is Side.NEW else None


def is_safe(declared: Effects | None, method: bytes, *, has_key: bool) -> bool:
    """Whether doing it once more changes nothing."""
    return (declared or effects_of(method, has_key=has_key)) is Effects.SAFE
