"""The shape of the canonical line. Interpreted: the compiler drops a class's keywords, `omit_defaults` among them."""

from __future__ import annotations

import msgspec


class CanonicalLine(msgspec.Struct, omit_defaults=True):
    """One finished request. `ms` runs from the head's arrival to the last byte; `sent` counts body bytes.

    `client` is who asks: the address behind trusted proxies. `peer` is the connection's other end, where it is another.
    `attempts` and `fallback` stand there when the request was sent more than once; `refused` when it was sent nowhere;
    `parent_id` when the trace is the client's, `client_request_id` when it gave an id that is not used; `steps`: what
    the steps of the route say of it, by their names.
    """

    ts: str
    level: str
    event: str
    route: str
    side: str
    reason: str
    method: str
    target: str
    status: int
    ms: float
    sent: int
    received: int
    client: str
    request_id: str
    peer: str = ""
    host: str = ""
    trace_id: str = ""
    draw: float | None = None
    failure: str = ""
    refused: str = ""
    detail: str = ""
    attempts: int = 1
    fallback: bool = False
    parent_id: str = ""
    client_request_id: str = ""
    steps: dict[str, str] | None = None
