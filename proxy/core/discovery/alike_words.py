"""Words in one place that are called alike, and may be values while they are too few to be taken for some.

Rule 1: it is a remark, so rather none than a wrong one. `LEAST` words of a place, and nearly all of its words, have the
        same methods, the same behind them, answers of the same class, and names in queries that half of them share.
Rule 2: words at the root, behind `api` or a version, and behind a parameter are resources, and so are those that have
        values right behind them (`customers/{id}`), and plurals. Names of operations are words.
Rule 3: behind a plural (`shops/berlin`) words may be values as they stand; elsewhere (`admin/jobs`) they are pages,
        unless there is more behind each of them.
Rule 4: what a route names is a word, or a value, as whoever wrote the route has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proxy.core.discovery.endpoint import EndpointSeen, statuses
from proxy.core.discovery.inventory import DiscoveredEndpoint, singular
from proxy.core.discovery.path_trie import RESERVED, is_prefix_word, segments_of
from proxy.core.discovery.segment import SegmentKind, kind_of

LEAST = 5
_NEARLY_ALL = 0.8
_REST = "**"
_Call = tuple[str, str, str]
"""Method, what is behind the word, and the class of most answers."""


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


def alike_words(endpoints: Iterable[DiscoveredEndpoint]) -> tuple[AlikeWords, ...]:
    """All groups of them, by parent."""
    places = _places([each for each in endpoints if not each.is_single])
    return tuple(group for parent in sorted(places) for group in _group(parent, places[parent]))


def _places(endpoints: Iterable[DiscoveredEndpoint]) -> Mapping[tuple[str, ...], Mapping[str, _Word]]:
    """By the segments before it, each word with how it is called."""
    found: dict[tuple[str, ...], dict[str, _Word]] = {}
    for each in endpoints:
        segments = tuple(segments_of(each.template))
        for at in range(1, len(segments)):
            word = found.setdefault(segments[:at], {}).setdefault(segments[at], _Word())
            behind = "".join("/{}" if _is_open(step) else f"/{step}" for step in segments[at + 1 :])
            word.calls.add((each.method, behind, "" if each.is_known else _usual(each.seen)))
            word.query |= each.seen.query.keys()
    return found


def _usual(seen: EndpointSeen) -> str:
    classes = statuses(seen)
    return max(classes, key=lambda name: classes[name], default="")


def _group(parent: Sequence[str], words: Mapping[str, _Word]) -> Iterator[AlikeWords]:
    if all(map(is_prefix_word, parent)) or any(map(_is_open, (parent[-1], *words))):
        return
    candidates = {name: word for name, word in words.items() if name not in RESERVED and _is_word(name)}
    shapes = Counter(frozenset(word.calls) for word in candidates.values())
    if not shapes:
        return
    shape, number = shapes.most_common(1)[0]
    alike = sorted(name for name, word in candidates.items() if word.calls == shape)
    if number < max(LEAST, len(candidates) * _NEARLY_ALL) or not _may_be_values(parent[-1], alike, shape):
        return
    if _share_queries([words[name] for name in alike]):
        place = "/" + "/".join(parent)
        pattern = f"{place}/{{{singular(parent[-1])}}}"
        yield AlikeWords(parent=place, words=tuple(alike), matches=tuple(_matches(pattern, shape)))


def _is_open(segment: str) -> bool:
    return segment.startswith("{") or segment == _REST


def _is_word(segment: str) -> bool:
    return kind_of(segment) is SegmentKind.WORD


def _may_be_values(parent: str, alike: Sequence[str], shape: Iterable[_Call]) -> bool:
    """Rules 2 to 4."""
    behind = {path for _, path, _ in shape}
    if any(path.startswith("/{}") for path in behind) or not all(usual for _, _, usual in shape):
        return False
    plurals = sum(map(_is_plural, alike))
    return plurals * 2 <= len(alike) and (_is_plural(parent) or bool(behind - {""}))


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _share_queries(words: Sequence[_Word]) -> bool:
    """Pages differ in what they are asked, values do not."""
    having = Counter(name for word in words for name in word.query)
    return all(count * 2 >= len(words) for count in having.values())


def _matches(pattern: str, shape: Iterable[_Call]) -> Iterator[str]:
    """One for each template."""
    methods: dict[str, set[str]] = {}
    for method, behind, _ in shape:
        methods.setdefault(behind, set()).add(method)
    for behind in sorted(methods):
        yield f"{','.join(sorted(methods[behind]))} {pattern}{_numbered(behind)}"


def _numbered(behind: str) -> str:
    """Parameters behind it have names of their own."""
    first, *rest = behind.split("{}")
    return first + "".join(f"{{id_{at}}}{each}" for at, each in enumerate(rest, 2))
