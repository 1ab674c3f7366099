"""The body of an invented answer. Interpreted: the compiler drops a class's keywords, `frozen` among them."""

from __future__ import annotations

import msgspec


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457 section 3.1; `type` stays `about:blank`, the status says it all."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
