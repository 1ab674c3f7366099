"""Which request heads need no second look."""

from __future__ import annotations

import pytest

from proxy.core.http.request import RequestHead, RequestReader
from tests.core.request_cases import get


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: 1",
        b"Transfer-Encoding: chunked",
        b"X-Forwarded-For: 10.0.0.1",
        b"X-Banyan-Via: 0123456789abcdef",
        b"Expect: 100-continue",
        b"Upgrade: websocket",
        b"Connection: close",
        b"TE: trailers",
        b"Authorization: NTLM x",
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
def test_a_head_is_plain_unless_banyan_reads_more_of_it(field: bytes) -> None:
    """Plain is what has no field that Banyan reads for itself, and no mark, when read and when recalled alike."""
    for raw, is_plain in ((get(b"X-A: 1"), True), (get(field), False)):
        reader = RequestReader(frozenset({b"authorization"}))
        read, recalled = reader.read(raw), reader.recall(raw)
        assert isinstance(read, RequestHead)
        assert recalled is not None
        assert (read.plain, recalled.plain) == (is_plain, is_plain)
        recalled.bear(b"X-Banyan-Via: 0123456789abcdef\r\n")
        assert not recalled.plain
