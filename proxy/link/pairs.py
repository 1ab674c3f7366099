"""What a worker hands to the comparer over a private Unix socket: one frame per pair of answers.

Rule 1: a frame is a 4-byte big-endian length and a MessagePack body of at most `MAX_PAIR` bytes.
Rule 2: a pair that would be longer loses its bodies and keeps their sizes, so it counts as truncated, never as equal.
Rule 3: a label can be read without the pair, so that what is passed over is still counted where it belongs.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from proxy.core.parity.pair import CapturedAnswer, Label, Pair

MAX_PAIR = 8 * 1024 * 1024
"""Bytes of a frame's body: room for a request and three answers of 1 MiB each, and their fields."""
PAIRS = "pairs"
"""The socket's name in the directory of the link."""


_encode = msgspec.msgpack.Encoder().encode
_pair: msgspec.msgpack.Decoder[Pair] = msgspec.msgpack.Decoder(Pair)
_label: msgspec.msgpack.Decoder[Label] = msgspec.msgpack.Decoder(Label)


def encode(pair: Pair) -> bytes:
    """The frame, its length included; it never raises and always fits."""
    body = _encode(pair)
    if len(body) > MAX_PAIR:
        body = _encode(_without_bodies(pair))
    return len(body).to_bytes(4, "big") + body


def decode(body: bytes) -> Pair:
    """The pair of a frame's body (without its length); msgspec.DecodeError when it is not of this version."""
    return _pair.decode(body)


def decode_label(body: bytes) -> Label:
    """The label of a frame's body, in a fraction of the time; msgspec.DecodeError."""
    return _label.decode(body)


def _without_bodies(pair: Pair) -> Pair:
    second = None if pair.second is None else _bare(pair.second)
    request = replace(pair.request, body=b"")
    return replace(pair, request=request, legacy=_bare(pair.legacy), new=_bare(pair.new), second=second)


def _bare(answer: CapturedAnswer) -> CapturedAnswer:
    return replace(answer, body=b"", size=max(answer.size, 1))
