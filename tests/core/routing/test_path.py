from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.routing.path import ANY, MAX_SEGMENTS, REST, PathPattern, other_spellings, parse_pattern


def pattern(text: str) -> PathPattern:
    found = parse_pattern(text)
    assert isinstance(found, PathPattern), found
    return found


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("/", (b"",)),
        ("/orders", (b"orders",)),
        ("/orders/", (b"orders", b"")),
        ("/orders/{id}", (b"orders", ANY)),
        ("/orders/*/lines", (b"orders", ANY, b"lines")),
        ("/**", (REST,)),
        ("/orders/{id}/**", (b"orders", ANY, REST)),
        ("/.well-known/a~b!$&'()+,=:@", (b".well-known", b"a~b!$&'()+,=:@")),
        ("/caf%c3%A9", (b"caf%C3%A9",)),
        ("/...", (b"...",)),
    ],
)
def test_a_pattern_is_one_entry_per_segment(text: str, shape: tuple[bytes, ...]) -> None:
    """A pattern's shape has a literal, `*` or `**` for each segment; encoded bytes stand in upper case."""
    assert pattern(text).shape == shape
    assert pattern(text).text == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("orders", "begins with a slash"),
        ("", "begins with a slash"),
        ("/a/**/b", "the last segment"),
        ("/a//b", "no empty segment"),
        ("/a//**", "no empty segment"),
        ("/{id}/{id}", "stands twice"),
        ("/{id}.json", 'segment "{id}.json" is neither'),
        ("/a*b", 'segment "a*b" is neither'),
        ("/{1}", 'segment "{1}" is neither'),
        ("/a b", 'segment "a b" is neither'),
        ("/é", 'segment "é" is neither'),
        ("/a%", 'segment "a%" is neither'),
        ("/a?b", 'segment "a?b" is neither'),
        ("/a/../b", "are resolved"),
        ("/.", "are resolved"),
        ("/a;v=1", "semicolon"),
        ("/%41", "write A instead of %41"),
        ("/%7e", "write ~ instead of %7e"),
        ("/a%2Fb", "disagree about %2F"),
        ("/a%5cb", "disagree about %5c"),
        ("/a%3B", "disagree about %3B"),
        ("/%00", "disagree about %00"),
        ("/a" * (MAX_SEGMENTS + 1), f"at most {MAX_SEGMENTS}"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_said(text: str, complaint: str) -> None:
    """A text that is no pattern, or one that could never match, is answered with the reason."""
    found = parse_pattern(text)

    assert isinstance(found, str)
    assert complaint in found


def test_the_longest_pattern_is_taken() -> None:
    """A pattern may have as many segments as the bound says."""
    assert len(pattern("/a" * MAX_SEGMENTS).shape) == MAX_SEGMENTS


def test_parameters_know_their_segment() -> None:
    """`position` counts segments from 1, as splitting a path at its slashes does; an unknown name is -1."""
    found = pattern("/tenants/{tenant}/orders/{id}")

    assert [found.position(name) for name in ("tenant", "id", "other")] == [2, 4, -1]
    assert b"/tenants/t/orders/7".split(b"/")[found.position("id")] == b"7"


@pytest.mark.parametrize(
    ("text", "takes_rest"),
    [("/a/b", False), ("/a/{b}", False), ("/a/*", False), ("/a/**", True)],
)
def test_a_pattern_knows_whether_it_takes_the_rest(text: str, *, takes_rest: bool) -> None:
    """Only `**` does."""
    assert pattern(text).takes_rest == takes_rest


def test_parameters_names_make_no_difference_to_the_shape() -> None:
    """Patterns that differ in the names of parameters are the same place in the table."""
    assert pattern("/a/{id}").shape == pattern("/a/{name}").shape == pattern("/a/*").shape


def test_an_encoded_literal_has_other_spellings() -> None:
    """A literal with encoded bytes is also found decoded and in lower case; one without has one spelling."""
    assert other_spellings(b"caf%C3%A9") == (b"caf\xc3\xa9", b"caf%c3%a9")
    assert other_spellings(b"orders") == ()


@given(st.text("/abAB09%{}*.;-_~é ", max_size=12))
def test_a_pattern_is_read_or_explained(text: str) -> None:
    """Every text is either a pattern whose literals are harmless, or answered with a sentence; nothing raises."""
    found = parse_pattern(text)

    if isinstance(found, str):
        assert found
    else:
        literals = [each for each in found.shape if each not in (ANY, REST)]
        assert not any(re.search(rb"[/\\;]|^\.\.?$", unquote_to_bytes(literal)) for literal in literals)
