"""Lines folded at the screen's width."""

from __future__ import annotations

import pytest
from rich.text import Text

from proxy.cli.folded import folded
from proxy.cli.terminal import say_texts

NAME = "a/name/that/is/longer/than/the/line"


@pytest.mark.parametrize(
    ("text", "hang", "lines"),
    [
        ("fits  as it is", 4, ["fits  as it is"]),
        ("one two three four five six", 4, ["one two three four", "    five six"]),
        ("      deep two three four", 4, ["      deep two three", "      four"]),
        ("  row   one two three four", 8, ["  row   one two", "        three four"]),
        (f"one {NAME} two", 4, ["one", f"    {NAME}", "    two"]),
        ("\x1b[31mone two three\x1b[0m", 4, ["\x1b[31mone two three\x1b[0m"]),
        ("一二三四 五六七八 九十", 4, ["一二三四 五六七八 九", "    十"]),
        ("一二三四五六七八九十一二", 4, ["一二三四五六七八九十", "    一二"]),
        (f"one {'x' * 300}", 4, [f"one {'x' * 16}", *[f"    {'x' * 16}"] * 17, f"    {'x' * 12}"]),
        ("", 4, [""]),
    ],
)
def test_a_line_is_folded_between_words(text: str, hang: int, lines: list[str]) -> None:
    """What goes on is indented, a long name stands whole, and what is longer than any does not; neither colours nor
    wide signs are miscounted.
    """
    assert folded(text, 20, hang=hang) == lines


def test_sentences_are_folded_and_rows_are_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a picture with a table in it."""
    monkeypatch.setenv("COLUMNS", "40")
    say_texts([Text("word " * 10), Text("row " * 20, no_wrap=True), Text()])
    lines = capsys.readouterr().out.splitlines()

    assert lines == [" ".join(["word"] * 8), "    word word", "row " * 20, ""]
