"""What wrk prints, and what it is told to send."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.load import wrk

LINE = (
    '{"requests":54321,"microseconds":2000000,"bytes":999,"p50":1840,"p99":4680,'
    '"not_ok":1,"connect":2,"read":3,"write":4,"timeout":5}'
)
OUTPUT = f"Running 2s test @ http://127.0.0.1:1/\n  1 threads and 48 connections\nRequests/sec:  27160.50\n{LINE}\n"


def test_the_last_line_of_wrk_is_read() -> None:
    """Requests, time, latency and failures of every kind come from the JSON line, not from the rounded text above."""
    count = wrk.parse(OUTPUT)
    assert (count.requests, count.seconds, count.p50, count.p99) == (54321, 2.0, 1840, 4680)
    assert count.failures == 15


@pytest.mark.parametrize("output", ["", "Segmentation fault\n", '{"requests":1}\n'])
def test_output_without_figures_is_shown(output: str) -> None:
    """An output that does not end in the line of figures is an error that holds what was printed."""
    with pytest.raises(BenchError, match="did not end with its line") as caught:
        wrk.parse(output)
    assert output.strip() in str(caught.value)


def test_an_upload_counts_its_own_bytes() -> None:
    """Bytes per second of an upload are those of the body sent, which wrk does not count."""
    assert wrk.upload().sent_bytes == 1 << 20
    assert wrk.download().sent_bytes == 0
