from __future__ import annotations

import string
from itertools import product

from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.path_trie import (
    DEEPER,
    DEEPEST,
    DISTINCT,
    RESOURCES,
    PathTrie,
    TriePlace,
    segments_of,
)
from proxy.core.discovery.segment import SegmentKind

WORDS = ["".join(letters) for letters in product(string.ascii_lowercase, repeat=3)]


def trie_of(*paths: str, most: int = 10_000) -> PathTrie:
    made = PathTrie(most)
    for path in paths:
        see(made, path)
    return made


def see(trie: PathTrie, path: str, method: str = "GET") -> None:
    trie.see(Observation(method=method, path=path, status=200, at=1.0))


def templates(trie: PathTrie) -> set[str]:
    """Those of GET, `{}` for a value."""
    trie.gather()
    return set(_below(trie.root, ""))


def _below(place: TriePlace, path: str) -> list[str]:
    found = [path or "/"] if place.ends else []
    for word, below in place.words.items():
        found += _below(below, f"{path}/{word}")
    return found if place.value is None else found + _below(place.value, f"{path}/{place.value.constant or '{}'}")


def test_a_value_by_its_look_is_one_at_once() -> None:
    """Whatever kinds stand in one place."""
    trie = trie_of("/orders/7", "/orders/0f8fad5b-d9cb-469f-a165-70867728950e", "/orders/8/items", "/")
    value = trie.root.words["orders"].value

    assert templates(trie) == {"/", "/orders/{}", "/orders/{}/items"}
    assert value is not None
    assert value.kinds == {SegmentKind.INTEGER: 2, SegmentKind.UUID: 1}


def test_many_words_in_one_place_are_values() -> None:
    """From `DISTINCT` on; what comes later in their place is one, and what stood behind them stands behind it."""
    few = trie_of(*(f"/tags/{word}" for word in WORDS[: DISTINCT - 1]))
    many = trie_of(*(f"/tags/{word}/posts" for word in WORDS[:DISTINCT]), "/tags/later/posts", "/tags/later")

    assert len(templates(few)) == DISTINCT - 1
    assert templates(many) == {"/tags/{}/posts", "/tags/{}"}
    assert "later" not in repr(many.root.words["tags"].words)


def test_words_that_name_an_operation_stay() -> None:
    """Beside values, before and after they were found to be."""
    paths = ["/users/me", *(f"/users/{word}" for word in WORDS[:30]), "/users/search", "/users/me"]

    assert templates(trie_of(*paths)) == {"/users/me", "/users/search", "/users/{}"}


def test_a_word_that_is_called_otherwise_stays() -> None:
    """Called often, and as none of its siblings: it is a word of the API."""
    trie = PathTrie()
    for _ in range(5):
        see(trie, "/tags/colours/all/by-name")
    for word in WORDS[:40]:
        see(trie, f"/tags/{word}")

    assert templates(trie) == {"/tags/colours/all/by-name", "/tags/{}"}


def test_resources_are_no_values() -> None:
    """At the root, behind `api` and a version, and where values stand right behind the words: it takes many more."""
    for base in ("", "/api", "/api/v2", "/shop"):
        paths = [f"{base}/{word}{below}" for word in WORDS[: 3 * DISTINCT] for below in ("", "/7")]
        assert len(templates(trie_of(*paths))) == 6 * DISTINCT


def test_so_many_resources_are_values() -> None:
    """Seldom called, each of them; one that is called much stays."""
    trie = trie_of(*["/health/live"] * 20, *(f"/x{word}" for word in WORDS[: RESOURCES + 20]))

    assert templates(trie) == {"/health/live", "/{}"}


def test_a_number_that_never_changes_is_a_word() -> None:
    """`/2024/report`, asked for fifty times; another number in its place, and both are values."""
    same = trie_of(*["/reports/2024/all"] * 50)
    assert templates(same) == {"/reports/2024/all"}

    see(same, "/reports/2025/all")
    assert templates(same) == {"/reports/{}/all"}


def test_values_behind_values_are_gathered() -> None:
    """`repos/{}/{}`, where both are words: the second ones are told once the first ones are."""
    paths = [f"/repos/{owner}/{repo}" for owner in WORDS[:DISTINCT] for repo in WORDS[40:45]]
    paths += [f"/repos/{owner}/{WORDS[60 + at]}" for at, owner in enumerate(WORDS[:DISTINCT])]

    assert templates(trie_of(*paths)) == {"/repos/{}/{}"}


