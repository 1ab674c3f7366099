"""What became of all stories, as one table and as JSON."""

from __future__ import annotations

import json

from examples.stage.record import Chapter, Entry, Figure, Missing, Stopped, Verdict
from examples.together.__main__ import exit_code
from examples.together.outcome import Ending, Outcome, outcome
from examples.together.table import WIDTH, Performance, as_json, picture

HELD = outcome("one", 58.4, [Chapter("Figures"), Figure("client errors", "0"), Verdict("nobody noticed.", ())], "")
FAILED = outcome("two", 61.0, [Figure("moves", "3 saves; " * 12), Verdict("", ("rows differ", "a client failed"))], "")
LACKS = outcome("three", 0.7, [Missing("Node.js is not here.", "apt-get install nodejs")], "")
STOPPED = outcome("four", 2.0, [Chapter("Phase 1"), Stopped("waited 90 s for a store")], "bye")
CRASHED = outcome("five", 3.0, [Chapter("Phase 1")], "KeyError: 'port'")


def performance(*outcomes: Outcome) -> Performance:
    return Performance(outcomes=outcomes, seconds=125.1, cpu=200.6)


def test_each_ending_is_told_in_its_own_words() -> None:
    """What held, what was wrong, which command brings what is missing, and what a story said last that told no end."""
    assert (
        picture(performance(HELD, FAILED, LACKS, STOPPED, CRASHED))
        == """\
story  verdict       took  figure         value
one    held          58 s  so             nobody noticed.
                           client errors  0
two    failed        61 s  wrong          rows differ
                           wrong          a client failed
                           moves          3 saves; 3 saves; 3 saves; 3 saves; 3 saves; 3 saves; 3
                                          saves; 3 saves; 3 saves; 3 saves; 3 saves; 3 saves;
three  lacks a part   1 s  missing        Node.js is not here.
                           missing        Bring it: apt-get install nodejs
four   stopped        2 s  stopped        waited 90 s for a store
five   stopped        3 s  stopped        KeyError: 'port'

5 stories in 125 s, 201 s of CPU: 1 held, 1 failed, 1 lacks a part, 2 stopped."""
    )


def test_no_line_is_wider_than_the_table_may_be() -> None:
    """Neither a long word nor a long sentence makes one."""
    entries: list[Entry] = [Figure("x" * 24, "y" * 300), Verdict("words " * 50, ())]

    assert max(map(len, picture(performance(outcome("todock", 1.0, entries, ""))).splitlines())) <= WIDTH == 100


def test_scripts_get_the_same() -> None:
    """Figures by their names, words as a list, seconds to a tenth."""
    assert json.loads(as_json(performance(HELD, LACKS))) == {
        "seconds": 125.1,
        "cpu": 200.6,
        "stories": [
            {
                "name": "one",
                "verdict": "held",
                "seconds": 58.4,
                "words": ["nobody noticed."],
                "figures": {"client errors": "0"},
            },
            {
                "name": "three",
                "verdict": "lacks a part",
                "seconds": 0.7,
                "words": ["Node.js is not here.", "Bring it: apt-get install nodejs"],
                "figures": {},
            },
        ],
    }


def test_the_exit_code_is_the_worst_of_them() -> None:
    """1 where one failed or came to no end, 2 where one only lacks a part, 0 where all held."""
    assert [exit_code(each) for each in ([HELD], [HELD, LACKS], [LACKS, FAILED], [HELD, CRASHED])] == [0, 2, 1, 1]
    assert {each.ending for each in (HELD, FAILED, LACKS, STOPPED)} == set(Ending)
