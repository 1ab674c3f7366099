"""What the code of an adapter is given, and gives back: a request or an answer, with its body as plain values.

Rule 1: a body is made of dict, list, str, bool, None, int and Decimal. A number that is given back as it came is
        written as it was written; a float is refused, since what it stands for is not what was sent.
Rule 2: an object in which a key stands twice is a `RepeatedKeys`: what code leaves alone goes on as it came, and what
        would take one of them for all cannot be translated.
Rule 3: fields are those that code is shown (`adapter_code.py`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Final, NoReturn, Self

from proxy.core.translation.json_document import MAX_DEPTH, NotJson
from proxy.core.translation.untranslatable import Untranslatable

_BOM: Final = "\ufeff"
_MOST_DIGITS: Final = 4000
"""Of an int, whose making takes ever longer; a number with more is a Decimal."""
_BARE = re.compile(r"[_A-Za-z][_A-Za-z0-9-]*")


class ExactNumber(Decimal):
    """A number that knows how it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Of the text of a JSON number."""
        made = Decimal.__new__(cls, text)
        made.text = text
        return made

    def __copy__(self) -> ExactNumber:
        """It never changes."""
        return self

    def __deepcopy__(self, memo: object) -> ExactNumber:
        """It never changes."""
        return self


class RepeatedKeys(dict[str, Any]):
    """An object with a key that stands twice: rule 2. `pairs` are all members in their order."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """The last one of each key is what a look-up would find."""
        super().__init__(pairs)
        self.pairs = pairs
        counts = Counter(name for name, _ in pairs)
        self.repeated = frozenset(name for name, count in counts.items() if count > 1)

    def _refuse(self) -> NoReturn:
        raise Untranslatable(f"key {min(self.repeated)}", "it stands twice in its object")

    def _single(self, key: object) -> None:
        if key in self.repeated:
            self._refuse()

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 -- of any kind
        """A member that stands once."""
        self._single(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 -- of any kind
        """The same."""
        self._single(key)
        return super().get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 -- of any kind
        """A new member, or another value of one that stands once."""
        self._single(key)
        if key in self:
            self.pairs = [(name, value if name == key else old) for name, old in self.pairs]
        else:
            self.pairs = [*self.pairs, (key, value)]
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        """Of a member that stands once."""
        self._single(key)
        super().__delitem__(key)
        self.pairs = [pair for pair in self.pairs if pair[0] != key]

    def pop(self, key: str, *default: Any) -> Any:  # noqa: ANN401 -- of any kind
        """The same, with its value."""
        if key not in self:
            return super().pop(key, *default)
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 -- of any kind
        """A member that is put in where it is absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def _whole(self, *_: object, **__: object) -> NoReturn:
        """What takes all members would lose some."""
        self._refuse()

    __iter__ = keys = values = items = update = copy = popitem = clear = __or__ = __ior__ = __reversed__ = _whole


class AdapterFields:
    """Header fields in their order; names are compared without case."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        """As they came."""
        self._pairs = list(pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Names and values."""
        return iter(tuple(self._pairs))

    def __contains__(self, name: str) -> bool:
        """Whether there is any of this name."""
        return bool(self.all(name))

    def all(self, name: str) -> list[str]:
        """All values."""
        return [value for key, value in self._pairs if key.lower() == name.lower()]

    def get(self, name: str, default: str = "") -> str:
        """The first value."""
        return next(iter(self.all(name)), default)

    def set(self, name: str, value: str) -> None:
        """This value alone."""
        self.drop(name)
        self._pairs.append((name, value))

    def add(self, name: str, value: str) -> None:
        """One more."""
        self._pairs.append((name, value))

    def drop(self, name: str) -> None:
        """None of this name."""
        self._pairs = [pair for pair in self._pairs if pair[0].lower() != name.lower()]


@dataclass(slots=True, kw_only=True)
class AdapterRequest:
    """A request. `query` are its parameters, decoded; `body` None: there is none, or it is null."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: AdapterFields
    body: Any = None


@dataclass(slots=True, kw_only=True)
class AdapterAnswer:
    """An answer to the request with this method and path.

    `body` None: there is none that could be read (of HEAD, 204, or an error that is no JSON), or it is null.
    """

    status: int
    method: str
    path: str
    headers: AdapterFields
    body: Any = None


def read_body(body: bytes) -> Any:  # noqa: ANN401 -- a JSON value
    """Rule 1; `NotJson` where it is none."""
    try:
        text = body.decode("utf-8").removeprefix(_BOM)
        return json.loads(
            text, object_pairs_hook=_members, parse_int=_whole, parse_float=ExactNumber, parse_constant=_no_number
        )
    except RecursionError:
        raise Untranslatable("$", f"the body nests deeper than {MAX_DEPTH} levels") from None
    except (ValueError, InvalidOperation):
        raise NotJson("$", "the body is not JSON in UTF-8, or has a number beyond all bounds") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else RepeatedKeys(pairs)


def _whole(text: str) -> int | ExactNumber:
    return ExactNumber(text) if text == "-0" or len(text) > _MOST_DIGITS else int(text)


def _no_number(_text: str) -> NoReturn:
    raise ValueError("no number of JSON")


def write_body(value: Any) -> bytes:  # noqa: ANN401 -- what code gave back
    """As UTF-8, without blanks; what is no value of JSON is told by its path."""
    try:
        return _text(value, None, MAX_DEPTH, encode_basestring).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, which stays escaped
        return _text(value, None, MAX_DEPTH, encode_basestring_ascii).encode("utf-8")


_Way = tuple[Any, str | int] | None
"""The way to a value, from its end: its name or place, behind the way to what holds it."""
_Quoted = Callable[[str], str]


def _text(value: Any, way: _Way, left: int, quoted: _Quoted) -> str:  # noqa: ANN401 -- see above
    """A boolean is an int as well: it is asked for first."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | Decimal):
        return _number(value, way)
    if not left:
        raise Untranslatable(_path(way), f"the body nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return f"{{{','.join([_member(pair, way, left, quoted) for pair in _pairs(value)])}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join([_text(each, (way, at), left - 1, quoted) for at, each in enumerate(value)])}]"
    if isinstance(value, float):
        raise Untranslatable(_path(way), "a float is not exact; make it a Decimal or an int")
    raise Untranslatable(_path(way), f"a {type(value).__name__} is no value of JSON")


def _number(value: int | Decimal, way: _Way) -> str:
    if isinstance(value, ExactNumber):
        return value.text
    if isinstance(value, int):
        return int.__repr__(value)
    if not value.is_finite():
        raise Untranslatable(_path(way), "it is no number of JSON")
    return str(value)


def _pairs(value: dict[Any, Any]) -> Iterable[tuple[Any, Any]]:
    return value.pairs if isinstance(value, RepeatedKeys) else value.items()


def _member(pair: tuple[Any, Any], way: _Way, left: int, quoted: _Quoted) -> str:
    key, value = pair
    if not isinstance(key, str):
        raise Untranslatable(_path(way), f"a key is a {type(key).__name__}, and no text")
    return f"{quoted(key)}:{_text(value, (way, key), left - 1, quoted)}"


def _path(way: _Way) -> str:
    parts: list[str] = []
    while way is not None:
        way, part = way
        is_bare = isinstance(part, str) and _BARE.fullmatch(part)
        parts.append(f".{part}" if is_bare else f"[{part}]" if isinstance(part, int) else f"['{part}']")
    return "$" + "".join(reversed(parts))
