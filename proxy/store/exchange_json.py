"""An exchange as bytes and back: JSON, bodies and fields in base64."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from proxy.core.evidence.records import ComparedExchange, storable

_decoder = msgspec.json.Decoder(ComparedExchange)


def encode(exchange: ComparedExchange) -> bytes:
    """JSON for the store; texts in a form that any store takes."""
    return msgspec.json.encode(_clean(exchange))


def decode(document: bytes) -> ComparedExchange:
    """An exchange from JSON; msgspec.DecodeError when it is none."""
    return _decoder.decode(document)


def _clean(exchange: ComparedExchange) -> ComparedExchange:
    differences = tuple(
        replace(
            difference, path=storable(difference.path), legacy=storable(difference.legacy), new=storable(difference.new)
        )
        for difference in exchange.differences
    )
    return replace(exchange, request_id=storable(exchange.request_id), differences=differences)
