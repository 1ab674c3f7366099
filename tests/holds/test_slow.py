from __future__ import annotations

from holds.endurance.slow import attackers

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(local: int, remote: str, state: str) -> str:
    return f"   0: 0100007F:{local:04X} {remote} {state} 00000000:00000000 00:00000000 00000000     0        0 1\n"


def test_only_what_the_system_holds_for_attackers_counts() -> None:
    """Established and half-closed connections from 127.0.0.1 to the port; no listener, other client or other port."""
    table = HEAD + "".join(
        (
            row(8080, "0100007F:C001", "01"),
            row(8080, "0100007F:C002", "04"),
            row(8080, "0100007F:C003", "06"),
            row(8080, "00000000:0000", "0A"),
            row(8080, "0200007F:C004", "01"),
            row(9090, "0100007F:C005", "01"),
            row(49153, "0100007F:1F90", "01"),
        )
    )

    assert attackers(table, 8080) == 2
