"""A family: a token and all that came from it. What becomes of one that a system shows, and what a call moves it to.

Rule 1: a system that has a name, the right client and a living stored answer gets that, whichever ancestor it shows.
Rule 2: Banyan says `invalid_grant` of itself to nobody who has a name, but where the grant has ended, consent is needed
        again, or another system is the heir: clients throw tokens away on it.
Rule 3: an unknown outcome is tried again as often as it takes, until the provider itself says that the token is dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, Regress
from proxy.core.grants.token_answer import CallOutcome
from proxy.core.grants.token_request import Credentials, Proof

FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.2, 30.0
_LEAST_SHARE = 0.1
LIMITED = "limited"
"""Why a family pauses whose provider has answered 429."""


class FamilyState(StrEnum):
    """Where a family stands."""

    ACTIVE = "active"
    INFLIGHT = "inflight"
    UNKNOWN = "unknown"
    NEEDS_CONSENT = "needs_consent"
    ENDED = "ended"


class GrantRuling(StrEnum):
    """What becomes of a token that somebody shows."""

    STORED = "stored"
    REFRESH = "refresh"
    WAIT = "wait"
    STRANGER = "stranger"
    OTHER_CLIENT = "other_client"
    ENDED = "ended"
    NEEDS_CONSENT = "needs_consent"
    HEIR = "heir"
    PAST_UNTIL = "past_until"
    PUBLIC = "public"
    REGRESSED = "regressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownToken:
    """A known token as the database has it, by its clock (unix seconds; 0 where there is none).

    `generation` is the shown token's, `current` the family's; `marked`: the highest that this system has shown, -1:
    none. `begun`, `ends`: of the stored answer in the slot that is asked for.
    """

    state: FamilyState
    client_id: str
    generation: int
    current: int
    marked: int
    now: float
    lease: float
    next_at: float
    begun: float
    ends: float

    @property
    def is_ancestor(self) -> bool:
        """Whether a newer token is there."""
        return self.generation < self.current

    @property
    def is_regressed(self) -> bool:
        """Whether this system has shown a newer one."""
        return self.generation < self.marked


def rule(shown: ShownToken, policy: GrantPolicy, system: GrantSystem | None, credentials: Credentials) -> GrantRuling:
    """Who may have what; whether the credentials are right is still to be found out."""
    refusal = _refusal(shown, policy, system, credentials)
    if refusal is not None:
        return refusal
    is_heir = system is not None and system.name == policy.heir
    if (shown.is_ancestor or is_heir) and is_fresh(shown, policy.min_left) and credentials.proof is not Proof.NONE:
        return GrantRuling.STORED
    if shown.state is FamilyState.INFLIGHT and shown.lease > shown.now:
        return GrantRuling.WAIT
    return GrantRuling.WAIT if shown.next_at > shown.now else GrantRuling.REFRESH


def _refusal(
    shown: ShownToken, policy: GrantPolicy, system: GrantSystem | None, credentials: Credentials
) -> GrantRuling | None:
    if system is None:
        return GrantRuling.STRANGER
    if shown.client_id != credentials.client_id:
        return GrantRuling.OTHER_CLIENT
    if shown.state is FamilyState.ENDED:
        return GrantRuling.ENDED
    if shown.state is FamilyState.NEEDS_CONSENT:
        return GrantRuling.NEEDS_CONSENT
    if policy.heir and system.name != policy.heir:
        return GrantRuling.HEIR
    return _refusal_of_ancestor(shown, policy, system, credentials) if shown.is_ancestor else None


def _refusal_of_ancestor(
    shown: ShownToken, policy: GrantPolicy, system: GrantSystem, credentials: Credentials
) -> GrantRuling | None:
    if credentials.proof is Proof.NONE:
        return GrantRuling.PUBLIC
    if system.until and shown.now >= system.until:
        return GrantRuling.PAST_UNTIL
    return GrantRuling.REGRESSED if shown.is_regressed and policy.regress is Regress.REFUSE else None


def is_fresh(shown: ShownToken, min_left: float) -> bool:
    """Whether the stored access token is good for long enough: `min_left`, or a tenth of a shorter life."""
    least = min(min_left, _LEAST_SHARE * (shown.ends - shown.begun))
    return shown.ends > shown.now and shown.ends - shown.now >= least


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call: where its family came from, whether it is the first of an adopted token, tries so far, in its grace."""

    came_from: FamilyState
    is_first: bool
    attempts: int
    in_grace: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMove:
    """`state` None: the family is forgotten. `pause` in seconds until the next call."""

    state: FamilyState | None
    attempts: int = 0
    pause: float = 0.0
    why: str = ""


def move_after(outcome: CallOutcome, attempt: Attempt, *, unauthorised: bool = False) -> FamilyMove:
    """The table of docs/grants.md; `unauthorised`: the provider did not take the client's credentials."""
    match outcome:
        case CallOutcome.TAKEN:
            return FamilyMove(state=FamilyState.ACTIVE)
        case CallOutcome.LOST:
            tries = attempt.attempts + 1
            pause = 0.0 if attempt.in_grace and tries == 1 else back_off(tries)
            return FamilyMove(state=FamilyState.UNKNOWN, attempts=tries, pause=pause)
        case CallOutcome.INVALID_GRANT:
            if attempt.is_first and attempt.came_from is FamilyState.ACTIVE:
                return FamilyMove(state=None)
            why = "refused" if attempt.came_from is FamilyState.ACTIVE else "lost"
            return FamilyMove(state=FamilyState.NEEDS_CONSENT, why=why)
        case CallOutcome.RELAYED if unauthorised and attempt.is_first and attempt.came_from is FamilyState.ACTIVE:
            return FamilyMove(state=None)
        case CallOutcome.NOT_SENT | CallOutcome.RELAYED | CallOutcome.LIMITED:
            why = LIMITED if outcome is CallOutcome.LIMITED else ""
            return FamilyMove(state=attempt.came_from, attempts=attempt.attempts, pause=attempt.retry_after, why=why)
        case _:
            assert_never(outcome)


def back_off(tries: int) -> float:
    """Seconds before try number `tries` + 1."""
    return float(min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2.0 ** (min(tries, 20) - 1)))
