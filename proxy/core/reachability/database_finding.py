"""What a PostgreSQL says when it turns somebody away, by SQLSTATE (appendix A of its manual)."""

from __future__ import annotations

from proxy.core.reachability.finding import End, Finding, ProbeRow, failed


def turned_away(state: str, words: str, *, role: str, database: str, key: str) -> Finding:
    """`words` are the server's own; `key` is where routes.yaml has the address and the password."""
    match state:
        case "28P01":
            cure = f"{key} has another password than the role {role} has there: change one of them"
            return failed(ProbeRow.AS_WHOM, words, End.HERE, cure)
        case "28000":
            cure = f"let the role {role} in from this address (pg_hba.conf, CREATE ROLE … LOGIN)"
            return failed(ProbeRow.AS_WHOM, words, End.THERE, cure)
        case "3D000":
            return failed(ProbeRow.MAY_I, words, End.THERE, f"create the database {database}, or name another in {key}")
        case "42501":
            return failed(ProbeRow.MAY_I, words, End.THERE, f"grant the role {role} what is missing, see the message")
        case "53300":
            return failed(ProbeRow.MAY_I, words, End.THERE, "raise max_connections, or let others close theirs")
        case "57P01" | "57P02" | "57P03":
            return failed(ProbeRow.CONNECT, words, End.THERE, "it starts or stops: wait until it accepts connections")
        case _:
            return failed(ProbeRow.MAY_I, f"{words} (SQLSTATE {state})", End.THERE, f"see its log, and {key}")
