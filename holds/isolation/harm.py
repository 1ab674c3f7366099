"""What is done to one part in `holds blast`, and how the rest is laid out: twenty endpoints in one of three ways.

Rule 1: Banyan's keys are its defaults; a scenario sets a timeout only where its sentence names one.
Rule 2: the last endpoint is the bad one, and nobody else asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatch
from typing import assert_never

from bench.errors import BenchError
from holds.asking import Ask
from holds.isolation.faulty import Fault
from holds.isolation.misuse import Conduct, Misuse

ENDPOINTS = 20
RATES = (2.0, 50.0)
GOOD = 200.0
QUIET = 1.0
"""Good requests per second: usually, and where few good answers stand beside what fails."""
AT_ONCE = 12
"""Requests of a burst: a page asks for as many, and one client stalls with as many."""
BURSTS = 0.5
"""A second."""
SHORT = "1s"
LIMIT = 30.0
"""Seconds: the defaults of `timeout.response` and of `limits.body`."""
ONE_CLIENT = ("127.9.9.9",)
STRANGERS = tuple(f"127.8.{number // 200}.{number % 200 + 1}" for number in range(400))
"""Who asks for a bad endpoint: many, so that nobody may take it for one client's fault."""


class Layout(StrEnum):
    """ROUTES: a route each. ENDPOINTS: `/api/r07/…` behind one `/**`. IDS: `/r07/ID`, whose second segment varies."""

    ROUTES = "routes"
    ENDPOINTS = "endpoints"
    IDS = "ids"


class Death(StrEnum):
    """How the first of two addresses ends: its process is killed, and then refused; or packets to it are dropped; or
    it is stopped: it takes connections and says nothing.
    """

    REFUSES = "refuses"
    SWALLOWS = "swallows"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`good`: requests per second. `response`: a timeout.

    `longer`: seconds more than the others, for what takes a default timeout to show. `stops`: the upstream hangs for
    everybody, and comes back.
    """

    name: str
    layout: Layout
    misuse: Misuse | None = None
    death: Death | None = None
    good: float = GOOD
    addresses: int = 1
    response: str = ""
    longer: float = 0.0
    stops: bool = False

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What good clients ask for: GET and POST of every endpoint that is not the bad one."""
        good = paths(self.layout)[: None if self._spares_none else -1]
        return tuple(Ask(method, path) for path in good for method in ("GET", "POST"))

    @property
    def _spares_none(self) -> bool:
        return self.misuse is None or self.misuse.sources == ONE_CLIENT


def paths(layout: Layout) -> list[str]:
    """The twenty, without slashes around."""
    prefix = "api/" if layout is Layout.ENDPOINTS else ""
    return [f"{prefix}r{number:02}" for number in range(ENDPOINTS)]


def routes(scenario: Scenario) -> str:
    """The routes of routes.yaml; a timeout is the bad route's alone where it has one."""
    timeout = f", timeout: {{ response: {scenario.response} }}" if scenario.response else ""
    if scenario.layout is not Layout.ROUTES:
        return f'  - {{ name: rest, match: "/**", stage: legacy{timeout} }}\n'
    *good, bad = paths(scenario.layout)
    lines = [f'  - {{ name: {each}, match: "/{each}/**", stage: legacy }}\n' for each in good]
    return "".join(lines) + f'  - {{ name: {bad}, match: "/{bad}/**", stage: legacy{timeout} }}\n'


def scenarios() -> tuple[Scenario, ...]:
    """All."""
    found = [each for layout in Layout for each in (*_bad_endpoints(layout), *_bad_clients(layout))]
    return (*found, *_quiet(), *_two_addresses(), *_stopped())


def choose(patterns: str) -> tuple[Scenario, ...]:
    """By name, with commas; BenchError when a pattern meets none."""
    everything, wanted = scenarios(), patterns.split(",")
    for pattern in wanted:
        if not any(fnmatch(each.name, pattern) for each in everything):
            names = ", ".join(each.name for each in everything)
            raise BenchError(f"--only: no scenario is called {pattern!r}; there are {names}")
    return tuple(each for each in everything if any(fnmatch(each.name, pattern) for pattern in wanted))


