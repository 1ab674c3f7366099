"""What the request and the two answers of a pair say, as text, made when somebody asks for it."""

from __future__ import annotations

from enum import Enum
from typing import assert_never
from urllib.parse import unquote_to_bytes

from proxy.core.noise.tokens import MOST_READ, first_tokens, tokens_of
from proxy.core.parity.fields import fields_of, first_value
from proxy.core.parity.formats.decode import Undecodable, decode
from proxy.core.parity.pair import CapturedAnswer, Pair

BEGIN, MOST_BEGIN = 4 * 1024, 64
"""Bytes of an answer's beginning, and how many of its tokens are remembered."""
MOST_LOOKS = 24
"""Searches through texts of one pair, after which their tokens are gathered instead."""
_CODED = frozenset({b"content-encoding"})


class Speaker(Enum):
    """In whose words a token stands."""

    REQUEST = 1
    LEGACY = 2
    NEW = 3


class Wording:
    """The texts and tokens of one pair, read once each."""

    __slots__ = ("_looks", "_pair", "_texts", "_tokens")

    def __init__(self, pair: Pair) -> None:
        """Nothing is read yet."""
        self._pair = pair
        self._looks = 0
        self._texts: dict[Speaker, str] = {}
        self._tokens: dict[Speaker, frozenset[str]] = {}

    @property
    def begin(self) -> list[str]:
        """The first tokens of the beginning of legacy's answer."""
        return first_tokens(_text(self._pair.legacy, BEGIN), MOST_BEGIN)

    def holds(self, value: str, by: Speaker) -> bool:
        """Whether a value stands there as a whole, not as a part of a longer word or number."""
        return stands(value, self._read(by))

    def has(self, token: str, by: Speaker) -> bool:
        """Whether a token stands there; where much is asked for, all of them are looked for once."""
        self._looks += 1
        if self._looks <= MOST_LOOKS:
            return self.holds(token, by)
        if by not in self._tokens:
            self._tokens[by] = tokens_of(self._read(by))
        return token in self._tokens[by]

    def _read(self, by: Speaker) -> str:
        found = self._texts.get(by)
        if found is None:
            found = self._texts[by] = self._said(by)
        return found

    def _said(self, by: Speaker) -> str:
        match by:
            case Speaker.LEGACY:
                return _text(self._pair.legacy, MOST_READ)
            case Speaker.NEW:
                return _text(self._pair.new, MOST_READ)
            case Speaker.REQUEST:
                asked = self._pair.request
                parts = (unquote_to_bytes(asked.target), *(value for _, value in asked.fields), asked.body[:MOST_READ])
                return b"\n".join(parts).decode("utf-8", "replace")
            case _:
                assert_never(by)


def stands(value: str, text: str) -> bool:
    """Whether it stands there as a whole."""
    at = text.find(value)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(value) : at + len(value) + 1]
        if not _goes_on(before) and not _goes_on(after):
            return True
        at = text.find(value, at + 1)
    return False


def _goes_on(letter: str) -> bool:
    return letter.isalnum() or letter in {"_", "-"}


def _text(answer: CapturedAnswer, most: int) -> str:
    try:
        body = decode(answer.body, first_value(fields_of(answer.fields, _CODED), b"content-encoding"))
    except Undecodable:
        body = b""
    parts = (body[:most], *(value for _, value in answer.fields))
    return b"\n".join(parts).decode("utf-8", "replace")
