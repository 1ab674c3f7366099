"""Whatever happens to a route, no flow is split: hypothesis against the code that serves, with clocks of its own.

Two workers share memory; a third one, on another machine, has the key alone and learns by the cookies that clients
bring. Moves, kills and reloads come in any order, between any two requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.http.request import RequestHead
from proxy.core.http.response import ResponseReader
from proxy.core.outcome import Side
from proxy.core.routing.decide import Reason
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.routing.admission import admit
from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
from proxy.edge.routing.kill_switch import WorkerKillSwitch
from proxy.edge.routing.orders import rewrite
from proxy.edge.routing.request import Request
from proxy.edge.routing.stickiness import TieMemory, Ties
from proxy.edge.tally import Counters
from proxy.edge.upstream.pool import Pool
from proxy.edge.wire.request_bytes import Ids
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.edge.proxy import Block, snapshot_of, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import sized
from tests.edge.tied import KEY

LASTS, AFFINITY = 60.0, 5.0
PLACES = [("shadow", ""), ("canary", "0%"), ("canary", "35%"), ("canary", "100%"), ("live", "")]
IP = b"203.0.113.7"
Move = tuple[str, int]


def table(stage: str, split: str) -> Snapshot:
    route: Block = {"name": "a", "match": "/**", "stage": stage, "cohort": "header:T", "affinity": "5s"}
    route |= {"stay": {"by": ["query:state"], "lasts": "60s"}} | ({"split": split} if split else {})
    sides = {"legacy": upstream(1), "new": upstream(2)}
    return snapshot_of(sides, [route], {"cookies": {"key": KEY, "side": "s"}})


TABLES = [table(*place) for place in PLACES]
POOLS = {name: Pool(each, Tasks(), Resolver(Tasks())) for name, each in TABLES[0].upstreams.items()}


@dataclass
class Asked:
    """As an exchange is, to what remembers."""

    live: Live
    bound: BoundRoute
    leg: Leg
    head: RequestHead


@dataclass
class World:
    """`holds` is what must be: by flow or cohort, the side and until when."""

    now: float = 5000.0
    killed: bool = False
    place: int = 0
    memories: list[TieMemory] = field(default_factory=list)
    jars: dict[str, bytes] = field(default_factory=dict)
    holds: dict[str, tuple[Side, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        one, other = (TieMemory(now=lambda: self.now, wall=lambda: self.now * 1.0 + 1e9) for _ in range(2))
        self.memories = [one, one, other]

    def live(self, worker: int) -> Live:
        """As a reload, or a new worker, makes it."""
        live = Live(TABLES[self.place], POOLS, Counters())
        live.switch = WorkerKillSwitch()
        live.switch.on = self.killed
        live.ties = Ties(live.snapshot, self.memories[worker])
        rewrite(live)
        return live

    def ask(self, raw: bytes, client: str, worker: int) -> tuple[Side, Reason]:
        """One request of a client that keeps its cookie, and its answer, a tenth of a second after the one before."""
        self.now += 0.1
        live = self.live(worker)
        head = live.reader.read(
            raw.replace(b"\r\n\r\n", b"\r\nCookie: s=" + self.jars.get(client, b"") + b"\r\n\r\n", 1)
        )
        assert isinstance(head, RequestHead)
        assert live.ties is not None
        live.ties.take_cookies(head)
        request = Request(live, head, Ids(head, keeps=False), IP, IP)
        assert admit(request) is None
        bound, leg, decision = request.bound, request.leg, request.decision
        answer = ResponseReader().read(sized(b""), bodyless=False)
        assert not isinstance(answer, str)
        lines = live.ties.answered(Asked(live, bound, leg, head), b"http", answer)
        if lines:
            self.jars[client] = lines.partition(b"=")[2].partition(b";")[0]
        return leg.side, decision.reason

    def held(self, name: str) -> Side | None:
        side, until = self.holds.get(name, (Side.LEGACY, 0.0))
        return side if self.now < until else None


MOVES = st.one_of(
    st.tuples(st.just("move"), st.integers(0, len(PLACES) - 1)),
    st.tuples(st.just("wait"), st.integers(1, 80)),
    st.tuples(st.sampled_from(["kill", "lift"]), st.just(0)),
    *(st.tuples(st.just(each), st.integers(0, 8)) for each in ("flow", "flow", "write", "read")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_no_flow_is_split_and_no_read_leaves_its_write(moves: list[Move]) -> None:
    """A flow, and a cohort's reads after its write, stay on their side for their time, but for the kill switch."""
    world = World()
    for what, number in moves:
        name, worker = f"{'flow' if what == 'flow' else 'cohort'}{number // 3}", number % 3
        match what:
            case "move":
                world.place = number
            case "wait":
                world.now += number / 2
            case "kill" | "lift":
                world.killed = what == "kill"
                world.holds.clear()
                for memory in world.memories:
                    memory.forget()
                world.now += 2.0
            case "flow":
                side, _ = world.ask(get(b"/?state=%b" % name.encode()), name, worker)
                assert side is (Side.LEGACY if world.killed else world.held(name) or side)
                if not world.killed:
                    world.holds[name] = (side, world.now + LASTS)
            case "write":
                side, _ = world.ask(request(b"POST", b"/", b"T: " + name.encode(), body=b""), name, worker)
                if not world.killed:
                    world.holds[name] = (side, world.now + AFFINITY)
            case _:
                side, reason = world.ask(get(b"/", b"T: " + name.encode()), name, worker)
                assert side is (Side.LEGACY if world.killed else world.held(name) or side)
                assert world.killed or world.held(name) is None or reason is Reason.AFFINITY


def test_a_cookie_that_is_not_set_anew_still_outlasts_the_flow() -> None:
    """Answers that set no cookie, since the client's is young enough, prolong the flow for other machines, too."""
    world = World(place=PLACES.index(("canary", "0%")))
    flow = get(b"/?state=s")
    world.ask(flow, "ann", 0)
    for _ in range(3):
        world.now += LASTS * 0.45
        world.ask(flow, "ann", 1)
    world.place = PLACES.index(("live", ""))
    world.now += LASTS - 1

    assert world.ask(flow, "ann", 2) == (Side.LEGACY, Reason.STAYS)
    world.now += 2 * LASTS
    assert world.ask(flow, "ann", 2) == (Side.NEW, Reason.STAGE)


def test_of_memory_and_cookie_the_later_one_holds() -> None:
    """One cohort, two clients, two machines: whoever wrote last is followed by both, as far as they can know."""
    world = World(place=PLACES.index(("canary", "0%")))
    write, read = request(b"POST", b"/", b"T: a", body=b""), get(b"/", b"T: a")
    world.ask(write, "ann", 2)
    world.place = PLACES.index(("live", ""))
    world.ask(write, "bob", 0)
    assert world.ask(read, "ann", 0) == (Side.NEW, Reason.AFFINITY)
    world.place = PLACES.index(("shadow", ""))
    world.ask(write, "ann", 2)
    world.place = PLACES.index(("live", ""))

    assert world.ask(read, "ann", 0) == (Side.LEGACY, Reason.AFFINITY)
    assert world.ask(read, "bob", 0) == (Side.NEW, Reason.AFFINITY)
