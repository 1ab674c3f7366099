"""Lists that fit the screen and hide nothing."""

from __future__ import annotations

import pytest

from proxy.cli.record.entries import ListEntry, entry_lines, moment

LONG = "a/route/whose/name/is/longer/than/any/line/that/a/terminal/of/a/hundred/columns/may/have/for/it/alone"


def test_columns_are_aligned_and_end_without_blanks() -> None:
    """A column that is empty everywhere takes no room."""
    entries = [ListEntry(cells=["a", "", "long", ""]), ListEntry(cells=["longer", "", "b", ""], below=["why"])]

    assert list(entry_lines(entries, 100)) == ["a       long", "longer  b", "    why"]


def test_as_many_columns_are_aligned_as_there_is_room_for() -> None:
    """One wide cell does not put all rows out of line: those before it stay where they are in the others."""
    entries = [ListEntry(cells=["a", "b" * 14, "c"]), ListEntry(cells=["long", "b", "c" * 5])]

    assert list(entry_lines(entries, 23)) == [f"a     {'b' * 14}  c", "long  b  ccccc"]
    assert list(entry_lines(entries, 22)) == [f"a  {'b' * 14}  c", "long  b  ccccc"]


def test_nothing_is_cut() -> None:
    """A head that is wider than the screen is folded between words, and a long name stands whole on its line."""
    lines = list(entry_lines([ListEntry(cells=["2026", LONG, "hold"], below=["word " * 40])], 100))

    assert lines[:3] == ["2026", f"    {LONG}", "    hold"]
    assert " ".join(lines[3:]).split() == ["word"] * 40
    assert all(len(line) <= 100 for line in lines if LONG not in line)


def test_a_line_break_begins_no_line() -> None:
    """What somebody wrote is shown as such."""
    lines = list(entry_lines([ListEntry(cells=["a"], below=["x\nhold  by bob"])], 100))

    assert lines == ["a", "    x\\nhold  by bob"]


def test_in_a_pipe_an_entry_is_one_line() -> None:
    """However long it is, with every cell in its place and what people wrote behind them."""
    entries = [ListEntry(cells=["a", "", "b" * 90], below=["why " * 40, "x\ny"]), ListEntry(cells=["long", "c", "d"])]

    assert list(entry_lines(entries, None)) == [f"a  –  {'b' * 90}  {'why ' * 40}  x\\ny", "long  c  d"]


def test_wide_signs_are_two_columns() -> None:
    """Columns stand below each other beside them, and a head of them that is too wide is folded."""
    entries = [ListEntry(cells=["一二", "x"]), ListEntry(cells=["a", "y"])]

    assert list(entry_lines(entries, 10)) == ["一二  x", "a     y"]
    assert list(entry_lines([ListEntry(cells=["一二三四五六"])], 10)) == ["一二三四五", "    六"]


def test_no_entries_are_no_lines() -> None:
    """Who calls says that there are none."""
    assert list(entry_lines([], 100)) == []


def test_a_moment_is_shown_to_the_second() -> None:
    """In UTC, and nothing where there is none."""
    assert [moment(each) for each in ("2026-03-01T12:00:00.123Z", "")] == ["2026-03-01 12:00:00Z", ""]


@pytest.mark.parametrize("width", [40, None])
def test_what_stands_in_a_cell_steers_no_terminal(width: int | None) -> None:
    """A name, a path or a key that somebody sent is shown with its control signs spelt out, as is what stands below."""
    lines = list(entry_lines([ListEntry(cells=["\x1b[31mred", "a\nb"], below=["\x9b31m"])], width))

    assert all(line.isprintable() for line in lines)
    assert "\\x1b[31mred  a\\nb" in lines[0]
