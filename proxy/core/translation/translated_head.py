"""A request's head as it goes over the wire, translated."""

from __future__ import annotations

from proxy.core.translation.adapter_code import NO_CHANGE, HeadChange
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.translate_message import check_request, translate_request


def check_head(adapter: AdapterPolicy, head: bytes, *, has_body: bool) -> None:
    """`check_request` of a head up to and with its empty line."""
    start, *lines = head.split(b"\r\n")[:-2]
    method, target, _ = start.split(b" ")
    check_request(adapter, method, target, lines, has_body=has_body)


def translate_head(adapter: AdapterPolicy, head: bytes, made: bytes | None, change: HeadChange = NO_CHANGE) -> bytes:
    """A head up to and with its empty line; `made` is what became of the body, None: it goes on as it came.

    `change` is what code made of the head. Raises `Untranslatable`.
    """
    start, *lines = head.split(b"\r\n")[:-2]
    method, target, version = start.split(b" ")
    found = translate_request(adapter, method, target, lines, made, change)
    return b"\r\n".join([b" ".join((method, found.target, version)), *found.lines, b"", b""])
