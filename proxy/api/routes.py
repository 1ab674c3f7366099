"""Routes: what the file says, what runs, and what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from proxy.api.ending.brownout import BrownoutView, DeprecationView
from proxy.api.evidence import CoverageView, EvidenceView, ParityView
from proxy.api.journal import JournalView
from proxy.api.kill import KillOrderView
from proxy.api.standing import NeedView, PinView, RampWord, StandingView
from proxy.api.upstreams import ClosedView, DownView, FailingView
from proxy.api.view import StageWord, View, empty, null

NO_SAMPLE = 0.0
UNTOUCHED = "v0"
"""Of a route on which nobody has changed anything yet. Of both: msgspec leaves out a default that is this very object,
not one that is equal to it."""


class FileView(View, frozen=True, kw_only=True):
    """What routes.yaml says; both are null on a route that answers by `respond`."""

    stage: StageWord | None = msgspec.field(default_factory=null)
    """How far its migration has come."""
    split: float | None = msgspec.field(default_factory=null)
    """The share of its cohorts that new serves at canary, in [0, 1]."""


class ReturnsView(FileView, frozen=True, kw_only=True):
    """Where a route that is killed runs again once the switch is off, as things stand."""

    reason: str = ""
    """Why there, in a sentence."""


class RunsView(FileView, frozen=True, kw_only=True, omit_defaults=True):
    """What runs; fields behind `reason` are left out where they are as usual."""

    reason: str = msgspec.field(default_factory=empty)
    """Why that is so, in a sentence."""
    version: int = 0
    """How often its position changed; 0: the file alone rules."""
    tag: str = UNTOUCHED
    """What `If-Match` takes."""
    latched: bool = False
    """It was rolled back, and stays until `resume`."""
    held: bool = False
    """The judge may not promote it."""
    drains: bool = False
    """No new cohort goes to new."""
    killed: bool = False
    """By the kill switch, which outranks `pins`."""
    returns: ReturnsView | None = None
    """Of one that is killed: where it runs again once the switch is off; null: it is not, or by an older server."""
    pins: Mapping[str, str] = {}
    """Pinned cohorts by key, and the side that answers each."""
    pinned: tuple[PinView, ...] = ()
    """The same with their ends."""
    drain: PinView | None = None
    """Of one that drains: since when, by whom and why; its cohort is `(newcomers)`."""
    ended: tuple[str, ...] = ()
    """Brown-outs of it that are over by order, by their ids."""
    sample: float = NO_SAMPLE
    """The share of requests that is shadowed for the next step's sake; 0: as many as otherwise."""


class TrafficView(View, frozen=True, kw_only=True):
    """Requests that each side has answered since the control process began."""

    legacy: int = 0
    """By legacy."""
    new: int = 0
    """By new."""


class RateView(View, frozen=True, kw_only=True):
    """Requests per second over the last ten seconds, by who answered."""

    legacy: float = 0.0
    """By legacy."""
    new: float = 0.0
    """By new."""
    self: float = 0.0
    """By Banyan itself."""
    failed: float | None = None
    """Those of them that were a 5xx, but for a 503 of closed hours; null: a server that does not say it."""


class RouteView(View, frozen=True, kw_only=True):
    """One route of the list."""

    name: str
    """Its name."""
    written_in: str = ""
    """The file that it stands in, from the folder of routes.yaml; empty: that includes none."""
    file: FileView = FileView()
    """What routes.yaml says."""
    runs: RunsView = RunsView()
    """What runs, and why."""
    traffic: TrafficView = TrafficView()
    """What the sides have answered."""
    rate: RateView = RateView()
    """What they answer now."""
    answered: int = 0
    """What Banyan itself has answered on it since control began."""
    parity: ParityView = ParityView()
    """What comparisons came to."""
    coverage: CoverageView = CoverageView()
    """How far they cover the traffic."""
    verdict: str = ""
    """What the judge says: `promote`, `hold` or `rollback`."""
    state: RampWord = ""
    """What becomes of it by itself."""
    reasons: Sequence[str] = ()
    """Why, in sentences."""
    numbers: Mapping[str, float] = {}
    """What the verdict rests on, by name."""
    obstacle: str = ""
    """What keeps it where it is, in a clause: an alarm, else the first need that failed, else the first that is open,
    or else what does; empty: nothing."""


class SidesView(View, frozen=True, kw_only=True):
    """The upstreams that play the two sides on this route."""

    legacy: str = ""
    """The name of that which is legacy."""
    new: str = ""
    """The name of that which is new."""


