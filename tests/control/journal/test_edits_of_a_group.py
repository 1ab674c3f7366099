"""An edit of a group whose writes both sides get: a real journal, and control's own parts."""

from __future__ import annotations

from proxy.config.load import Loaded, load_text
from proxy.control.journal.authority_moves import AuthorityMoves
from proxy.control.position.place_reasons import why
from proxy.core.journal.intent import Ended, FirstOutcome
from proxy.core.routing.snapshot import Snapshot
from proxy.store.postgres.journal import PostgresJournal
from tests.clerk.journal.conftest import put
from tests.control.stands import Clock, Stand, Store

FILE = """\
version: 1
listen: :8080
state: "postgresql://banyan@127.0.0.1/banyan"
upstreams:
  legacy: { url: "http://127.0.0.1:1", applies: /applies }
  new: { url: "http://127.0.0.1:2", applies: /applies }
routes:
  - { name: writes, match: "PUT /accounts/{id}", stage: canary, split: SPLIT, group: accounts, writes: WRITES }
  - { name: reads, match: "GET /accounts/{id}", stage: canary, split: SPLIT, group: accounts }
"""


def table(split: str) -> Snapshot:
    found = load_text(FILE.replace("SPLIT", split).replace("WRITES", "{ mode: dual, key: path:id }"), "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return found.snapshot


async def replica(journal: PostgresJournal, clock: Clock) -> Stand:
    """The only one, at 20 %, after its first round."""
    stand = Stand(table("20%"), Store(clock), clock)
    stand.mover.gate = AuthorityMoves(journal, lambda: stand.running.snapshot)
    await stand.begin()
    await stand.rounds()
    return stand


async def leave_unknown(journal: PostgresJournal) -> str:
    """Nobody knows whether legacy has this; its cohort's draw is 0.5."""
    lost = put("7")
    await journal.begin([lost], 60.0)
    await journal.end([Ended(id=lost.id, outcome=FirstOutcome.UNKNOWN)])
    return lost.id


async def test_routes_that_only_read_wait_with_those_that_write(journal: PostgresJournal, clock: Clock) -> None:
    """Else a cohort reads from new what legacy alone has; all go on once nothing is undone, and stay one group."""
    stand = await replica(journal, clock)
    lost = await leave_unknown(journal)
    done = await stand.edit(table("100%"))
    waiting = [stand.place(name) for name in ("writes", "reads")]
    await journal.drop(lost)
    again = await stand.reconciling.follow()

    assert (done, waiting) == (False, ["canary 20%"] * 2)
    assert (again, [stand.place(name) for name in ("writes", "reads")]) == (True, ["canary 100%"] * 2)


async def test_it_is_said_that_the_edit_waits_and_for_what(journal: PostgresJournal, clock: Clock) -> None:
    """Of each route; not that an edit has moved it. It is said no longer when it waits no more, or was taken back."""
    stand = await replica(journal, clock)
    lost = await leave_unknown(journal)

    def told() -> list[str]:
        return [why(route, stand.here.placed(route)) for route in stand.running.snapshot.routes]

    await stand.edit(table("100%"))
    waits = told()
    await stand.edit(table("20%"))
    back = told()
    await stand.edit(table("100%"))
    await journal.drop(lost)
    await stand.reconciling.follow()

    why_not = "writes of the moving cohorts are not on both sides: 1 unknown (banyan journal)"
    assert waits == [f"the edit to canary 100% waits: {why_not}"] * 2
    assert (back, told()) == (["", ""], ["", ""])
