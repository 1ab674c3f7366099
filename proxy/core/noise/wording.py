"""What the request and the two answers of a pair say, as text, made when somebody asks for it."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from proxy.core.noise.tokens import MOST_READ, first_tokens, tokens_of
from proxy.core.parity.captured import CapturedAnswer, Pair
from proxy.core.parity.decode import Undecodable, decode
from proxy.core.parity.fields import fields_of, first_value

BEGIN, MOST_BEGIN = 16 * 1024, 128
"""Bytes of an answer's beginning, and how many of its tokens are remembered."""
_CODED = frozenset({b"content-encoding"})


class Wording:
    """Of one pair."""

    __slots__ = ("_asked", "_legacy", "_new", "_pair", "_text")

    def __init__(self, pair: Pair) -> None:
        """Nothing is read yet."""
        self._pair = pair
        self._text: str | None = None
        self._asked: frozenset[str] | None = None
        self._legacy: frozenset[str] | None = None
        self._new: frozenset[str] | None = None

    @property
    def request(self) -> str:
        """Target, fields and body."""
        if self._text is None:
            asked = self._pair.request
            parts = (unquote_to_bytes(asked.target), *(value for _, value in asked.fields), asked.body[:MOST_READ])
            self._text = b"\n".join(parts).decode("utf-8", "replace")
        return self._text

    @property
    def asked(self) -> frozenset[str]:
        """Tokens of the request."""
        if self._asked is None:
            self._asked = tokens_of(self.request)
        return self._asked

    @property
    def legacy(self) -> frozenset[str]:
        """Tokens of legacy's answer."""
        if self._legacy is None:
            self._legacy = tokens_of(_text(self._pair.legacy, MOST_READ))
        return self._legacy

    @property
    def begin(self) -> tuple[str, ...]:
        """The first tokens of the beginning of legacy's answer."""
        return first_tokens(_text(self._pair.legacy, BEGIN), MOST_BEGIN)

    @property
    def new(self) -> frozenset[str]:
        """Tokens of new's answer."""
        if self._new is None:
            self._new = tokens_of(_text(self._pair.new, MOST_READ))
        return self._new


def _text(answer: CapturedAnswer, most: int) -> str:
    try:
        body = decode(answer.body, first_value(fields_of(answer.fields, _CODED), b"content-encoding"))
    except Undecodable:
        body = b""
    parts = (body[:most], *(value for _, value in answer.fields))
    return b"\n".join(parts).decode("utf-8", "replace")
