from __future__ import annotations

import pytest

from proxy.core.reachability.database_finding import turned_away
from proxy.core.reachability.finding import End, ProbeRow


@pytest.mark.parametrize(
    ("state", "row", "change", "cure"),
    [
        ("28P01", ProbeRow.AS_WHOM, End.HERE, "databases.cards has another password than the role reader"),
        ("28000", ProbeRow.AS_WHOM, End.THERE, "pg_hba.conf"),
        ("3D000", ProbeRow.MAY_I, End.THERE, "create the database cards"),
        ("42501", ProbeRow.MAY_I, End.THERE, "grant the role reader"),
        ("53300", ProbeRow.MAY_I, End.THERE, "max_connections"),
        ("57P03", ProbeRow.CONNECT, End.THERE, "starts or stops"),
        ("XX000", ProbeRow.MAY_I, End.THERE, "see its log"),
    ],
)
def test_each_state_has_its_row_and_its_cure(state: str, row: ProbeRow, change: End, cure: str) -> None:
    """With the server's own words."""
    found = turned_away(state, "words", role="reader", database="cards", key="databases.cards")

    assert (found.row, found.change) == (row, change)
    assert found.said.startswith("words")
    assert cure in found.cure
