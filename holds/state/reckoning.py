"""The books of the suite `database`: what was asked, what Banyan says became of it, and what the database holds.

Rule 1: the chain has three links: requests asked → their shadows → comparisons → comparisons in the database. The
client counts the first, the suite's own query the last; both between are Banyan's metrics.
Rule 2: what is missing in the database must be admitted as lost; nothing may be there that was not found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from bench.errors import BenchError
from bench.table import Table
from holds.asking import Answer, percentile
from holds.finding import Check, Finding
from holds.state.differing import PATHS, differs

_SERIES = re.compile(r'^(\w+)(?:\{route="([^"]*)",outcome="([^"]*)"\})? (\S+)$')
SHADOWS, PARITY = "banyan_shadow_total", "banyan_parity_total"
FOUND = "watched"
"""The route of which it is known what must be found."""
FLOOD = "flood"
"""The route of which each comparison is `PATHS` records of its own, and more that it shares."""
SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time with one kind of trouble, on the monotonic clock; records that waited at its end, and lost until then.

    `flows`: seconds until the database held more evidence than when the trouble ended; `caught_up`: until nothing
    waited. None: not in time.
    """

    name: str
    began: float
    ended: float
    waiting: int
    flows: float | None
    caught_up: float | None
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What /metrics says. `shadows` and `parity` by route and outcome; `lost` and `waiting` are records."""

    shadows: Mapping[tuple[str, str], int]
    parity: Mapping[tuple[str, str], int]
    lost: int
    waiting: int

    def shadowed(self, *outcomes: str) -> int:
        """Requests with these outcomes, or with any."""
        return sum(count for (_, outcome), count in self.shadows.items() if not outcomes or outcome in outcomes)

    def compared(self, route: str) -> int:
        """Comparisons of a route, whatever they came to."""
        return sum(count for (name, _), count in self.parity.items() if name == route)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everybody's last word. `stored` are comparisons in the database by route."""

    read: Readings
    stored: Mapping[str, int]
    no_room: int
    ended_by_itself: int

    @property
    def missing(self) -> dict[str, int]:
        """By route, comparisons that were found and are not in the database; negative when there are too many."""
        routes = {route for route, _ in self.read.parity} | set(self.stored)
        return {route: self.read.compared(route) - self.stored.get(route, 0) for route in sorted(routes)}


async def readings(admin: int) -> Readings:
    """From /metrics; BenchError when nobody answers."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10.0)) as session,
            session.get(f"http://127.0.0.1:{admin}/metrics") as answer,
        ):
            return read(await answer.text())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise BenchError(f"Banyan does not say what it counted: {error!r}") from error


def read(page: str) -> Readings:
    """From the text of /metrics."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for line in page.splitlines():
        if told := _SERIES.match(line):
            name, route, outcome, value = told.groups(default="")
            found.setdefault(name, {})[route, outcome] = round(float(value))
    return Readings(
        shadows=found.get(SHADOWS, {}),
        parity=found.get(PARITY, {}),
        lost=sum(found["banyan_evidence_lost_total"].values()),
        waiting=sum(found["banyan_evidence_waiting_records"].values()),
    )


def conclude(stretches: list[Stretch], answers: list[Answer], books: Books, lost: list[str]) -> Finding:
    """Tables and verdicts."""
    failed = [each for each in answers if each.trouble]
    return Finding(
        suite="database",
        tables=(_stretches(stretches, answers), _books(answers, books)),
        checks=(
            Check(sentence="no request failed", holds=not failed, seen=f"{len(failed)} of {len(answers):,}"),
            Check(sentence="no process of Banyan ended", holds=not lost, seen=", ".join(lost) or "none"),
            _full(books),
            *(_flows(each) for each in stretches if not each.name.startswith("calm")),
            *counted(answers, books),
        ),
        notes=tuple(json.dumps([each.number, each.ask, each.status, each.trouble, each.detail]) for each in failed)[
            :SHOWN
        ],
    )


def _full(books: Books) -> Check:
    seen = f"{books.no_room} times" + (f"; it ended {books.ended_by_itself} times" if books.ended_by_itself else "")
    return Check(sentence="PostgreSQL said that its disk was full", holds=books.no_room > 0, seen=seen)


