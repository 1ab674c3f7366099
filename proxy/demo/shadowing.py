"""The chapter before the canary: new is asked beside legacy, differs, is mended, and does not differ any more.

Rule 1: what differs is what Banyan found and keeps, read from its admin API as `banyan mismatches` reads it.
Rule 2: a deploy begins a new epoch; what is told of a release was compared with that release.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from proxy.api.evidence import ClusterView, MismatchesView
from proxy.cli.admin_client import NoAnswerError, get_mismatches, get_route
from proxy.demo.children import DemoError
from proxy.demo.new import FIRST, QUIRK
from proxy.demo.routes_file import MOVED
from proxy.demo.scenery import Scenery

ENOUGH = 150
"""Comparisons with one release that are waited for."""
PATIENCE = 60.0
"""Seconds for that, in which PostgreSQL has to come up as well."""
STRAY = 0.02
"""Share of mismatches that is nobody's fault: a write between both reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What Banyan knows about one release of new; `bound` is the rate of mismatches that is not disproved (99 %)."""

    release: str
    compared: int
    mismatch: int
    bound: float
    worst: ClusterView | None

    def __str__(self) -> str:
        """As the story tells it."""
        found = f"{self.compared} compared with release {self.release}, {self.mismatch} mismatches"
        return f"{found}, so at most {self.bound:.1%} differ (99 %)"


async def find_and_mend(
    scenery: Scenery, tell: Callable[[str], None], table: Callable[[list[ClusterView]], None]
) -> tuple[Compared, Compared]:
    """With the route at shadow: compare, show the difference, deploy, compare again; DemoError when nothing comes."""
    tell(f"legacy answers {MOVED}, the CRM is asked as well, and nobody waits for it")
    before = await _until_compared(scenery, FIRST, QUIRK)
    tell(str(before))
    await asyncio.to_thread(_show_worst, scenery, tell, table)
    tell(f"deployed release {(release := await scenery.deploy())} of the CRM: a new epoch begins")
    after = await _until_compared(scenery, release, "")
    tell(str(after))
    return before, after


def wrong_parity(parity: tuple[Compared, ...]) -> list[str]:
    """What should not have been found, or should have, with the first release and the last."""
    before, after = parity[0], parity[-1]
    wrong = []
    if before.worst is None or before.worst.path != QUIRK:
        wrong.append(f"the worst difference of release {before.release} is {before.worst}, not {QUIRK}")
    if (after.worst and after.worst.path == QUIRK) or after.mismatch > STRAY * after.compared:
        wrong.append(f"release {after.release} still differs: {after}; {after.worst}")
    return wrong


async def _until_compared(scenery: Scenery, release: str, path: str) -> Compared:
    """Wait for enough comparisons with this release, and for a cluster at this path, if any is named."""
    deadline = time.monotonic() + PATIENCE
    while True:
        scenery.children.check()
        found = await asyncio.to_thread(_compared, scenery.admin, release)
        if found and found.compared >= ENOUGH and (not path or found.worst):
            return found
        if time.monotonic() > deadline:
            raise DemoError(f"waited {PATIENCE:g} s for {ENOUGH} comparisons with release {release}: {found or 'none'}")
        await asyncio.sleep(0.1)


def _compared(admin: str, release: str) -> Compared | None:
    """None as long as Banyan knows nothing about this release."""
    try:
        page, _ = get_route(admin, MOVED)
        clusters = get_mismatches(admin, MOVED).clusters
    except NoAnswerError:
        return None
    if page.evidence.epoch is None or page.evidence.epoch.new_version != release:
        return None
    return Compared(
        release=release,
        compared=page.parity.compared,
        mismatch=page.parity.mismatch,
        bound=page.parity.rate_upper_bound,
        worst=next((cluster for cluster in clusters if cluster.accepted is None), None),
    )


def _show_worst(scenery: Scenery, tell: Callable[[str], None], table: Callable[[list[ClusterView]], None]) -> None:
    """The cluster as `banyan mismatches` prints it, and what both sides said."""
    worst = [cluster for cluster in _read(scenery.admin).clusters if cluster.accepted is None][:1]
    tell(f"`banyan mismatches {MOVED}` says:")
    table(worst)
    for each in worst:
        for shown in (_read(scenery.admin, each.id).exchanges or [])[:1]:
            for difference in shown.differences:
                said = f"legacy {difference.legacy}, new {difference.new}"
                tell(f"{shown.request.method} {shown.request.target}: {difference.path} {said}")


def _read(admin: str, cluster: str = "") -> MismatchesView:
    try:
        return get_mismatches(admin, MOVED, cluster)
    except NoAnswerError as error:
        raise DemoError(error.message) from error
