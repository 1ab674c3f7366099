from __future__ import annotations

import errno
import os

import pytest

from proxy.core.reachability.connect_finding import connect_failed, no_way, own_address, silent
from proxy.core.reachability.finding import End, ProbeRow, RowOutcome

AT = "10.0.0.1:80"
CASES = [
    (errno.ECONNREFUSED, ProbeRow.CONNECT, End.THERE, "refused", "nothing listens"),
    (errno.ENETUNREACH, ProbeRow.SOURCE, End.HERE, "unreachable", "no route"),
    (errno.EADDRNOTAVAIL, ProbeRow.SOURCE, End.HERE, "unreachable", "no route"),
    (errno.EHOSTUNREACH, ProbeRow.CONNECT, End.THERE, "unreachable", "host is up"),
    (errno.EACCES, ProbeRow.CONNECT, End.HERE, "permission denied", "let this user connect"),
    (errno.ENOENT, ProbeRow.CONNECT, End.THERE, "no such file", "no socket"),
    (errno.EMFILE, ProbeRow.CONNECT, End.HERE, "too many open files", "ulimit"),
    (errno.ECONNRESET, ProbeRow.CONNECT, End.THERE, "connection reset", "between here and"),
]


@pytest.mark.parametrize(("number", "row", "change", "said", "cure"), CASES)
def test_each_error_has_its_end_and_its_cure(number: int, row: ProbeRow, change: End, said: str, cure: str) -> None:
    """No way, refused, forbidden and used up are told apart, and whose they are."""
    found = connect_failed(AT, number, os.strerror(number))

    assert (found.row, found.outcome, found.change) == (row, RowOutcome.FAILED, change)
    assert found.said.startswith(said)
    assert cure in found.cure


def test_an_error_without_a_number_is_the_way_s() -> None:
    """Its words are repeated."""
    assert connect_failed(AT, None, "Strange").said == "strange"


def test_silence_no_way_and_a_loop_are_three_things() -> None:
    """Each names what it is about."""
    quiet, lost, loop = silent(AT, 2.0), no_way("10.0.0.1", "Network is unreachable"), own_address(AT)

    assert quiet.said == "timed out: no answer within 2 s"
    assert lost.said == "unreachable: network is unreachable"
    assert "loop" in loop.said
    assert [each.change for each in (quiet, lost, loop)] == [End.THERE, End.HERE, End.HERE]
