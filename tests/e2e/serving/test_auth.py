"""Callers checked by a whole program: two workers, a key set in a file that is written anew, counts of control."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, program, system, write
from tests.edge.auth.issuer import AUDIENCE, ISSUER, Issuer, ec
from tests.waiting import until

ROUTES = f"""\
  - {{ name: tried, match: /tried, stage: legacy, auth: {{ by: members, enforce: false }} }}
  - {{ name: open, match: /open, stage: legacy, auth: anonymous }}
  - {{ name: rest, match: /**, stage: legacy }}
auth_default: members
auth:
  members: {{ issuer: "{ISSUER}", audience: {AUDIENCE}, algorithms: [ES256], keys: {{ file: jwks.json }} }}
"""


@dataclass(slots=True)
class Checked:
    """A program, and the issuer whose key set it reads."""

    banyan: Program
    issuer: Issuer

    async def get(self, path: str, token: bytes = b"") -> int:
        """The status of a request on a connection of its own, so that either worker may have it."""
        headers = {"Authorization": f"Bearer {token.decode()}"} if token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.banyan.url + path, headers=headers) as answer,
        ):
            await answer.read()
            return answer.status

    def publish(self) -> None:
        """The key set as it is now."""
        write(self.banyan.file.with_name("jwks.json"), json.dumps(self.issuer.jwks))


@asynccontextmanager
async def checked(place: Path) -> AsyncIterator[Checked]:
    issuer = Issuer(ec("one"))
    issuer.written(place)
    async with system("legacy") as legacy, program(place, ROUTES, legacy=legacy, new=legacy, workers=2) as banyan:
        yield Checked(banyan, issuer)


async def test_a_program_takes_good_tokens_and_no_others(tmp_path: Path) -> None:
    """In each of its workers; what it refuses, or would, is in the metrics by reason."""
    async with checked(tmp_path) as whole:
        good, bad = whole.issuer.token(), whole.issuer.token(aud="cart")
        for _ in range(8):
            assert [await whole.get("/a", each) for each in (good, bad, b"")] == [200, 401, 401]
        assert [await whole.get("/tried", each) for each in (good, bad, b"")] == [200, 200, 200]
        assert [await whole.get("/open", each) for each in (good, bad, b"")] == [200, 200, 200]
        await whole.banyan.until_metric('banyan_step_answers_total{route="rest",reason="wrong_audience"}', 8)
        await whole.banyan.until_metric('banyan_step_answers_total{route="rest",reason="no_token"}', 8)
        await whole.banyan.until_metric('banyan_step_passes_total{route="tried",reason="wrong_audience"}', 1)
        assert bad not in b"".join(whole.banyan.lines)


async def test_a_key_set_that_is_written_anew_is_taken(tmp_path: Path) -> None:
    """A key that is gone ends its tokens in every worker, a new one is known; a broken file changes nothing."""
    async with checked(tmp_path) as whole:
        first = whole.issuer.token()
        assert await whole.get("/a", first) == 200

        whole.issuer.keys["two"] = ec("two")[1:]
        whole.publish()
        second = whole.issuer.token("two")
        await until_every_worker(whole, second, 200)
        assert await whole.get("/a", first) == 200

        write(whole.banyan.file.with_name("jwks.json"), '{"keys": []}')
        await whole.banyan.until_logged("config_refused")
        assert [await whole.get("/a", each) for each in (first, second)] == [200, 200]

        del whole.issuer.keys["one"]
        whole.publish()
        await until_every_worker(whole, first, 401)
        assert await whole.get("/a", second) == 200


async def until_every_worker(whole: Checked, token: bytes, status: int) -> None:
    """Twelve connections in a row: with two workers, hardly all of them go to one."""

    async def agreed() -> bool:
        return all([await whole.get("/a", token) == status for _ in range(12)])

    await until(agreed)
