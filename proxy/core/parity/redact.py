"""An exchange as it may be kept: whatever is secret is replaced where it is captured, by a keyed hash.

Rule 1: equal values have equal hashes, different ones different hashes; without the key nobody finds the value.
Rule 2: by name: credentials and cookies in fields, members and parameters that sound like secrets, or that an operator
        named; the value of a pair in which the name is a value, too (`{"name": "password", "value": …}`). By look,
        anywhere: card numbers (Luhn), e-mail addresses, bearer tokens, JSON Web Tokens, users in URLs.
Rule 3: what cannot be read is not kept: a body that cannot be decoded or parsed, or is binary, CSV or multipart,
        becomes its hash.
Rule 4: bodies are cut to 64 KiB, after they were redacted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote_to_bytes

import msgspec

from proxy.core.http.redact import REMEMBERED, is_secret_name, redact_target
from proxy.core.parity.fields import fields_of, first_value
from proxy.core.parity.formats.decode import Undecodable, decode
from proxy.core.parity.formats.jsontext import Repeated, canonical, read_json
from proxy.core.parity.formats.media import Media, read_content_type
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Fields, Pair
from proxy.core.parity.rules.difference import Difference, bounded

MOST_BODY = 64 * 1024
_CREDENTIALS = frozenset(
    {b"authorization", b"proxy-authorization", b"www-authenticate", b"authentication-info", b"x-amz-security-token"}
)
_COOKIES = frozenset({b"cookie", b"set-cookie"})
_CODINGS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_TARGETS = frozenset({b"location", b"content-location", b"referer", b"link"})
_NAMING = ("name", "key", "field", "id", "param", "parameter", "header", "label", "property")
"""Members whose value may be the name of what stands beside it; compared without case."""
_LOOKS = re.compile(
    rb"(?P<card>(?<![0-9A-Za-z.])(?:[0-9][ -]?){12,18}[0-9](?![0-9A-Za-z]))"
    rb"|(?P<user>(?<=://)[^/?#@\s\"'<>]{1,256}(?=@))"
    rb"|(?P<mail>[A-Za-z0-9._%+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
    rb"|(?P<token>(?i:bearer|basic) +[A-Za-z0-9._~+/=-]{8,}"
    rb"|eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?)"
)
_HEAD = re.compile(rb'["\']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,63})["\']?\s{0,8}[=:]\s{0,8}')
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[^\s"&;,<>{}]+')
_ELEMENT = re.compile(rb"(?P<head><(?P<name>[A-Za-z_][A-Za-z0-9_.:-]{0,63})[^<>]{0,2000}>)(?P<value>[^<>]+)(?=</)")
_NAMED = re.compile(rb"""(?i)\b(?:name|key|id|field)\s{0,8}=\s{0,8}["']([^"']{1,64})["']""")
_TAG = re.compile(rb"<[A-Za-z][^<>]{0,2000}>")
_SAID_BY_TAG = re.compile(rb"""(?i)(?P<head>\b(?:value|content)\s{0,8}=\s{0,8})(?P<value>"[^"]*"|'[^']*'|[^\s>]+)""")
_MARGIN = 2048
_SHORTEST_CARD = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """`key` makes the hashes, at least 16 random bytes; `names` of members and fields that are secret here too."""

    key: bytes
    names: frozenset[str] = frozenset()

    def hashed(self, value: bytes) -> bytes:
        """`hash:` and 12 hex digits."""
        return b"hash:" + blake2b(value, key=self.key[:64], digest_size=6).hexdigest().encode("ascii")

    def pair(self, pair: Pair) -> Pair:
        """The pair with the secrets of both answers and of the request replaced."""
        second = None if pair.second is None else self.answer(pair.second)
        request = self.request(pair.request)
        return replace(pair, request=request, legacy=self.answer(pair.legacy), new=self.answer(pair.new), second=second)

    def request(self, request: CapturedRequest) -> CapturedRequest:
        """A request that may be kept."""
        return replace(
            request,
            target=self.target(request.target),
            fields=self._fields(request.fields),
            body=self._body(request.body, request.fields),
        )

    def answer(self, answer: CapturedAnswer) -> CapturedAnswer:
        """An answer that may be kept; its `size` is that of what is kept, or larger where something was cut off."""
        body = self._body(answer.body, answer.fields)
        cut = answer.size > len(answer.body) or max(len(answer.body), len(body) + _MARGIN) > MOST_BODY
        size = max(answer.size, len(body) + 1) if cut else len(body)
        return replace(answer, fields=self._fields(answer.fields), body=body, size=size)

    def target(self, target: bytes) -> bytes:
        """A request target: values of secret parameters, and what looks secret in the path."""
        return self._by_look(redact_target(target, self.hashed, self._is_secret))

    def difference(self, difference: Difference) -> Difference:
        """The values that a difference repeats, by the name at the end of its path and by their look."""
        names = re.findall(r"[A-Za-z_][A-Za-z0-9_-]*", difference.path)
        secret = any(map(self._sounds_secret, names)) or difference.path.lower().startswith("header:cookie")
        legacy, new = (self._shown(value, secret=secret) for value in (difference.legacy, difference.new))
        return replace(difference, legacy=legacy, new=new)

    def _shown(self, value: str, *, secret: bool) -> str:
        data = value.encode("utf-8", "replace")
        kept = self.hashed(data) if secret and value else self._text(data)
        return bounded(kept.decode("utf-8", "replace"))

    def _sounds_secret(self, name: str) -> bool:
        return name in self.names or is_secret_name(name)

    def _is_secret(self, name: bytes) -> bool:
        return self._sounds_secret(unquote_to_bytes(name).decode("utf-8", "replace"))

    def _fields(self, fields: Fields) -> Fields:
        return tuple((name, self._value(name.lower(), value)) for name, value in fields if name.lower() not in _CODINGS)

    def _value(self, name: bytes, value: bytes) -> bytes:
        if name in _COOKIES:
            return self._cookies(value, lines=name == b"set-cookie")
        if name in _CREDENTIALS:
            scheme, blank, rest = value.partition(b" ")
            return scheme + b" " + self.hashed(rest) if blank and scheme.isalpha() else self.hashed(value)
        if name in _TARGETS:
            return self.target(value)
        return self.hashed(value) if self._is_secret(name) else self._text(value)

    def _cookies(self, value: bytes, *, lines: bool) -> bytes:
        first, *rest = value.split(b";")
        kept = rest if lines else [self._cookie(part) for part in rest]
        return b";".join([self._cookie(first), *kept])

    def _cookie(self, part: bytes) -> bytes:
        name, mark, value = part.partition(b"=")
        return name + mark + self.hashed(value) if mark else self.hashed(part)

    def _body(self, body: bytes, fields: Fields) -> bytes:
        said = fields_of(fields)
        try:
            plain = decode(body, first_value(said, b"content-encoding"))
        except Undecodable:
            return self.hashed(body)
        if not plain:
            return plain
        kind = read_content_type(first_value(said, b"content-type"), plain)
        match kind.media:
            case Media.JSON:
                document = read_json(plain, kind.charset)
                return self.hashed(plain) if document is None else self._document(document.tree)
            case Media.FORM:
                return _cut(plain, lambda part: redact_target(b"?" + part, self.hashed, self._is_secret)[1:])
            case Media.XML | Media.HTML:
                return _cut(plain, self._markup)
            case Media.TEXT | Media.EVENTS | Media.LINES:
                return _cut(plain, self._text)
            case _:
                return self.hashed(plain)

    def _document(self, tree: object) -> bytes:
        return canonical(self._tree(tree, secret=False))[:MOST_BODY]

    def _markup(self, data: bytes) -> bytes:
        """Elements by their name, what a tag says beside a name that sounds secret, then as any text."""
        data = _ELEMENT.sub(self._element, data)
        return self._text(_TAG.sub(self._tag, data))

    def _element(self, found: re.Match[bytes]) -> bytes:
        names = (found["name"], *_NAMED.findall(found["head"]))
        return self._hidden(found) if any(map(self._is_secret, names)) else found[0]

    def _tag(self, found: re.Match[bytes]) -> bytes:
        return _SAID_BY_TAG.sub(self._hidden, found[0]) if self._is_secret(found[0]) else found[0]

    def _tree(self, value: object, *, secret: bool) -> object:
        match value:
            case Repeated():
                return self._tree(value.plain(), secret=secret)
            case dict():
                named = self._names_secret(value)
                return {
                    self._key(name): self._tree(
                        member,
                        secret=secret or self._sounds_secret(name) or (named and name.lower() not in _NAMING),
                    )
                    for name, member in value.items()
                }
            case [str() as name, member] if self._sounds_secret(name[:REMEMBERED]):
                return [name, self._tree(member, secret=True)]
            case list():
                return [self._tree(member, secret=secret) for member in value]
            case None | bool():
                return value
            case str():
                data = value.encode("utf-8", "surrogatepass")
                return (self.hashed(data) if secret else self._text(data)).decode("utf-8", "replace")
            case _:
                return self._number(value, secret=secret)

    def _names_secret(self, members: dict[str, object]) -> bool:
        """Whether a member says that the others are the value of something secret."""
        said = (value for name, value in members.items() if name.lower() in _NAMING)
        return any(isinstance(value, str) and self._sounds_secret(value[:REMEMBERED]) for value in said)

    def _key(self, name: str) -> str:
        """A key is seldom a secret, and sometimes an address or a number of a card."""
        plain = len(name) <= REMEMBERED and not _looks(name)
        return name if plain else self._by_look(name.encode("utf-8", "replace")).decode("utf-8")

    def _number(self, value: object, *, secret: bool) -> object:
        data = bytes(value) if isinstance(value, msgspec.Raw) else str(value).encode("ascii")
        if not secret and (len(data) < _SHORTEST_CARD or self._by_look(data) == data):
            return value
        return self.hashed(data).decode("ascii")

    def _text(self, data: bytes) -> bytes:
        """Text of any kind: members by name as far as they can be seen, then what looks secret."""
        return self._by_look(self._members(data))

    def _members(self, data: bytes) -> bytes:
        """`name=value` and `"name": value` wherever they stand, also within the value of another."""
        kept: list[bytes] = []
        taken = place = 0
        while (head := _HEAD.search(data, place)) is not None:
            place = head.end()
            value = _VALUE.match(data, place) if self._is_secret(head["name"]) else None
            if value is not None:
                kept += (data[taken:place], self.hashed(value[0].strip(b"\"'")))
                taken = place = value.end()
        return b"".join([*kept, data[taken:]]) if kept else data

    def _hidden(self, found: re.Match[bytes]) -> bytes:
        return found["head"] + self.hashed(found["value"].strip(b"\"'"))

    def _by_look(self, data: bytes) -> bytes:
        return _LOOKS.sub(self._look, data)

    def _look(self, found: re.Match[bytes]) -> bytes:
        card = found["card"]
        if card is None:
            return self.hashed(found[0])
        digits = [byte - 48 for byte in card if 48 <= byte <= 57]
        return self.hashed(bytes(digits)) if is_card(digits) else card


@lru_cache(maxsize=4096)
def _looks(name: str) -> bool:
    """Whether something in a member's name looks secret; the same few names come again and again."""
    data = name.encode("utf-8", "replace")
    return data.decode("utf-8") != name or _LOOKS.search(data) is not None


def _cut(data: bytes, redacted: Callable[[bytes], bytes]) -> bytes:
    """The beginning of a long text, without its last part: a secret that was cut in two may not be known as one."""
    if len(data) <= MOST_BODY:
        return redacted(data)[:MOST_BODY]
    whole = redacted(data[: MOST_BODY + _MARGIN])
    return whole[: max(0, len(whole) - _MARGIN)][:MOST_BODY]


def is_card(digits: Iterable[int]) -> bool:
    """Whether 13 to 19 digits, not all the same, pass Luhn's test (ISO/IEC 7812-1, annex B)."""
    found = list(digits)
    doubled = [sum(divmod(digit * 2, 10)) for digit in found[-2::-2]]
    return 13 <= len(found) <= 19 and len(set(found)) > 1 and (sum(doubled) + sum(found[-1::-2])) % 10 == 0