def test_a_path_is_found_again() -> None:
    """By the template that takes it; of another method, or of a path that nothing takes, nothing is."""
    trie = trie_of("/orders/7", *(f"/tags/{word}" for word in WORDS[:30]), "/api/v1")

    assert [trie.find(path, "GET") is not None for path in ("/orders/8", "/tags/new-one", "/api/v1")] == [True] * 3
    assert [trie.find(path, "GET") for path in ("/orders/word", "/orders/8/items/1", "/nowhere/x")] == [None] * 3
    assert trie.find("/orders/8", "POST") is None


def test_memory_is_bounded() -> None:
    """What was called least goes first, and is counted; what is called stays."""
    trie = trie_of(*["/orders/all"] * 9, most=500)
    for number, word in enumerate(WORDS[:700]):
        see(trie, f"/x{WORDS[number % 19]}/{WORDS[number % 17]}/7/{word}")
    assert trie.places <= 500
    assert trie.dropped > 0
    assert trie.find("/orders/all", "GET") is not None


def test_a_path_has_segments() -> None:
    """Empty ones are none, but for a slash at the end; those beyond the bound are not told apart."""
    assert segments_of("//a//b") == ["a", "b"]
    assert segments_of("/a/b/") == ["a", "b", ""]
    assert segments_of("/") == []
    assert segments_of("/a" * DEEPEST) == ["a"] * DEEPEST
    assert segments_of("/a" * 99) == ["a"] * (DEEPEST - 1) + [DEEPER]


def test_values_take_along_what_stands_behind_them() -> None:
    """Values, words and deep paths alike, with all that was counted there."""
    trie = PathTrie()
    for word in WORDS[:DISTINCT]:
        for path in (f"/tags/{word}/posts/7", f"/tags/{word}/posts/all", f"/tags/{word}/a/b/c/d/e"):
            see(trie, path)
    trie.gather()
    found = trie.find("/tags/other/posts/9", "GET")

    assert templates(trie) == {"/tags/{}/posts/{}", "/tags/{}/posts/all", "/tags/{}/a/b/c/d/e"}
    assert found is not None
    assert found.calls == DISTINCT


def test_a_place_of_values_takes_words_of_another_as_values() -> None:
    """But for those that it knows, and those that name an operation."""
    values, more = trie_of(*(f"/{word}" for word in WORDS[:5])).root, trie_of("/aaa", "/zzz", "/me").root
    values.is_open = True
    values.absorb(more)

    assert set(values.words) == {*WORDS[:5], "me"}
    assert values.value is not None
    assert values.value.kinds == {SegmentKind.SLUG: 1}


def test_what_is_behind_values_is_bounded_as_well() -> None:
    """Words of which each was called once, behind a value that was called often."""
    trie = trie_of(*(f"/orders/{number}/{word}/x" for number, word in enumerate(WORDS[: DISTINCT - 1])), most=30)
    see(trie, "/orders/7/items")
    see(trie, "/orders/8/items")

    assert trie.places <= 30
    assert trie.find("/orders/9/items", "GET") is not None


def test_what_is_deeper_than_the_bound_is_one_place_of_its_own() -> None:
    """However many of them there are, and where values stand beside it."""
    deep = "/a" * (DEEPEST - 1)
    trie = trie_of(f"{deep}/7", *(f"{deep}/b/{word}" for word in WORDS[: DISTINCT * 2]))

    assert templates(trie) == {f"{deep}/{{}}", f"{deep}/{DEEPER}"}
    assert trie.find(f"{deep}/b/c/d/e", "GET") is trie.find(f"{deep}/x/y", "GET") is not None
    assert trie_of(f"{deep}/7").find(f"{deep}/x/y", "GET") is None


def test_paths_that_somebody_invents_drive_no_verified_callers_out() -> None:
    """However often each of them is called, and answered as if it were there; where all are verified, those go too."""
    trie = trie_of(most=200)
    trie.see(Observation(method="GET", path="/reports/monthly", status=200, at=1.0, caller="erp"))
    for number, word in enumerate(WORDS[:500]):
        for _ in range(5):
            see(trie, f"/{WORDS[number % 13]}{WORDS[number % 7]}/{word}/x/{word}")
    assert trie.dropped > 0
    assert trie.find("/reports/monthly", "GET") is not None
    for number, word in enumerate(WORDS[:500]):
        path = f"/{WORDS[number % 13]}{WORDS[number % 7]}/{word}/x/{word}"
        trie.see(Observation(method="GET", path=path, status=200, at=1.0, caller="app"))
    assert trie.places <= 200
