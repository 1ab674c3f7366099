from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.text.scalar import Surprise, key_surprise, meaning, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("8080", 8080),
        ("0.25", 0.25),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("legacy", "legacy"),
        ("10%", "10%"),
        ("5s", "5s"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        (":8080", ":8080"),
        ("/**", "/**"),
        ("1" * 19, "1" * 19),
        ("truely", "truely"),
        ("2024", 2024),
    ],
)
def test_what_looks_like_a_value_is_one(text: str, value: object) -> None:
    """Truth values, null and decimal numbers are what they look like; everything else is text."""
    found = resolve(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("on", 'on is true to some readers of YAML and text to others; write true, or "on" in quotes'),
        ("No", 'No is false to some readers of YAML and text to others; write false, or "No" in quotes'),
        ("y", 'y is true to some readers of YAML and text to others; write true, or "y" in quotes'),
        (
            "0777",
            'a decimal one to others; write it in quotes: "0777", or as a plain number: 777',
        ),
        ("0o17", 'octal number to some readers of YAML and a decimal one to others; write it in quotes: "0o17"'),
        ("00", 'write it in quotes: "00", or as a plain number: 0'),
        ("0x1F", "is a number to some readers"),
        ("0b11", "is a binary number to some readers"),
        ("1:30", '1:30 is a number in base 60 to some readers of YAML and text to others; write it in quotes: "1:30"'),
        ("10:30:00.5", "base 60"),
        ("2024-01-31", "is a date to some readers"),
        ("2024-01-31T10:00:00Z", "is a date to some readers"),
        ("1_000", 'write it in quotes: "1_000", or as a plain number: 1000'),
        ("-.inf", "no setting can take"),
        (".nan", "no setting can take"),
        ("=", "a meaning of its own"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused(text: str, message: str) -> None:
    """The surprises of YAML 1.1 are named, with what to write instead."""
    found = resolve(text)

    assert isinstance(found, Surprise)
    assert message in found.message


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("on", 'write true, or "on" in quotes'),
        ("0777", "octal"),
        ("true", 'is not text here; write it in quotes: "true"'),
        ("null", "is not text here"),
        ("", "is not text here"),
        ("<<", "merge keys"),
    ],
)
def test_keys_are_text(key: str, message: str) -> None:
    """An unquoted key that is no text to some reader is refused."""
    assert message in (key_surprise(key) or "")


@pytest.mark.parametrize("key", ["name", "X-Client", "8080", "a.b", "1.5"])
def test_usual_keys_are_no_surprise(key: str) -> None:
    """A key that everybody takes for a name, or for the same number, is text."""
    assert key_surprise(key) is None


def test_what_comes_out_of_the_environment_has_no_surprise() -> None:
    """No other reader of YAML sees the value of a variable, so `no` and `0777` are just text there."""
    assert [meaning(text) for text in ("no", "0777", "2", "true", "1:30")] == ["no", "0777", 2, True, "1:30"]


PLAIN = st.text("01279.:_-+eExobnyTtZ~= aflrsu", min_size=1, max_size=8)


@pytest.mark.thorough
@given(PLAIN | st.sampled_from(["Yes", "oFF", "1e1", "1_0", "0b1", "2001-1-1", "1:1", "0.1", "190:20:30.15"]))
def test_nobody_else_reads_it_differently(text: str) -> None:
    """What is taken as text is text to PyYAML's reader of YAML 1.1 too, what is taken as a number the same number."""
    found = resolve(text)
    if isinstance(found, Surprise | float):
        return
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    node = yaml.ScalarNode(tag, text)

    assert loader.construct_object(node) == found
