"""An exchange as bytes and back: JSON, bodies and fields in base64."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from proxy.core.evidence.records import ComparedExchange, storable

_decoder = msgspec.json.Decoder(ComparedExchange)


def encode(exchange: ComparedExchange) -> bytes:
    """For the store."""
    return msgspec.json.encode(_clean(exchange))


def decode(document: bytes) -> ComparedExchange:
    """From the store."""
    return _decoder.decode(document)


def _clean(exchange: ComparedExchange) -> ComparedExchange:
    differences = tuple(
        replace(each, path=storable(each.path), legacy=storable(each.legacy), new=storable(each.new))
        for each in exchange.differences
    )
    return replace(exchange, request_id=storable(exchange.request_id), differences=differences)
