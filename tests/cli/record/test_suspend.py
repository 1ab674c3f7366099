"""`banyan suspend` over pages of the test's own."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from tests.cli.conftest import Banyan
from tests.cli.listening import listening

LIST = {
    "suspensions": [
        {"subject": "auth0|7", "since": "2026-03-01T12:00:01.000Z", "by": "ann@desk", "reason": "chargeback"},
        {"subject": "ben", "since": "2026-03-01T12:00:02.000Z", "by": "ann@desk", "reason": ""},
    ],
    "listed": 3,
}
SAID = {"subject": "ben", "suspended": True, "changed": True, "listed": False, "done": True, "instances": []}


def test_who_is_suspended_is_listed(banyan: Banyan) -> None:
    """Each with its order, and how many the file has; nobody is said to be nobody."""
    with listening({"/api/suspended": msgspec.json.encode(LIST)}) as admin:
        result = banyan(f"suspend --list --admin {admin.url}")
        as_json = banyan(f"suspend --list --json --admin {admin.url}")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "3 in the file of `suspend`",
            "2026-03-01 12:00:01Z  auth0|7  by ann@desk  chargeback",
            "2026-03-01 12:00:02Z  ben  by ann@desk",
        ],
    )
    assert msgspec.json.decode(as_json.stdout) == LIST

    with listening({"/api/suspended": b'{"suspensions": [], "listed": 0}'}) as admin:
        assert banyan(f"suspend --list --admin {admin.url}").stdout == "nobody is suspended by order\n"


@pytest.mark.parametrize(
    ("typed", "answer", "code", "lines"),
    [
        ("ben", {}, 0, ["ben is suspended"]),
        ("ben --reason x", {"changed": False}, 0, ["ben is suspended already"]),
        ("ben --lift", {"suspended": False}, 0, ["ben is no longer suspended"]),
        (
            "ben --lift",
            {"listed": True, "changed": False},
            1,
            ["ben is suspended already", "the file of `suspend` lists it: take it out there to end that"],
        ),
        (
            "ben",
            {
                "done": False,
                "instances": [{"instance": "two:80", "obeys": False}, {"instance": "one:80", "obeys": True}],
            },
            1,
            ["ben is suspended", "not seen to obey yet: two:80"],
        ),
    ],
)
def test_an_order_is_given(
    banyan: Banyan, typed: str, answer: Mapping[str, object], code: int, lines: list[str]
) -> None:
    """What became of it is said, and the exit says whether every live replica obeys."""
    with listening({"/api/suspended": msgspec.json.encode(SAID | dict(answer))}) as admin:
        result = banyan(f"suspend {typed} --admin {admin.url}")
        as_json = banyan(f"suspend {typed} --json --admin {admin.url}")
    assert (result.exit_code, result.stdout.splitlines()) == (code, lines)
    assert msgspec.json.decode(as_json.stdout) == SAID | dict(answer)


@pytest.mark.parametrize("said", ["", "ben --list", "--list --lift", "--lift"])
def test_other_words_are_wrong_usage(banyan: Banyan, said: str) -> None:
    """Exit 2, with an example."""
    result = banyan(f"suspend {said}")
    assert (result.exit_code, "banyan suspend member-7" in result.stderr) == (2, True)


def test_where_nothing_answers_it_says_so(banyan: Banyan) -> None:
    """Exit 1."""
    assert banyan("suspend --list --admin http://127.0.0.1:1").exit_code == 1
    assert banyan("suspend ben --admin http://127.0.0.1:1").exit_code == 1