class MinuteView(View, frozen=True, kw_only=True):
    """Requests in each of the last sixty seconds, oldest first."""

    legacy: Sequence[int] = ()
    """Answered by legacy."""
    new: Sequence[int] = ()
    """Answered by new."""
    self: Sequence[int] = ()
    """Answered by Banyan itself."""


class SourceView(View, frozen=True, kw_only=True):
    """One source of cohorts."""

    source: str
    """As routes.yaml writes it."""
    requests: int = 0
    """Requests since the count began; an estimate where not all were sampled."""
    cohorts: int = 0
    """How many different ones there were, about."""


class CohortsView(View, frozen=True, kw_only=True):
    """The cohorts of one route."""

    without: float = 0.0
    """The share of requests that had none of the listed sources."""
    sources: Sequence[SourceView] = ()
    """The most used first."""


class RouteDetailView(RouteView, frozen=True, kw_only=True):
    """One route alone: all that the list says, and more."""

    revision: str = ""
    """Of the routes.yaml that runs."""
    line: int = 0
    """Where it stands in the file."""
    path: str = ""
    """The path that it takes."""
    methods: Sequence[str] | None = None
    """The methods that it takes; null: every method."""
    upstreams: SidesView = SidesView()
    """Who plays the two sides."""
    last_minute: MinuteView = MinuteView()
    """What was answered second by second."""
    evidence: EvidenceView = EvidenceView()
    """What comparisons found."""
    needs: Sequence[NeedView] = ()
    """Those of the next step, met and open; none where the judge takes no next step, whatever is found."""
    cohorts: CohortsView = CohortsView()
    """How good its cohorts are."""
    down: Sequence[DownView] = ()
    """Upstreams that are to answer some of it and are down."""
    failing: Sequence[FailingView] = ()
    """Upstreams that it asks and that fail, and that their health probes have not called down."""
    closed: Sequence[ClosedView] = ()
    """Upstreams that are to answer some of it and are closed."""
    was: str = ""
    """The name under which its state is kept, if it has another now."""
    journal: JournalView | None = None
    """Its journal of writes; null: they go to one side."""
    brownout: BrownoutView | None = None
    """Its brown-out; null: it has none."""
    deprecated: DeprecationView | None = None
    """What its answers say of its end; null: nothing."""


class ReloadView(View, frozen=True, kw_only=True):
    """How the last look at the file went."""

    ok: bool = True
    """Whether it was taken."""
    at: str = ""
    """When (RFC 3339)."""
    problems: Sequence[str] = ()
    """Why not, each with its line."""
    warnings: Sequence[str] = ()
    """What was taken and is worth a look."""
    needs_restart: Sequence[str] = ()
    """Keys that were changed and are taken at the next start."""


class WorkerView(View, frozen=True, kw_only=True):
    """One linked worker."""

    worker: int
    """Its number."""
    pid: int = 0
    """Its process."""
    revision: str = ""
    """Of the routes.yaml that it serves; empty: none yet."""
    serves_current: bool = False
    """Whether that is what runs, and it was heard lately."""
    draining: bool = False
    """Whether it takes no more."""
    connections: int = 0
    """Of clients, now."""
    killed: bool = False
    """Whether its kill switch is on."""
    switched: float = 0.0
    """When that was last turned, in seconds of the machine's monotonic clock; 0: never."""


class TlsView(View, frozen=True, kw_only=True):
    """The files of one `tls` block."""

    key: str
    """Where it stands in routes.yaml."""
    ends: Mapping[str, str] = {}
    """When each of its certificates ends (RFC 3339), by key."""
    problem: str = ""
    """Why the files cannot be used now; empty: they can."""


class RoutesView(View, frozen=True, kw_only=True):
    """Everything at a glance."""

    revision: str
    """Of the routes.yaml that runs."""
    routes: Sequence[RouteView]
    """In file order."""
    reload: ReloadView = ReloadView()
    """How the last look at the file went."""
    workers: Sequence[WorkerView] = ()
    """Linked workers."""
    killed: KillOrderView | None = None
    """What the kill file says; null while the switch is off."""
    tls: Sequence[TlsView] = ()
    """Certificates, by block."""
    down: Sequence[DownView] = ()
    """Upstreams whose health probes fail."""
    failing: Sequence[FailingView] = ()
    """Upstreams that fail, and that their health probes have not called down."""
    closed: Sequence[ClosedView] = ()
    """Upstreams that are closed now, by what closes them."""
    standing: StandingView | None = None
    """What all replicas obey."""
