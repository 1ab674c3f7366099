"""Deaths of clerks at each point of a refresh, and whether the grant outlives them; counted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clerk.grants.desks import LEGACY, NEW, desk, said
from tests.clerk.grants.provider import Provider

LOSES_NOTHING = ("before_intent", "after_intent", "after_check", "after_spool", "after_commit")
"""Points at which a death costs no grant, whatever the provider does."""
NEEDS_GRACE = ("after_send", "after_answer")
ROOT = Path(__file__).parents[3]


NOT_SENT = 3
"""How a clerk ends whose client was told to come back."""


@dataclass(slots=True)
class Deaths:
    """The process that forks clerks which die."""

    process: subprocess.Popen[str]

    def die(self, **order: object) -> None:
        """Until it is dead."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ended = self.process.stdout.readline().strip()
        assert ended == "-9", f"the clerk ended by {ended!r}, not by SIGKILL, at {order['point']}"

    def stop(self, **order: object) -> int | None:
        """Until it is stopped; its process id. None: its lease was over before that, and it has sent nothing."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"point": "after_stop", "mutant": "", **order}) + "\n")
        self.process.stdin.flush()
        word, _, pid = self.process.stdout.readline().strip().partition(" ")
        assert word in {"stopped", str(NOT_SENT)}, word
        return int(pid) if pid else None

    def go_on(self, pid: int) -> int:
        """How it ends after all."""
        assert self.process.stdout is not None
        os.kill(pid, signal.SIGCONT)
        ended = self.process.stdout.readline()
        assert ended.strip().isdecimal(), ended
        return int(ended)


@contextmanager
def deaths() -> Iterator[Deaths]:
    command = [sys.executable, "-m", "tests.clerk.grants.crashing"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        yield Deaths(process)
        assert process.stdin is not None
        process.stdin.close()


async def lost(
    killing: Deaths, point: str, database: str, provider: Provider, folder: Path, runs: int, *, mutant: str = ""
) -> list[str]:
    """Accounts whose grant did not outlive a death at this point, of so many; the other system asks afterwards."""
    accounts = [f"{point}-{mutant}-{number}" for number in range(runs)]
    gone = []
    heir = desk(database, folder, provider.port)
    for number, (account, token) in enumerate(zip(accounts, provider.mint(*accounts), strict=True)):
        order = {"database": database, "folder": str(folder), "port": provider.port, "token": token}
        killing.die(point=point, mutant=mutant, **order)
        await heir.recover()
        address = (LEGACY, NEW)[number % 2] if point != "before_intent" else LEGACY
        reply = await heir.ask(token, address)
        if reply.status != 200:
            gone.append(account)
            assert said(reply)["error"] == "invalid_grant"
        else:
            again = await heir.ask(said(reply)["refresh_token"], LEGACY)
            assert again.status == 200, again
    await heir.close()
    return gone
