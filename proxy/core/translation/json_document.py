"""JSON → values that lose nothing, and back: numbers keep their digits, members their order, repeated keys stay.

Rule 1: a number is the text that it was written as; nothing here makes a float of it.
Rule 2: what RFC 8259 does not allow is refused (NaN, a text that is not UTF-8), and so is what nests deeper than
        `MAX_DEPTH`. A byte order mark is ignored, as RFC 8259 section 8.1 lets readers do, and not written again.
Rule 3: blanks between values are not kept, nor how a character was escaped: what they mean is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Final, NoReturn

from proxy.core.translation.untranslatable import Untranslatable

MAX_DEPTH: Final = 64
"""Objects and lists within each other."""
_BOM: Final = "\ufeff"


class Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(slots=True)
class JsonMember:
    """One member of an object."""

    key: str
    value: Json


@dataclass(slots=True)
class JsonObject:
    """An object: its members in the order of the text; a key may stand twice."""

    pairs: list[JsonMember]

    def named(self, name: str) -> list[JsonMember]:
        """All members of this name."""
        return [pair for pair in self.pairs if pair.key == name]

    def put(self, name: str, value: Json) -> None:
        """One more, behind the others."""
        self.pairs.append(JsonMember(name, value))

    def drop(self, name: str) -> None:
        """Every member of this name goes."""
        self.pairs = [pair for pair in self.pairs if pair.key != name]


Json = None | bool | str | Number | list["Json"] | JsonObject


class NotJson(Untranslatable):
    """A body that is none."""


def read_json(body: bytes) -> Json:
    """The document; `NotJson` where it is none, `Untranslatable` where it nests too deep."""
    try:
        text = body.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError:
        raise NotJson("$", "the body is not UTF-8") from None
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_members, parse_int=Number, parse_float=Number, parse_constant=_no_number
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise NotJson("$", "the body is not JSON") from None
    _check_depth(value, MAX_DEPTH)
    return value


def _members(pairs: list[tuple[str, Json]]) -> JsonObject:
    return JsonObject([JsonMember(key, value) for key, value in pairs])


def _no_number(_text: str) -> NoReturn:
    raise ValueError("no number of JSON")


def _check_depth(value: Json, left: int) -> None:
    inner: list[Json] = []
    if isinstance(value, list):
        inner = value
    elif isinstance(value, JsonObject):
        inner = [pair.value for pair in value.pairs]
    else:
        return
    if not left:
        raise _too_deep()
    for each in inner:
        _check_depth(each, left - 1)


def _too_deep() -> Untranslatable:
    return Untranslatable("$", f"the body nests deeper than {MAX_DEPTH} levels")


def write_json(value: Json) -> bytes:
    """The document as UTF-8, without blanks; half a surrogate pair, which has no UTF-8, stays escaped as it came."""
    try:
        return _text(value, encode_basestring).encode("utf-8")
    except UnicodeEncodeError:
        return _text(value, _escaped_where_needed).encode("utf-8")


def _text(value: Json, quoted: Callable[[str], str]) -> str:
    """Types by themselves, most frequent first: a `match` would ask for each of its cases."""
    kind = type(value)
    if kind is str:
        return quoted(value)  # type: ignore[arg-type]  # told by its type
    if kind is Number:
        return value  # type: ignore[return-value]
    if isinstance(value, JsonObject):
        return f"{{{','.join([f'{quoted(each.key)}:{_text(each.value, quoted)}' for each in value.pairs])}}}"
    if isinstance(value, list):
        return f"[{','.join([_text(each, quoted) for each in value])}]"
    return "null" if value is None else "true" if value else "false"


def _escaped_where_needed(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return str(encode_basestring_ascii(text))
    return str(encode_basestring(text))
