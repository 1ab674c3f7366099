"""XML and HTML as trees that the walker reads.

XML: `{"feed": {"@id": …, "#text": …, "entry": [{…}, {…}]}}`: attributes with `@`, all names without their namespace, so
that paths stay readable and no name is taken for data; a namespace that begins there is the member `@xmlns`. The order
of elements with different names is not part of the tree; it is part of `Xml.order`, which is compared first.
HTML: a list of tags and texts; attributes sorted, white space run together, comments left out.
A document type with declarations of its own is refused, since entities can become any amount of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import NamedTuple
from xml.etree import ElementTree as ET

from proxy.core.parity.formats.decode import Undecodable

_DECLARATION = re.compile(r"<!ENTITY|<!DOCTYPE[^>\[]*\[")
_PROLOGUE = re.compile(r"\s*<\?xml[^>]*\?>")
_MOST_DEEP = 200
_KEPT_SPACE = frozenset({"pre", "textarea", "script", "style"})
Ordered = tuple[object, ...]
"""Name, sorted attributes, text, and for each child itself and the text behind it."""


class Xml(NamedTuple):
    """A document: everything in its order, and the tree to walk."""

    order: Ordered
    tree: dict[str, object]


def read_xml(text: str) -> Xml:
    """The document without comments, prefixes and white space at the ends of texts.

    Raises `ValueError` for what is no XML, `Undecodable` for what must not be read.
    """
    if _DECLARATION.search(text):
        raise Undecodable("the document declares entities or a document type of its own")
    try:
        root = ET.fromstring(_PROLOGUE.sub("", text, count=1))  # noqa: S314 - without declarations
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    return Xml(_ordered(root, 0), {_split(root.tag)[1]: _element(root, "")})


def _ordered(node: ET.Element, depth: int) -> Ordered:
    if depth > _MOST_DEEP:
        raise Undecodable(f"elements are nested more than {_MOST_DEEP} deep")
    children = ((_ordered(child, depth + 1), _stripped(child.tail)) for child in node)
    return (node.tag, tuple(sorted(node.items())), _stripped(node.text), *children)


def _element(node: ET.Element, around: str) -> object:
    """`around` is the namespace of the element that holds it."""
    namespace = _split(node.tag)[0]
    found: dict[str, object] = {} if namespace == around else {"@xmlns": namespace}
    for name, value in node.items():
        short = f"@{_split(name)[1]}"
        found[f"@{name}" if short in found else short] = value
    inner: dict[str, list[object]] = {}
    for child in node:
        inner.setdefault(_split(child.tag)[1], []).append(_element(child, namespace))
    found |= inner
    texts = [text for part in (node.text, *(child.tail for child in node)) if (text := _stripped(part))]
    if not found:
        return "".join(texts)
    if texts:
        found["#text"] = texts[0] if len(texts) == 1 else texts
    return found


def _split(tag: str) -> tuple[str, str]:
    """Namespace and name of `{namespace}name`."""
    namespace, _, name = tag.rpartition("}")
    return namespace.removeprefix("{"), name


def _stripped(text: str | None) -> str:
    return (text or "").strip()


def html_tokens(text: str) -> list[str]:
    """Tags and texts in the order of the page."""
    reader = _Tokens()
    reader.feed(text)
    reader.close()
    return reader.tokens


class _Tokens(HTMLParser):
    """Gathers what a browser would make a page of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[str] = []
        self._kept = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """A tag with its attributes in order of their names."""
        self._kept += tag in _KEPT_SPACE
        written = "".join(f' {name}="{value or ""}"' for name, value in sorted(attrs, key=lambda each: each[0]))
        self.tokens.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        """The end of an element."""
        self._kept = max(0, self._kept - (tag in _KEPT_SPACE))
        self.tokens.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Text, white space run together unless the element keeps it."""
        said = data if self._kept else " ".join(data.split())
        if said:
            self.tokens.append(said)

    def handle_decl(self, decl: str) -> None:
        """The document type, in lower case."""
        self.tokens.append(f"<!{' '.join(decl.lower().split())}>")
