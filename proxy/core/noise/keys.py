"""The key under which a difference is learned: its path, and where a path pools many values their form as well.

Rule 1: a path pools where it ends in `[*]` or `{*}`, or is `$` of a text: there the key is the path and the skeleton of
        the value, so that "Queries took 1.2ms" says nothing of other words of the page.
Rule 2: where the two sides' skeletons are not the same, where a text is very long, and of a body known by its hash
        alone, nothing is learned: there is no key.
Rule 3: a skeleton with fewer than three letters is loose: as many things of a page look like it, one that is noise
        says nothing of the others, and it is never proved to be. An id or a time alone is not: each of them is looked
        at; nor is a number of a body, which has a list of its kind around it.
Rule 4: a key is a text that every store takes as it is, at most 490 characters long.
"""

from __future__ import annotations

import re
from hashlib import sha256

from proxy.core.noise.tokens import LONGEST_TEXT, letters_of, skeleton
from proxy.core.parity.finds import Find
from proxy.core.parity.numerals import is_number
from proxy.core.parity.rules.difference import VALUE_KINDS
from proxy.core.parity.rules.paths import ROOT

BETWEEN = " ~ "
"""Stands between path and skeleton."""
_FEWEST_LETTERS = 3
_NUMBER = "<number>"
_ALONE = frozenset({"<t>", "<i>", _NUMBER})
_LONGEST_SKELETON = 160
_POOLING = ("[*]", "{*}")
_HASHED = re.compile(r"sha256:[0-9a-f]{16} \(\d+ bytes\)")


def key_of(find: Find) -> str | None:
    """The key of a find, None where nothing may be learned; of what is no value it is the path."""
    path = find.place.text
    if find.kind not in VALUE_KINDS or not _pools(path, find.legacy):
        return _kept(path)
    if is_number(find.legacy) and is_number(find.new):
        return _kept(path + BETWEEN + _NUMBER)
    if not isinstance(find.legacy, str) or not isinstance(find.new, str):
        return None
    if max(len(find.legacy), len(find.new)) > LONGEST_TEXT or _HASHED.fullmatch(find.legacy):
        return None
    one, other = skeleton(find.legacy), skeleton(find.new)
    if one != other:
        return None
    return _kept(path + BETWEEN + _bounded(one))


def path_of(key: str) -> str:
    """The path that a key is about."""
    return key.partition(BETWEEN)[0]


def is_loose(key: str) -> bool:
    """Whether a key is of a form that says too little to prove noise of it; see rule 3."""
    _, between, form = key.partition(BETWEEN)
    return bool(between) and form not in _ALONE and letters_of(form) < _FEWEST_LETTERS


def _pools(path: str, value: object) -> bool:
    return path.endswith(_POOLING) or (path == ROOT and isinstance(value, str))


def _bounded(text: str) -> str:
    if len(text) <= _LONGEST_SKELETON:
        return text
    return f"{text[: _LONGEST_SKELETON - 10]}…{sha256(text.encode('utf-8', 'replace')).hexdigest()[:9]}"


def _kept(key: str) -> str:
    return key if key.isascii() and "\0" not in key else key.replace("\0", "␀").encode("utf-8", "replace").decode()
