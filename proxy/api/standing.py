"""What stands: where routes run by order, who obeys, what the judge says, and what listeners are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from proxy.api.grants import ConsentView
from proxy.api.view import SideWord, StageWord, View
from proxy.core.judge.need import CheckState
from proxy.core.judge.policy import NeedName


class PlaceView(View, frozen=True, kw_only=True):
    """Where a route runs."""

    stage: StageWord
    """How far its migration has come."""
    split: float = 0.0
    """The share of its cohorts that new serves at canary, in [0, 1]."""


class PinView(View, frozen=True, kw_only=True):
    """A cohort that one side answers."""

    cohort: str
    """Its key as clients send it."""
    side: SideWord
    """Who answers it."""
    until: str | None = None
    """When it ends (RFC 3339); null: never."""
    by: str = ""
    """Who ordered it."""
    reason: str = ""
    """Why."""
    since: str = ""
    """When it was ordered (RFC 3339)."""


class TransitionView(View, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """One recorded move."""

    route: str
    """The route's name when it moved."""
    start: PlaceView
    """Where it ran."""
    end: PlaceView
    """Where it runs then."""
    cause: str
    """`file`, `operator`, `evidence`, `guard`, `breaker`, `legacy` or `resume`."""
    actor: str
    """Who moved it: an operator, or the replica whose judge did."""
    at: str
    """When (RFC 3339)."""
    reason: str
    """Why, in a sentence."""
    numbers: Mapping[str, float]
    """What the judge rested on, by name."""
    version: int
    """The position's version then."""


class TransitionsView(View, frozen=True, kw_only=True):
    """Recorded moves."""

    transitions: Sequence[TransitionView] = ()
    """Newest first."""


class AlarmView(View, frozen=True, kw_only=True):
    """An alarm that moved nothing, since somebody has to decide."""

    route: str
    """Whose; empty: it is about no one route."""
    cause: str
    """As of a transition, or `journal`, `reconcile`, `clerk`, `key_set`."""
    reasons: Sequence[str]
    """In sentences."""


class ToldView(View, frozen=True, kw_only=True):
    """What is posted to the addresses under `hooks:`."""

    type: str
    """`transition`, `alarm` or `consent`."""
    instance: str
    """The replica that tells it."""
    transition: TransitionView | None = None
    """Null where it is no move."""
    alarm: AlarmView | None = None
    """Null where it is no alarm."""
    consent: ConsentView | None = None
    """Null where no grant needs one."""


class InstanceView(View, frozen=True, kw_only=True):
    """One live replica."""

    instance: str
    """Its machine, and its port for clients."""
    revision: str = ""
    """Of the routes.yaml that it reads."""
    version: int = 0
    """The standing that it obeys."""
    obeys: bool = False
    """Whether that is what stands."""
    same_revision: bool = True
    """Whether it reads the same routes.yaml as the one that answers."""
    this: bool = False
    """Whether it is the one that answers."""


class StandingView(View, frozen=True, kw_only=True):
    """What all replicas obey, as the one that answers sees it."""

    version: int = 0
    """Counts every change of what stands."""
    leads: bool = False
    """Whether this replica judges."""
    away: str = ""
    """Why the state store does not answer; empty: it does."""
    here: Sequence[str] = ()
    """Routes that were moved at this replica alone meanwhile."""
    instances: Sequence[InstanceView] = ()
    """Live replicas, this one first."""
    known: bool = True
    """False: it has not been read where routes stand since this replica lost its copy; legacy answers what it can."""
    evidence_since: str = ""
    """Since when there is evidence (RFC 3339), where what was found before was in memory, and gone with its process;
    empty: nothing was lost so."""


class RampState(StrEnum):
    """What becomes of a route by itself. `complete`: no step is left that the judge may take.

    `waiting`: the verdict's reasons say for what; `ready`: the next step is proven.
    """

    NO_RAMP = "no_ramp"
    WAITING = "waiting"
    READY = "ready"
    HELD = "held"
    LATCHED = "latched"
    COMPLETE = "complete"


RampWord = Annotated[str, msgspec.Meta(examples=[each.value for each in RampState])]
NeedWord = Annotated[str, msgspec.Meta(examples=[each.value for each in NeedName])]
CheckWord = Annotated[str, msgspec.Meta(examples=[each.value for each in CheckState])]


class NeedView(View, frozen=True, kw_only=True):
    """One need of the next step."""

    need: NeedWord
    """Of what."""
    state: CheckWord
    """How it stands: only `met` lets the route take the step."""
    value: str
    """What was found, with its unit."""
    limit: str
    """What is needed, with its unit."""
    sentence: str
    """The same in words, with the hint."""
    hint: str = ""
    """Why it is not met, or what helps to meet it; empty: nothing is to be said."""


class VerdictView(View, frozen=True, kw_only=True):
    """What the judge says of a route."""

    verdict: str = "hold"
    """`promote`, `hold` or `rollback`."""
    state: RampWord = RampState.NO_RAMP
    """What becomes of the route by itself."""
    reasons: Sequence[str] = ()
    """Why, in sentences."""
    numbers: Mapping[str, float] = {}
    """What it rests on, by name."""
    obstacle: str = ""
    """What keeps the route where it is, in a clause."""
    needs: Sequence[NeedView] = ()
    """Those of the next step."""
