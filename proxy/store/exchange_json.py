"""An exchange as bytes and back: JSON, bodies and fields in base64."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from proxy.core.evidence.records import Exchange, storable

_decoder = msgspec.json.Decoder(Exchange)


def encode(exchange: Exchange) -> bytes:
    """For the store."""
    return msgspec.json.encode(_clean(exchange))


def decode(document: bytes) -> Exchange:
    """From the store."""
    return _decoder.decode(document)


def _clean(exchange: Exchange) -> Exchange:
    differences = tuple(
        replace(each, path=storable(each.path), legacy=storable(each.legacy), new=storable(each.new))
        for each in exchange.differences
    )
    return replace(exchange, request_id=storable(exchange.request_id), differences=differences)
