"""Adapters whose code does what no adapter should, beside callers of other routes.

Rule 1: each of four adapters gets around whoever reads its code, and loops for ever, ends its process, takes 2 GiB, or
        opens a socket, with every message.
Rule 2: all of them are asked at once, all the time; what is measured are callers of routes without an adapter.
Rule 3: in a window between, as many harmless adapters get as many requests: who asks and what is asked costs as much
        there, and what differs is what the adapters do.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from holds.asking import Answer, Ask, Asker
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.isolation.crowd import PATIENCE, Crowd
from holds.isolation.faulty import FIELD, Fault, belongs_as_json
from holds.isolation.setting import upstream_at
from holds.isolation.unharmed import Beside, checks, harm_alone, table
from holds.launching import running
from holds.progress import bar
from tests.e2e.program import free_port

MOST = 1.1
GOOD = 200.0
"""Requests of good callers a second."""
WARM = 3.0
_OS = 're.enum.sys.modules["os"]'
_IMPORT = 'getattr(re.enum.sys.modules["builtins"], "__imp" + "ort__")'
BAD = {
    "loops": "while True: pass",
    "exits": f"{_OS}._exit(0)",
    "takes_2gib": 'request.path = "x" * 2**31',
    "opens_a_socket": f'{_IMPORT}("socket").socket()',
}
"""By name, what each does with a request."""
HARMLESS = {f"passes_{number}": "pass" for number in range(len(BAD))}
"""Rule 3."""
ADAPTERS = BAD | HARMLESS
_CODE = """\
import re

def request_to_new(request):
    {does}
    return request

def answer_from_new(answer):
    return answer

def request_to_legacy(request):
    return request

def answer_from_legacy(answer):
    return answer
"""
_ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
upstreams:
  legacy: { url: "http://127.0.0.2:@LEGACY@" }
  new: { url: "http://127.0.0.2:@NEW@" }
adapters:
"""


async def measure(windows: int, seconds: float, rate: float) -> Finding:
    """So many times three windows; in the last of each every bad adapter gets `rate` messages a second."""
    pairs: list[Beside] = []
    harmless: list[Answer] = []
    bad: list[Answer] = []
    async with _running() as port:
        crowd = Crowd(port, (Ask("GET", "r00"), Ask("POST", "r01")), GOOD)
        await crowd.ask_for(WARM)
        with bar("windows", windows) as drawn:
            for _ in range(windows):
                begin = len(crowd.answers)
                await crowd.ask_for(seconds)
                calm = len(crowd.answers)
                harmless += await _window(crowd, port, HARMLESS, seconds, rate)
                busy = len(crowd.answers)
                bad += await _window(crowd, port, BAD, seconds, rate)
                answers = crowd.answers
                pairs.append(Beside(calm=answers[begin:calm], busy=answers[calm:busy], wrong=answers[busy:]))
                drawn.step(f"p99 {pairs[-1].times[-1]:.1f} ms beside {', '.join(BAD)}")
    return _finding(pairs, harmless, bad, rate)


async def _window(crowd: Crowd, port: int, adapters: Iterable[str], seconds: float, rate: float) -> list[Answer]:
    """What adapters answered beside the good callers."""
    askers = [_asker(port, name, number, rate) for number, name in enumerate(adapters)]
    await asyncio.gather(crowd.ask_for(seconds), *(each.ask_for(seconds) for each in askers))
    return [answer for each in askers for answer in each.answers]


def _finding(pairs: list[Beside], harmless: list[Answer], bad: list[Answer], rate: float) -> Finding:
    failed = sum(answer.status in {400, 502, 503} for answer in bad)
    passed = sum(not answer.trouble for answer in harmless)
    note = f"Each of {len(BAD)} adapters gets {rate:g} messages a second; {GOOD:.0f} good requests from 40 others."
    fails = Check(
        sentence="every request of a bad adapter fails, and is told so",
        holds=failed == len(bad) > 0,
        seen=f"{failed:,} of {len(bad):,}",
    )
    serves = Check(
        sentence="every request of a harmless adapter is served",
        holds=passed == len(harmless) > 0,
        seen=f"{passed:,} of {len(harmless):,}",
    )
    found = table("Good callers beside adapters that loop, exit, take 2 GiB and open sockets", pairs, (note,))
    return Finding(
        suite="adapters", tables=(found,), checks=(fails, serves, *checks(pairs, MOST), harm_alone(pairs, MOST))
    )


@asynccontextmanager
async def _running() -> AsyncIterator[int]:
    listen, admin, port = free_port(), free_port(), free_port()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        site = Site(folder=folder, listen=listen, admin=admin, legacy=port, new=port)
        (folder / "adapters").mkdir()
        for name, does in ADAPTERS.items():
            (folder / "adapters" / f"{name}.py").write_text(code(does), encoding="utf-8")
        await stack.enter_async_context(upstream_at("127.0.0.2", port, folder))
        await stack.enter_async_context(running(launch_banyan(site, routes())))
        yield listen


def code(does: str) -> str:
    """Of an adapter that does this with each request."""
    return _CODE.format(does=does)


def routes() -> str:
    """A route for each adapter, and the rest."""
    adapters = "".join(f"  {name}: {{ speaks: legacy, code: adapters/{name}.py }}\n" for name in ADAPTERS)
    theirs = "".join(
        f"  - {{ name: {name}, match: /{name}/**, stage: complete, adapter: {name} }}\n" for name in ADAPTERS
    )
    return f'{_ROUTES}{adapters}routes:\n{theirs}  - {{ name: rest, match: "/**", stage: legacy }}\n'


def _asker(port: int, name: str, number: int, rate: float) -> Asker:
    source = f"127.2.0.{number + 1}"
    asks, fields = (Ask("GET", name),), f"{FIELD}: {Fault.JSON}\r\n".encode()
    return Asker(port, asks, rate, source=source, belongs=belongs_as_json, patience=PATIENCE, fields=fields)
