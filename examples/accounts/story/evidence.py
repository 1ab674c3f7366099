"""What can be looked up while the story plays: in the stores, in the aggregator's log, in Banyan."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from examples.accounts.stage.scene import Scene


@dataclass(frozen=True, slots=True)
class Consents:
    """What customers would have to give again; `refused`: how often the aggregator said invalid_grant."""

    card: int
    service: int
    revoked: int
    lost: int


async def moved(scene: Scene) -> int:
    """Tenants of the card product whose grant the account service holds."""
    return int((await scene.ask("service", "SELECT count(*) FROM connection WHERE origin = 'card'"))[0][0])


async def consents(scene: Scene) -> Consents:
    """None of these may be anything but 0."""
    card = await scene.ask("card", "SELECT count(*) FROM aggregator_tokens WHERE needs_consent")
    service = await scene.ask("service", "SELECT count(*) FROM connection WHERE needs_consent")
    revoked = (await scene.story("/_counts"))["revoked"]
    families = (await scene.operator.look("/api/grants?limit=10000") or {}).get("families", [])
    lost = sum(each["state"] == "needs_consent" for each in families)
    return Consents(card[0][0], service[0][0], revoked, lost)


def calls(folder: Path, since: float, path: str = "/link/accounts") -> Counter[str]:
    """Who called the aggregator itself, by its own log, from this time on (unix seconds)."""
    found: Counter[str] = Counter()
    for line in (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        if call["at"] >= since and call["path"] == path:
            found[call["caller"]] += 1
    return found


def by_caller(found: Counter[str]) -> str:
    """As the story tells it."""
    return ", ".join(f"{caller} {count}" for caller, count in sorted(found.items())) or "nobody"


def statements(scene: Scene, store: str) -> int:
    """How often the ETL has read a store: its role's statements are logged by PostgreSQL."""
    log = (scene.folder / f"{store}-store.log").read_text(encoding="utf-8", errors="replace")
    return sum(line.startswith("etl ") and "SELECT count" in line for line in log.splitlines())
