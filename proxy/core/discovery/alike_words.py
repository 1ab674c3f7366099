"""Words in one place that are called alike, and may be values while they are too few to be taken for some.

Rule 1: it is a remark, so rather none than a wrong one. `LEAST` words of a place, and nearly all of its words, have the
        same methods, of which one reads, the same behind them, answers of the same class, and names in queries that
        half of them share.
Rule 2: words at the root, behind `api` or a version, and behind a parameter are resources, and so are those that have
        values right behind them (`customers/{id}`), and plurals. Names of operations, and of files, are words.
Rule 3: behind a plural (`shops/berlin`) words may be values as they stand, but for plurals of what people make pages of
        (`settings/billing`); elsewhere (`admin/jobs`) they are pages, unless several things are behind each of them.
Rule 4: what a route names is a word, or a value, as whoever wrote the route has it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proxy.core.discovery.endpoint import EndpointSeen, statuses
from proxy.core.discovery.inventory import DiscoveredEndpoint, numbered, singular
from proxy.core.discovery.path_trie import RESERVED, is_prefix_word, segments_of
from proxy.core.discovery.segment import SegmentKind, kind_of

LEAST = 5
_NEARLY_ALL = 0.8
_REST = "**"
_OPEN = "{}"
_READS = frozenset({"GET", "HEAD"})
_OF_PAGES = (
    "actions analytics assets callbacks charts dashboards details docs documents events exports features files fonts "
    "forms hooks images imports insights jobs metrics news notifications options pages permissions preferences reports "
    "scripts settings statics statistics stats steps styles tasks tools views webhooks wizards"
)
_PAGES = frozenset(_OF_PAGES.split())
_NAMES = re.compile(r"\{([^{}]+)\}")
_Path = tuple[str, ...]
_Call = tuple[str, _Path, str]
"""Method, what is behind the word, its parameters as `{}`, and the class of most answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeWords:
    """`words`, sorted, that stand behind `parent` and may be values; `matches` are what routes would say of all."""

    parent: str
    words: tuple[str, ...]
    matches: tuple[str, ...]


@dataclass(slots=True)
class _Word:
    calls: set[_Call] = field(default_factory=set)
    query: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Group:
    """Of `candidates` words in its place, `words` are called as `shape` says."""

    words: tuple[str, ...]
    shape: frozenset[_Call]
    candidates: int


def alike_words(endpoints: Iterable[DiscoveredEndpoint]) -> tuple[AlikeWords, ...]:
    """All groups of them, by parent."""
    every = list(endpoints)
    places = _places([each for each in every if not (each.is_single or each.is_known)])
    groups = {parent: group for parent, words in places.items() if (group := _group(parent, words)) is not None}
    known = _known_words([each for each in every if each.is_known], groups.keys()) if groups else {}
    return tuple(
        AlikeWords(parent="/" + "/".join(parent), words=group.words, matches=tuple(_matches(parent, group.shape)))
        for parent, group in sorted(groups.items())
        if len(group.words) >= (group.candidates + len(known.get(parent, ()))) * _NEARLY_ALL
    )


def _places(endpoints: Iterable[DiscoveredEndpoint]) -> Mapping[_Path, Mapping[str, _Word]]:
    """By the segments before it, each word with how it is called."""
    found: dict[_Path, dict[str, _Word]] = {}
    for each in endpoints:
        segments = tuple(segments_of(each.template))
        plain = tuple([_OPEN if _is_open(step) else step for step in segments])
        usual = _usual(each.seen)
        for at in range(1, len(segments)):
            if _OPEN not in (plain[at - 1], plain[at]):
                word = found.setdefault(segments[:at], {}).setdefault(segments[at], _Word())
                word.calls.add((each.method, plain[at + 1 :], usual))
                word.query |= each.seen.query.keys()
            elif plain[at] is _OPEN:
                found.setdefault(segments[:at], {}).setdefault(_OPEN, _Word())
    return found


def _known_words(endpoints: Iterable[DiscoveredEndpoint], parents: Iterable[_Path]) -> Mapping[_Path, set[str]]:
    """Rule 4: they are words of their places all the same."""
    found: dict[_Path, set[str]] = {parent: set() for parent in parents}
    lengths = {len(parent) for parent in found}
    for each in endpoints:
        segments = tuple(segments_of(each.template))
        for length in lengths:
            if length < len(segments) and (words := found.get(segments[:length])) is not None:
                words.add(segments[length])
    return found


def _usual(seen: EndpointSeen) -> str:
    classes = statuses(seen)
    return max(classes, key=lambda name: classes[name], default="")


def _group(parent: _Path, words: Mapping[str, _Word]) -> _Group | None:
    if len(words) < LEAST or _OPEN in words or all(map(is_prefix_word, parent)):
        return None
    candidates = {name: word for name, word in words.items() if name not in RESERVED and _is_word(name)}
    shapes = Counter(frozenset(word.calls) for word in candidates.values())
    if not shapes:
        return None
    shape, number = shapes.most_common(1)[0]
    alike = tuple(sorted(name for name, word in candidates.items() if word.calls == shape))
    if number < LEAST or not _may_be_values(parent[-1], alike, shape):
        return None
    return _Group(alike, shape, len(candidates)) if _share_queries([words[name] for name in alike]) else None


def _is_open(segment: str) -> bool:
    return segment.startswith("{") or segment == _REST


def _is_word(segment: str) -> bool:
    return kind_of(segment) is SegmentKind.WORD and "." not in segment


def _may_be_values(parent: str, alike: Sequence[str], shape: Iterable[_Call]) -> bool:
    """Rules 1 to 3."""
    behind = {path for _, path, _ in shape}
    if any(path[:1] == (_OPEN,) for path in behind) or not any(method in _READS for method, _, _ in shape):
        return False
    if sum(map(_is_plural, alike)) * 2 > len(alike):
        return False
    return len(behind - {()}) > 1 or (_is_plural(parent) and parent.lower() not in _PAGES)


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _share_queries(words: Sequence[_Word]) -> bool:
    """Pages differ in what they are asked, values do not."""
    having = Counter(name for word in words for name in word.query)
    return all(count * 2 >= len(words) for count in having.values())


def _matches(parent: _Path, shape: Iterable[_Call]) -> Iterator[str]:
    """One for each template."""
    place = "/" + "/".join(parent)
    taken = set(_NAMES.findall(place))
    name = _free(singular(parent[-1]), taken)
    methods: dict[_Path, set[str]] = {}
    for method, behind, _ in shape:
        methods.setdefault(behind, set()).add(method)
    for behind in sorted(methods):
        yield f"{','.join(sorted(methods[behind]))} {place}/{{{name}}}{_named(behind, {*taken, name})}"


def _named(behind: _Path, taken: set[str]) -> str:
    """Parameters behind it have names of their own."""
    steps = []
    for step in behind:
        name = _free("id", taken) if step == _OPEN else ""
        taken.add(name)
        steps.append(f"/{{{name}}}" if name else f"/{step}")
    return "".join(steps)


def _free(wished: str, taken: set[str]) -> str:
    return next(each for each in numbered(wished) if each not in taken)
