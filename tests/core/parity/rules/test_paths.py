from __future__ import annotations

import pytest

from proxy.core.parity.rules.paths import LONGEST_PATH, BadPath, PathRules, keys_are_data, member, read_path
from proxy.core.parity.rules.rules import Rules, Treatment
from tests.core.parity.pairs import differences, rule


@pytest.mark.parametrize(
    "path",
    [
        "$",
        "$.items[*].price",
        "$.prices{*}.amount",
        "$['content-type']",
        r"$['it\'s'].a",
        r"$['a\\b']",
        "$.a..*",
        "$..*",
        "status",
        "header:Cache-Control",
        "header:Set-Cookie:sid",
    ],
)
def test_a_path_is_read_as_it_is_printed(path: str) -> None:
    """What differences print is what rules say."""
    assert read_path(path) == path


def test_other_ways_to_write_a_path_are_read_too() -> None:
    """Quotes that are not needed, and fields in any case."""
    assert read_path("$['items'][*]") == "$.items[*]"
    assert read_path("header:cache-control") == "header:Cache-Control"
    assert read_path("header:SET-COOKIE:sid") == "header:Set-Cookie:sid"


@pytest.mark.parametrize(
    ("path", "at"), [("items", 0), ("$.", 1), ("$.a[0]", 3), ("$.a..*.b", 3), ("$.a b", 3), ("header:", 0), ("", 0)]
)
def test_a_path_that_cannot_be_read_says_where(path: str, at: int) -> None:
    """The position is that of the first character that makes no sense."""
    with pytest.raises(BadPath) as error:
        read_path(path)

    assert error.value.at == at


@pytest.mark.parametrize(
    ("keys", "data"),
    [
        (["id", "firstName", "_links"], False),
        (["content-type", "@id", "$ref", "a.b", "xml:lang"], False),
        (["2026", "2027"], True),
        (["ann@example.test"], True),
        (["a1b2c3d4-0000"], True),
        (["a" * 101], True),
        (["a b"], True),
        ([f"k{number}" for number in range(51)], True),
        ([f"k{number}" for number in range(50)], False),
    ],
)
def test_keys_that_are_data_are_known_by_their_look(keys: list[str], data: bool) -> None:  # noqa: FBT001 - a column
    """Numbers, addresses, ids, long texts and too many keys are data; names stay names."""
    names: set[str] = set()

    assert keys_are_data(dict.fromkeys(keys), names) is data
    assert keys_are_data(dict.fromkeys(keys), names) is data


def test_a_map_has_one_path_for_all_its_entries() -> None:
    """What differs under any key of a map differs at `{*}`, and only once."""
    one = {"7": {"n": 1}, "8": {"n": 1}, "9": 1}

    assert differences(one, {"7": {"n": 2}, "8": {"n": 2}, "10": 1}) == [
        "${*}.n num medium",
        "${*} missing high",
        "${*} extra low",
    ]


def test_places_are_made_once_and_know_their_rules() -> None:
    """A place found again is the same one."""
    root = PathRules("$", Rules(rules=(rule(Treatment.UNORDERED, "$.a"),)))

    assert root.member("a") is root.member("a")
    assert root.element() is root.element()
    assert root.entry().text == "${*}"
    assert root.member("a").list_rule is not None
    assert root.element().list_rule is None


def test_a_member_called_like_a_step_is_another_place() -> None:
    """A key that reads `[*]` is not an element."""
    root = PathRules("$", Rules())

    assert root.member("[*]").text == "$['[*]']"
    assert root.element().text == "$[*]"


def test_paths_are_bounded() -> None:
    """However deep, a path has at most so many characters."""
    path = "$"
    for _ in range(100):
        path = member(path, "name")

    assert len(path) == LONGEST_PATH
    assert path.endswith("…")
