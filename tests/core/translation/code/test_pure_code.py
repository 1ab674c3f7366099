"""What is said of an adapter's code before it is run."""

from __future__ import annotations

import pytest

from proxy.core.translation.code.pure_code import faults_in

WHOLE = """\
from adapters import Answer, Request
import re, urllib.parse

STATES = {"a": 1}

def request_to_new(request: Request) -> Request:
    return request

def answer_from_new(answer, extra=None):
    return answer

def request_to_legacy(*messages):
    return messages[0]

def answer_from_legacy(answer, /, *, strict=False):
    return answer
"""


def told(source: str) -> list[str]:
    return [f"{fault.line}:{fault.column}: {fault.message}" for fault in faults_in(source)]


def test_pure_code_with_its_four_functions_is_right() -> None:
    """Whatever else it has, and whatever its functions take besides; what it has made is its own to change."""
    own = "def f(answer):\n    answer.status = 204\n    answer.body['a'][0] = re.escape('a')\n    f(answer).x = 1\n"
    assert told(WHOLE + own) == []


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("import socket", "1: imports socket: an adapter is pure, and may import adapters, base64,"),
        ("import re, os.path", "1: imports os.path: "),
        ("from time import time", "1: imports time: "),
        ("from . import other", "1: imports a file beside it; an adapter is one file"),
        ("x = open('x')", "5: uses open: an adapter has a message and gives one back, and does nothing else"),
        ("print(1)", "1: uses print: "),
        ("x = ().__class__", "5: reaches for __class__, which is Python's own"),
        ("x = date.today()", "5: calls today(): the same message must come to the same, whatever the time"),
        ("re.kept = 1", "1: changes re, which is imported: each message is by itself"),
        ("Answer.seen[0].x += 1", "1: changes Answer, which is imported"),
        ("del urllib.parse.quote", "5: changes urllib, which is imported"),
        ("async def f(): pass", "1: waits for something; an adapter waits for nothing"),
    ],
)
def test_what_leads_out_of_a_function_is_told_at_its_place(line: str, start: str) -> None:
    """Line, column, and why not."""
    (found,) = told(f"{WHOLE}{line}\n")
    assert found.startswith(f"17:{start}")


def test_nothing_is_kept_from_one_message_to_the_next() -> None:
    """By a name of the whole module."""
    assert told(
        WHOLE.replace("    return request\n", "    global LAST, N\n    LAST = request\n    return request\n")
    ) == ["7:5: keeps LAST, N from one message to the next; each message is by itself"]


def test_functions_that_lack_or_take_something_else_are_told() -> None:
    """By the line that they should have."""
    source = "def request_to_new():\n    pass\n\ndef answer_from_new(a, b):\n    pass\n"
    assert told(source) == [
        "1:1: lacks def answer_from_legacy(answer)",
        "1:1: lacks def request_to_legacy(request)",
        "1:1: must be def request_to_new(request): it is called with the message alone",
        "4:1: must be def answer_from_new(answer): it is called with the message alone",
    ]


def test_what_is_no_python_is_told() -> None:
    """With line and column where Python says them."""
    assert told("def x(:\n") == ["1:7: is no Python: invalid syntax"]
    for strange in ("(" * 5000, "-" * 100_000 + "1", "x = 1\0"):
        assert len(told(strange)) == 1
    assert told("#" * 300_000) == ["1:1: is longer than 256KiB"]