def _flows(stretch: Stretch) -> Check:
    return Check(
        sentence=f"after {stretch.name}: evidence flows again by itself, and nothing is left waiting",
        holds=stretch.flows is not None and stretch.caught_up is not None,
        seen=f"flows after {_seconds(stretch.flows)}, nothing waits after {_seconds(stretch.caught_up)}",
    )


def counted(answers: Iterable[Answer], books: Books) -> tuple[Check, ...]:
    """The links of the chain, one by one."""
    asked = [each for each in answers if not each.trouble]
    said, compared = books.read, sum(books.read.parity.values())
    whole, shed = said.shadowed("sent", "failed"), said.shadowed("shed")
    told = said.parity.get((FOUND, "mismatch"), 0)
    made = sum(each.ask.route == FOUND and differs(FOUND, each.number) for each in asked)
    return (
        Check(
            sentence="every request is counted in what became of its shadow",
            holds=said.shadowed() == len(asked),
            seen=f"{len(asked):,} requests, {said.shadowed():,} counted, {shed:,} of them shed",
        ),
        Check(
            sentence="every pair that was handed over is counted as compared",
            holds=whole <= compared <= whole + shed,
            seen=f"{whole:,} pairs, {compared:,} comparisons",
        ),
        Check(
            sentence="the differences found are those that the upstreams made",
            holds=made - said.shadowed("shed", "failed", "skipped") <= told <= made,
            seen=f"{made:,} made, {told:,} found",
        ),
        _admitted(books),
    )


def _admitted(books: Books) -> Check:
    """Rule 2; records are not comparisons, but there are at least so many of them."""
    missing, lost = books.missing, books.read.lost
    gone = sum(missing.values())
    least = max(PATHS * missing.get(FLOOD, 0), int(gone > 0))
    return Check(
        sentence="what is not in the database is counted as lost, and nothing is there twice",
        holds=all(count >= 0 for count in missing.values()) and lost >= least,
        seen=f"{gone:,} comparisons are missing, which are {least:,} records at least; {lost:,} are counted as lost",
    )


def _stretches(stretches: list[Stretch], answers: list[Answer]) -> Table:
    columns = (
        "PostgreSQL",
        "s",
        "requests",
        "failed",
        "50 % within ms",
        "99 % within ms",
        "records waiting at its end",
    )
    return Table(
        title="What PostgreSQL did, and what clients saw of it",
        columns=(*columns, "lost until then", "flows again after s", "caught up after s"),
        rows=tuple(_row(each, answers) for each in stretches),
    )


def _row(stretch: Stretch, answers: list[Answer]) -> tuple[str, ...]:
    inside = [each for each in answers if stretch.began <= each.began < stretch.ended]
    failed = sum(1 for each in inside if each.trouble)
    calm = stretch.name.startswith("calm")
    return (
        stretch.name,
        f"{stretch.ended - stretch.began:.0f}",
        f"{len(inside):,}",
        f"{failed}",
        f"{percentile(inside, 0.5) * 1000:.1f}",
        f"{percentile(inside, 0.99) * 1000:.1f}",
        f"{stretch.waiting:,}",
        f"{stretch.lost:,}",
        "" if calm else _seconds(stretch.flows),
        "" if calm else _seconds(stretch.caught_up),
    )


def _books(answers: list[Answer], books: Books) -> Table:
    routes = sorted({each.ask.route for each in answers})
    rows = tuple(
        (
            route,
            f"{sum(each.ask.route == route for each in answers):,}",
            f"{sum(count for (name, _), count in books.read.shadows.items() if name == route):,}",
            f"{books.read.compared(route):,}",
            f"{books.stored.get(route, 0):,}",
            f"{books.missing.get(route, 0):,}",
        )
        for route in routes
    )
    columns = ("route", "requests", "shadows", "comparisons", "in the database", "missing")
    note = f"Counted as lost: {books.read.lost:,} records; a comparison is part of one record or more."
    return Table(title="The books", columns=columns, rows=rows, notes=(note,))


def _seconds(took: float | None) -> str:
    return "never" if took is None else f"{took:.1f}"
