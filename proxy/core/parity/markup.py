"""XML and HTML as trees that the walker reads.

XML: `{"feed": {"@id": …, "#text": …, "entry": [{…}, {…}]}}`: attributes with `@`, names as `{namespace}name`. The order
of elements with different names is not part of it; it is part of the canonical text, which is compared first.
HTML: a list of tags and texts; attributes sorted, white space run together, comments left out.
A document type with declarations of its own is refused, since entities can become any amount of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from proxy.core.parity.decode import Undecodable

_DECLARATION = re.compile(r"<!ENTITY|<!DOCTYPE[^>\[]*\[")
_PROLOGUE = re.compile(r"\s*<\?xml[^>]*\?>")
_MOST_DEEP = 200
_KEPT_SPACE = frozenset({"pre", "textarea", "script", "style"})
Tree = dict[str, object]


def canonical_xml(text: str) -> str:
    """Canonical XML 2.0 without comments and white space at the ends of texts; raises `ValueError`, `Undecodable`."""
    if _DECLARATION.search(text):
        raise Undecodable("the document declares entities or a document type of its own")
    try:
        return ET.canonicalize(_PROLOGUE.sub("", text, count=1), strip_text=True, rewrite_prefixes=True)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None


def xml_tree(canonical: str) -> Tree:
    """The tree of a canonical text."""
    root = ET.fromstring(canonical)  # noqa: S314 - canonical: no document type, no entities
    return {_plain(root.tag): _element(root, 0)}


def _element(node: ET.Element, depth: int) -> object:
    if depth > _MOST_DEEP:
        raise Undecodable(f"elements are nested more than {_MOST_DEEP} deep")
    found: Tree = {f"@{_plain(name)}": value for name, value in node.items()}
    for child in node:
        inner = found.setdefault(_plain(child.tag), [])
        inner.append(_element(child, depth + 1))  # type: ignore[attr-defined]  # attributes have another first character
    texts = [text for text in (node.text, *(child.tail for child in node)) if text]
    if not found:
        return "".join(texts)
    if texts:
        found["#text"] = texts[0] if len(texts) == 1 else texts
    return found


def _plain(name: str) -> str:
    return name.removeprefix("{}")


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