def _bad_endpoints(layout: Layout) -> Iterator[Scenario]:
    for fault in (Fault.HANG, Fault.RESET, Fault.FLOOD, Fault.ERROR, Fault.TRICKLE):
        for rate in RATES:
            misuse = Misuse(conduct=Conduct.ASK, fault=fault, rate=rate, paths=paths(layout)[-1:], sources=STRANGERS)
            longer = LIMIT if fault is Fault.HANG else 0.0
            scenario = Scenario(name=f"{layout}/{fault}-{rate:.0f}", layout=layout, misuse=misuse, longer=longer)
            if fault is Fault.RESET or layout is not Layout.IDS:
                yield scenario
            if fault is Fault.HANG:
                yield replace(scenario, name=f"{scenario.name}-{SHORT}", response=SHORT, longer=0.0)
    yield from _bursts(layout)


def _bursts(layout: Layout) -> Iterator[Scenario]:
    for fault, response in ((Fault.RESET, ""), (Fault.HANG, SHORT)):
        misuse = Misuse(
            conduct=Conduct.ASK,
            fault=fault,
            rate=BURSTS,
            paths=paths(layout)[-1:],
            sources=STRANGERS,
            at_once=AT_ONCE,
        )
        yield Scenario(name=f"{layout}/{fault}-burst", layout=layout, misuse=misuse, response=response)


def _bad_clients(layout: Layout) -> Iterator[Scenario]:
    if layout is Layout.IDS:
        return
    for fault in (Fault.HANG, Fault.RESET, Fault.FLOOD, Fault.ERROR, Fault.TRICKLE):
        response = SHORT if fault is Fault.HANG and layout is Layout.ENDPOINTS else ""
        longer = LIMIT if fault is Fault.HANG and not response else 0.0
        misuse = _by_one_client(layout, Conduct.ASK, fault)
        name = f"{layout}/client-{fault}"
        yield Scenario(name=name, layout=layout, misuse=misuse, response=response, longer=longer)
    for conduct in (Conduct.STALL, Conduct.LEAVE, Conduct.LATE, Conduct.CHURN):
        for name, fault, longer in _meetings(conduct):
            misuse = _by_one_client(layout, conduct, fault)
            yield Scenario(name=f"{layout}/client-{name}", layout=layout, misuse=misuse, longer=longer)


def _meetings(conduct: Conduct) -> Iterator[tuple[str, Fault, float]]:
    """Name, whom the client meets, and how much longer that takes."""
    match conduct:
        case Conduct.STALL:
            yield "stalls", Fault.NONE, LIMIT
            yield "stalls-hung-up", Fault.IMPATIENT, 0.0
        case Conduct.LEAVE:
            yield "leaves", Fault.TRICKLE, 0.0
        case Conduct.LATE:
            yield "reads-late-hung-up", Fault.IMPATIENT, 0.0
        case Conduct.CHURN:
            yield "churns", Fault.NONE, 0.0
        case Conduct.ASK:
            return
        case _:
            assert_never(conduct)


def _by_one_client(layout: Layout, conduct: Conduct, fault: Fault) -> Misuse:
    """Who holds something does so several times at once, and now and then again."""
    holds = conduct in (Conduct.STALL, Conduct.LATE)
    return Misuse(
        conduct=conduct,
        fault=fault,
        rate=BURSTS if holds else RATES[1],
        paths=paths(layout),
        sources=ONE_CLIENT,
        at_once=AT_ONCE if holds else 1,
    )


def _quiet() -> Iterator[Scenario]:
    for layout in Layout:
        for scenario in (*_bad_endpoints(layout), *_bad_clients(layout)):
            kind, _, name = scenario.name.partition("/")
            if name.startswith(("reset-2", "reset-50", "client-stalls-hung-up", "client-reset")) or name.endswith(
                SHORT
            ):
                yield replace(scenario, name=f"{kind}/few-{name}", good=QUIET)


def _two_addresses() -> Iterator[Scenario]:
    for death in Death:
        longer = LIMIT if death is Death.HANGS else 0.0
        yield Scenario(name=f"two/{death}", layout=Layout.ROUTES, death=death, addresses=2, longer=longer)
    for layout in (Layout.ROUTES, Layout.ENDPOINTS):
        for scenario in _bad_endpoints(layout):
            if scenario.misuse is not None and scenario.misuse.fault is Fault.RESET:
                name = f"two/{scenario.name.replace('/', '-')}"
                yield Scenario(name=name, layout=layout, misuse=scenario.misuse, addresses=2)


def _stopped() -> Iterator[Scenario]:
    yield Scenario(name=f"all/hang-{SHORT}", layout=Layout.ENDPOINTS, response=SHORT, stops=True)
    yield Scenario(name="all/hang", layout=Layout.ENDPOINTS, stops=True, longer=LIMIT)
