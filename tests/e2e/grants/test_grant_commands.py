"""`banyan grants` beside whole Banyans: what is told of before, who holds what, a restore, a release."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.clerk.grants.desks import LEGACY, NEW
from tests.e2e.grants.aggregator import DATA_KEY, Aggregator, aggregator

REPLAYED = [
    "4 records are in this host's spool, 0 of them were news to the database",
    "every host has replayed: token endpoints answer",
]


async def test_the_commands_do_what_they_say(tmp_path: Path) -> None:
    """Each of them once, at a running replica."""
    async with aggregator(tmp_path, 1) as whole:
        assert await whole.command(0, "list") == (0, "there is no family yet\n")
        await imported(whole)
        await listed(whole)
        await exported(whole)
        code, said = await whole.command(0, "replay")
        assert (code, said.splitlines()) == (0, REPLAYED)
        code, said = await whole.command(0, "import", "--system", "old")
        assert (code, said) == (
            2,
            "banyan: aggregator has no system 'old'.\n        Its systems are legacy, new.\n",
        )
        assert await whole.banyans[0].metric("banyan_grant_calls_total") >= 2


async def imported(whole: Aggregator) -> None:
    """A system that adopts none may bring what was told of."""
    [token] = whole.provider.mint("imported")
    assert (await whole.refresh(token, NEW)).status == 503
    said = await whole.command(0, "import", "--system", "new", "-", given=token.encode())
    assert said == (0, "1 tokens of new are known at aggregator\n")
    assert (await whole.refresh(token, NEW)).status == 200


async def listed(whole: Aggregator) -> None:
    [token] = whole.provider.mint("listed")
    assert (await whole.refresh(token, LEGACY)).status == 200
    code, said = await whole.command(0, "list")
    assert code == 0
    assert " card active generation 1 shown: legacy 0 " in " ".join(said.split())
    code, said = await whole.command(0, "list", "--system", "new", "--json")
    assert code == 1
    assert sorted(family["shown"].get("new", -1) for family in json.loads(said)["families"]) == [-1, 0]


async def exported(whole: Aggregator) -> None:
    """What is sealed is opened with a data key, as docs/grants.md shows."""
    code, said = await whole.command(0, "export", "--system", "new")
    grants = [json.loads(line) for line in said.splitlines()]
    assert (code, len(grants)) == (0, 2)
    for grant in grants:
        sealed = base64.b64decode(grant["sealed"])
        bound = UUID(grant["id"]).bytes + b"token"
        token = AESGCM(bytes.fromhex(DATA_KEY)).decrypt(sealed[4:16], sealed[16:], bound).decode()
        assert (await whole.refresh(token, NEW)).status == 200
