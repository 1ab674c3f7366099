from __future__ import annotations

from proxy.control.metrics.evidence_metrics import EvidenceReading, write_parity
from proxy.core.parity.compare import Outcome


def test_the_counter_grows_and_the_gauge_says_what_is_undecided_now() -> None:
    """What was undecided when it was compared stays so in the counter; the gauge falls when it is decided."""
    reading = EvidenceReading(outcomes={("a", Outcome.UNDECIDED): 9}, undecided={"a": 2, 'b"': 0})
    lines = "".join(write_parity(reading)).splitlines()

    assert [line for line in lines if not line.startswith("#")] == [
        'banyan_parity_total{route="a",outcome="undecided"} 9',
        'banyan_parity_undecided{route="a"} 2',
        'banyan_parity_undecided{route="b\\""} 0',
    ]
