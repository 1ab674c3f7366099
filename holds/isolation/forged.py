"""Forged tokens, thousands a second from one address, beside callers with good ones.

Rule 1: the forged ones name the right key, issuer and audience: nothing but the signature is wrong with them.
Rule 2: good callers come from other addresses. Their tokens were checked before, as after a minute's work.
Rule 3: in a window between, that one address sends as many good tokens.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

from joserfc.jwk import RSAKey
from joserfc.jws import serialize_compact

from bench.errors import BenchError
from bench.load.wrk import SCRIPT, Count, parse
from bench.processes import find_program
from holds.asking import Ask
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.isolation.crowd import Crowd
from holds.isolation.setting import upstream_at
from holds.isolation.unharmed import Beside, checks, harm_alone, table
from holds.launching import running
from holds.progress import bar
from tests.e2e.program import free_port

MOST = 1.1
GOOD = 200.0
"""Requests of good callers a second."""
WARM = 3.0
CONNECTIONS = 20
TOKENS = 2_000
_ISSUER, _AUDIENCE = "https://id.example.com", "orders"
_ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
auth:
  members: { issuer: "https://id.example.com", audience: orders, algorithms: [RS256], keys: { file: jwks.json } }
auth_default: members
upstreams:
  legacy: { url: "http://127.0.0.2:@LEGACY@" }
routes:
  - { name: rest, match: "/**", stage: legacy }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Who asks: `port` is Banyan's, `good` a field line with a good token, the files have tokens, one a line."""

    port: int
    good: bytes
    harmless: Path
    forged: Path


async def measure(windows: int, seconds: float, rate: float) -> Finding:
    """So many times three windows, `rate` forged tokens a second in the last of each."""
    pairs: list[Beside] = []
    counts: list[Count] = []
    async with _callers() as callers:
        crowd = Crowd(callers.port, (Ask("GET", "r00"), Ask("POST", "r01")), GOOD, callers.good)
        await crowd.ask_for(WARM)
        with bar("windows", windows) as drawn:
            for _ in range(windows):
                begin = len(crowd.answers)
                await crowd.ask_for(seconds)
                calm = len(crowd.answers)
                await asyncio.gather(_send(callers, callers.harmless, seconds, rate), crowd.ask_for(seconds))
                busy = len(crowd.answers)
                count, _ = await asyncio.gather(_send(callers, callers.forged, seconds, rate), crowd.ask_for(seconds))
                answers = crowd.answers
                counts.append(count)
                pairs.append(Beside(calm=answers[begin:calm], busy=answers[calm:busy], wrong=answers[busy:]))
                drawn.step(f"p99 {pairs[-1].times[-1]:.1f} ms beside {count.requests / count.seconds:,.0f} forged/s")
    return _finding(pairs, counts)


def _finding(pairs: list[Beside], counts: list[Count]) -> Finding:
    sent = sum(each.requests for each in counts)
    passed = sum(each.requests - each.not_ok for each in counts)
    rate = sent / sum(each.seconds for each in counts)
    note = f"{rate:,.0f} forged tokens a second from one address, {GOOD:.0f} good requests from 40 others."
    refused = Check(
        sentence="every forged token is refused", holds=not passed and sent > 0, seen=f"{sent - passed:,} of {sent:,}"
    )
    found = table("Good callers beside forged tokens", pairs, (note,))
    return Finding(suite="forged", tables=(found,), checks=(refused, *checks(pairs, MOST), harm_alone(pairs, MOST)))


@asynccontextmanager
async def _callers() -> AsyncIterator[Callers]:
    key = RSAKey.generate_key(2048)
    listen, admin, port = free_port(), free_port(), free_port()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        site = Site(folder=folder, listen=listen, admin=admin, legacy=port, new=port)
        site.write("jwks.json", json.dumps({"keys": [{**key.as_dict(private=False), "kid": "one"}]}))
        await stack.enter_async_context(upstream_at("127.0.0.2", port, folder))
        await stack.enter_async_context(running(launch_banyan(site, _ROUTES)))
        signed = _signed(key, "good")
        forged = (f"{_signed(key, str(number)).rpartition('.')[0]}.{_noise()}\n" for number in range(TOKENS))
        file = site.write("forged.txt", "".join(forged))
        good = f"Authorization: Bearer {signed}\r\n".encode()
        yield Callers(port=listen, good=good, harmless=site.write("good.txt", f"{signed}\n"), forged=file)


def _signed(key: RSAKey, name: str) -> str:
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": name, "exp": int(time()) + 7200}
    return serialize_compact({"alg": "RS256", "kid": "one", "typ": "at+jwt"}, json.dumps(claims), key, ["RS256"])


def _noise() -> str:
    """As long as a signature."""
    return base64.urlsafe_b64encode(os.urandom(256)).decode().rstrip("=")


async def _send(callers: Callers, tokens: Path, seconds: float, rate: float) -> Count:
    """As many a second as are asked for, if the machine is quick enough: each connection waits between two."""
    program = find_program("wrk", "apt-get install wrk")
    pause = f"{1000 * CONNECTIONS / rate:.0f}"
    options = (
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{round(seconds)}s",
        "-s",
        str(SCRIPT),
        f"http://127.0.0.1:{callers.port}/",
    )
    process = await asyncio.create_subprocess_exec(
        program, *options, "--", "tokens", str(tokens), pause, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise BenchError(f"wrk ended with {process.returncode}: {said.decode()[-800:]}")
    return parse(said.decode())
