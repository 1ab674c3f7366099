"""Phase 0: a new environment, in which one service of all runs, and nobody has to bring a token."""

from __future__ import annotations

import asyncio

from examples.insurance.stage.foundation import Foundation
from examples.insurance.story.report import Report
from examples.stage.operator import Operator
from examples.stage.routes import RoutesFile
from examples.stage.telling import Telling

_FILE = "local.yaml"


async def environment(base: Foundation, tell: Telling, report: Report) -> None:
    """It starts, says what is absent, and cannot be opened to other machines by accident."""
    tell.chapter("Phase 0: a new environment with one service")
    tell.why(
        "Configuration depends one way: local.yaml includes systems.yaml alone, and knows neither partners nor "
        "providers. The contract service is the only one that runs; routes to the others are reported, not fatal."
    )
    admin = base.children.variables["INSURANCE_LOCAL_ADMIN"]
    file = RoutesFile(base.folder / _FILE)
    operator = Operator(base.children, file, f"http://127.0.0.1:{admin}", base.client, tell, base.names.prefix)
    state = {"BANYAN_STATE_DIR": str(base.folder / ".local")}
    command = ("proxy", "serve", "--config", str(file.path))
    banyan = base.children.python("local-banyan", *command, more=state, prefix=base.names.prefix)
    await operator.serves()
    await _is_asked(base, tell, report)
    await _absent_ones_are_reported(operator, tell)
    await asyncio.gather(asyncio.to_thread(base.children.end, banyan), _off_loopback(operator, tell, report))


async def _is_asked(base: Foundation, tell: Telling, report: Report) -> None:
    address = base.children.variables["INSURANCE_LOCAL"]
    async with base.client.get(f"http://{address}/products") as answer:
        report.local_answered = answer.status
    async with base.client.get(f"http://{address}/plans/proposals") as other:
        pass
    tell(f"  asked  without a token: GET /products {answer.status}; GET /plans/proposals {other.status}: not here")


async def _absent_ones_are_reported(operator: Operator, tell: Telling) -> None:
    said = await operator.json("probe", "--config", _FILE)
    for target in said["targets"]:
        worst = next((each for each in target["findings"] if each["outcome"] == "failed"), None)
        found = f"{worst['row']} FAILED, {worst['said']}; {worst['change']}: {worst['cure']}" if worst else "ok"
        tell(f"  probe  {target['name']}: {found}")


async def _off_loopback(operator: Operator, tell: Telling, report: Report) -> None:
    tell("  now    the same file with INSURANCE_LOCAL=0.0.0.0:8080")
    said = await operator.command("check", _FILE, more={"INSURANCE_LOCAL": "0.0.0.0:8080"})
    report.refused_off_loopback = said.code == 2 and "anybody may call it, from other machines too" in said.text
