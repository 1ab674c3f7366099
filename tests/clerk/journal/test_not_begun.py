"""A client whose write is not begun is told why."""

from __future__ import annotations

import pytest

from proxy.clerk.journal import journal_handler
from proxy.clerk.journal.journal_handler import JournalHandler
from proxy.core.journal.intent import Ended, FirstOutcome
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.link.journal_questions import BeginWrite
from proxy.link.questions import Unavailable
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from tests.clerk.journal.conftest import Bench, put
from tests.control.tables import snapshot

ASKED = BeginWrite(
    id=f"{7:032x}",
    scope="accounts",
    key="7",
    route="accounts",
    cohort="header:1",
    draw=0.5,
    side=Side.NEW,
    send=SentOn.REQUEST,
    method=b"PUT",
    target=b"/accounts/7",
    lines=[],
    body=b"{}",
    repeatable=True,
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_handler, "WITHIN", 0.2)


async def told(journal: PostgresJournal) -> str:
    answer = await JournalHandler(journal, snapshot()).answer(ASKED)
    return answer.detail if isinstance(answer, Unavailable) else ""


async def test_another_write_of_the_thing(bench: Bench) -> None:
    """It is on its way, here or at another replica."""
    await bench.journal.begin([put("7")], 60.0)
    assert await told(bench.journal) == "the write was not begun: another write of the same thing is on its way"


async def test_a_side_that_is_behind(bench: Bench) -> None:
    """Legacy has a write that new does not have, and new is to answer."""
    await bench.journal.begin([one := put("7")], 60.0)
    await bench.journal.end([Ended(id=one.id, outcome=FirstOutcome.DONE)])
    assert await told(bench.journal) == (
        "the write was not begun: the side that is to answer now does not have an earlier write of the same thing yet"
    )


async def test_a_move(bench: Bench) -> None:
    """It holds the writes of this cohort; when it ends they are begun."""
    hold = await bench.journal.hold("accounts", (0.4, 0.6), 60.0)
    moving = await told(bench.journal)
    await bench.journal.unhold([hold], 0.0)

    assert moving == "the write was not begun: clients like this one are being moved from one side to the other"
    assert await told(bench.journal) == ""


async def test_a_database_that_is_away() -> None:
    """Nothing is said of where it is."""
    away = Connections("postgresql://nobody@127.0.0.1:1/none", patience=Patience(timeout=1.0, connect=0.5))
    assert await told(PostgresJournal(away, "clerk")) == (
        "the write was not begun: the database that would keep it for both sides cannot be asked now"
    )
