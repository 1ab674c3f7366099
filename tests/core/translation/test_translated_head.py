"""Heads of requests as they go over the wire."""

from __future__ import annotations

import pytest

from proxy.core.outcome import Side
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.field_lines import RenameHeader
from proxy.core.translation.query_steps import RenameQuery
from proxy.core.translation.translated_head import check_head, translate_head
from proxy.core.translation.untranslatable import Untranslatable

ADAPTER = AdapterPolicy(name="a", speaks=Side.LEGACY, request=(RenameHeader("X-A", "X-B"), RenameQuery("p", "q")))
HEAD = b"POST /a?p=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: 9\r\n\r\n"


def test_a_head_is_translated_whole() -> None:
    """Target, fields, and the length where the body is another one."""
    assert translate_head(ADAPTER, HEAD, None) == HEAD.replace(b"X-A", b"X-B").replace(b"?p", b"?q")
    assert b"\r\nContent-Length: 3\r\n\r\n" in translate_head(ADAPTER, HEAD, b"abc")


def test_a_head_is_checked_by_its_lines() -> None:
    """As `check_request` says."""
    check_head(ADAPTER, HEAD, has_body=True)
    with pytest.raises(Untranslatable, match="precondition"):
        check_head(ADAPTER, HEAD.replace(b"X-A", b"If-Match"), has_body=True)
