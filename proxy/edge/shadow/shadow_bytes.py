"""The request head as the other side gets it: as the live leg's, without what is the client's and one side's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.routing.shadow import DRY_RUN, MARKER

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.wire.request_bytes import Ids


def shadow_head(
    head: RequestHead, ids: Ids, forwarded: bytes, leg: Leg, copied: list[bytes], *, dry_run: bool
) -> bytes:
    """`copied` are the client's lines that may go along, `forwarded` ready lines with CRLF, as on the live leg."""
    lines = copied
    own = head.lines[head.host_at] if head.host_at >= 0 else b""
    if leg.host_line:
        lines = [leg.host_line, *(line for line in lines if line is not own)]
    elif not own:
        lines = [b"Host: " + leg.authority, *lines]
    more = [MARKER, DRY_RUN] if dry_run else [MARKER]
    if ids.continued:
        more += [b"tracestate: " + value for value in head.fields.get(b"tracestate", ())]
    return b"%b %b HTTP/1.1\r\n%b\r\n%b%bX-Request-Id: %b\r\ntraceparent: %b\r\n%b\r\n\r\n" % (
        head.method,
        head.target,
        b"\r\n".join(lines),
        forwarded,
        head.mark,
        ids.request_id,
        ids.traceparent,
        b"\r\n".join(more),
    )
