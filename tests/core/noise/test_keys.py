"""Under which key a difference is learned."""

from __future__ import annotations

import pytest

from proxy.core.noise.keys import is_loose, key_of, path_of
from proxy.core.noise.tokens import LONGEST_TEXT
from tests.core.noise.pairs import find


@pytest.mark.parametrize(
    ("path", "legacy", "new", "key"),
    [
        ("$.a", 1, 2, "$.a"),
        ("$.items[*].at", "x1", "x2", "$.items[*].at"),
        ("$[*]", "Queries took 1.2ms", "Queries took 3ms", "$[*] ~ Queries took <n>ms"),
        ("$", "took 1 s", "took 2 s", "$ ~ took <n> s"),
        ("$", 1, 2, "$"),
        ("$[*]", "one", "other", None),
        ("$.tags[*]", "ab12cd34", "ef56gh78", "$.tags[*] ~ <i>"),
        ("$.tags[*]", True, False, None),
        ("$.prices[*]", 1, 2, "$.prices[*] ~ <number>"),
        ("$.map{*}", 1, 2, "$.map{*} ~ <number>"),
        ("$[*]", "$1.50", "$2.50", "$[*] ~ $<n>"),
        ("$", "2027-01-15T08:00:00Z", "2027-01-15T08:00:01Z", "$ ~ <t>"),
        ("$", "a" * LONGEST_TEXT + " 1", "a" * LONGEST_TEXT + " 2", None),
        ("$", "sha256:0123456789abcdef (10 bytes)", "sha256:0123456789abcdee (10 bytes)", None),
        ("$.a", {}, [], "$.a"),
        ("$['\0\ud800']", 1, 2, "$['␀?']"),
    ],
)
def test_keys(path: str, legacy: object, new: object, key: str | None) -> None:
    """A path, with the skeleton where it pools; none where nothing may be learned; always storable."""
    assert key_of(find(path, legacy, new)) == key


@pytest.mark.parametrize(
    ("key", "loose"),
    [
        ("$.a", False),
        ("$[*] ~ Took <n>", False),
        ("$[*] ~ <i>", False),
        ("$ ~ <t>", False),
        ("$.prices[*] ~ <number>", False),
        ("$[*] ~ <n>", True),
        ("$[*] ~ <n> ms", True),
    ],
)
def test_what_is_loose(key: str, loose: bool) -> None:  # noqa: FBT001 - what is expected
    """A form with fewer than three letters, unless it is one id, one time, or a number of a body."""
    assert is_loose(key) is loose


def test_long_skeletons_are_cut_and_told_apart() -> None:
    """Two that begin alike are two keys; a key leads back to its path."""
    first, second = (key_of(find("$[*]", f"{'word ' * 60}{end} 1", f"{'word ' * 60}{end} 2")) for end in ("a", "b"))

    assert first is not None
    assert second is not None
    assert first != second
    assert len(first) < 200
    assert path_of(first) == path_of("$[*]") == "$[*]"
