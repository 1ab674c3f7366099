"""Two bodies side by side: bytes equal, else canonically equal, else walked; each media type in its own way."""

from __future__ import annotations

import csv
from collections.abc import Callable
from hashlib import sha256

from proxy.core.parity.finds import ABSENT
from proxy.core.parity.formats.jsontext import read_json
from proxy.core.parity.formats.markup import Xml, html_tokens, read_xml
from proxy.core.parity.formats.media import ContentType, Media
from proxy.core.parity.formats.trees import csv_tree, events_tree, form_tree, lines_tree, multipart_tree, read_text
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.paths import PathRules
from proxy.core.parity.walk import Walk


def compare_bodies(
    legacy: bytes, new: bytes, kinds: tuple[ContentType, ContentType], walk: Walk, root: PathRules
) -> None:
    """Notes where two decoded bodies differ; raises `Undecodable` for what must not be read."""
    if legacy == new:
        return
    if not legacy or not new:
        _one_is_empty(legacy, new, walk, root)
    elif kinds[0].media is not kinds[1].media:
        walk.note(root, DifferenceKind.TYPE, kinds[0].media.value, kinds[1].media.value)
    elif kinds[0].media is Media.JSON:
        _compare_json(legacy, new, kinds, walk, root)
    elif kinds[0].media is Media.XML:
        _compare_xml(legacy, new, kinds, walk, root)
    elif kinds[0].media is Media.BINARY:
        walk.note(root, DifferenceKind.STRING, fingerprint(legacy), fingerprint(new))
    else:
        _compare_trees(legacy, new, kinds, walk, root)


def _one_is_empty(legacy: bytes, new: bytes, walk: Walk, root: PathRules) -> None:
    if legacy:
        walk.note(root, DifferenceKind.MISSING, f"{len(legacy)} bytes", ABSENT)
    else:
        walk.note(root, DifferenceKind.EXTRA, ABSENT, f"{len(new)} bytes")


def fingerprint(data: bytes) -> str:
    """A body by hash and size."""
    return f"sha256:{sha256(data).hexdigest()[:16]} ({len(data)} bytes)"


def _compare_json(
    legacy: bytes, new: bytes, kinds: tuple[ContentType, ContentType], walk: Walk, root: PathRules
) -> None:
    one, other = read_json(legacy, kinds[0].charset), read_json(new, kinds[1].charset)
    if one is None or other is None:
        _unparsable(legacy, new, (one is None, other is None), walk, root)
        return
    if one.marked is not other.marked:
        walk.note(root, DifferenceKind.UNICODE, _mark(marked=one.marked), _mark(marked=other.marked))
    if one.canonical is None or one.canonical != other.canonical:
        walk.values(one.tree, other.tree, root)


def _mark(*, marked: bool) -> str:
    return "byte order mark" if marked else "no byte order mark"


def _unparsable(legacy: bytes, new: bytes, broken: tuple[bool, bool], walk: Walk, root: PathRules) -> None:
    first, second = (fingerprint(each) if bad else "readable" for each, bad in zip((legacy, new), broken, strict=True))
    walk.note(root, DifferenceKind.UNPARSABLE, first, second)


def _compare_xml(
    legacy: bytes, new: bytes, kinds: tuple[ContentType, ContentType], walk: Walk, root: PathRules
) -> None:
    read = [_xml(data, kind) for data, kind in zip((legacy, new), kinds, strict=True)]
    one, other = read
    if one is None or other is None:
        _unparsable(legacy, new, (one is None, other is None), walk, root)
    elif one.order != other.order:
        before = len(walk.finds)
        walk.values(one.tree, other.tree, root)
        if len(walk.finds) == before:
            walk.note(root, DifferenceKind.ORDER, list(one.tree), list(other.tree))


def _xml(data: bytes, kind: ContentType) -> Xml | None:
    try:
        return read_xml(read_text(data, kind.charset))
    except ValueError:
        return None


def _compare_trees(
    legacy: bytes, new: bytes, kinds: tuple[ContentType, ContentType], walk: Walk, root: PathRules
) -> None:
    trees = [_tree(data, kind) for data, kind in zip((legacy, new), kinds, strict=True)]
    one, other = trees
    if one is None or other is None:
        _unparsable(legacy, new, (one is None, other is None), walk, root)
    else:
        walk.values(one, other, root)


def _tree(data: bytes, kind: ContentType) -> object:
    try:
        return _READERS[kind.media](data, kind)
    except ValueError:
        return None


def _csv(data: bytes, kind: ContentType) -> object:
    try:
        return csv_tree(read_text(data, kind.charset), kind.delimiter)
    except csv.Error as error:
        raise ValueError(str(error)) from None


_READERS: dict[Media, Callable[[bytes, ContentType], object]] = {
    Media.LINES: lambda data, kind: lines_tree(data, kind.charset),
    Media.FORM: lambda data, kind: form_tree(read_text(data, kind.charset)),
    Media.CSV: _csv,
    Media.EVENTS: lambda data, kind: events_tree(read_text(data, kind.charset)),
    Media.MULTIPART: lambda data, kind: multipart_tree(data, kind.boundary),
    Media.HTML: lambda data, kind: html_tokens(read_text(data, kind.charset)),
    Media.TEXT: lambda data, kind: read_text(data, kind.charset),
}
