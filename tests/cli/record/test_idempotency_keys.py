"""`banyan idempotency` over pages of the test's own."""

from __future__ import annotations

import msgspec
import pytest

from tests.cli.conftest import Banyan
from tests.cli.listening import listening

KEYS = {
    "keys": [
        {"id": "ab" * 32, "route": "pay", "key": "p-1", "since": "2026-03-01T12:00:01.000Z", "repeatable": False},
        {"id": "cd" * 32, "route": "refunds", "key": "r", "since": "2026-03-01T12:00:02.000Z", "repeatable": True},
    ]
}


def test_keys_are_listed(banyan: Banyan) -> None:
    """Each with its route, who decides, and last what `release` takes; none is said to be none."""
    for page, lines in (
        (
            KEYS,
            [
                f'2026-03-01 12:00:01Z  pay  "p-1"  people decide it  {"ab" * 32}',
                f'2026-03-01 12:00:02Z  refunds  "r"  a retry decides it  {"cd" * 32}',
            ],
        ),
        ({"keys": []}, ["no key is undecided"]),
    ):
        with listening({"/api/idempotency": msgspec.json.encode(page)}) as admin:
            result = banyan(f"idempotency --admin {admin.url}")
            as_json = banyan(f"idempotency list --json --admin {admin.url}")
        assert (result.exit_code, result.stdout.splitlines()) == (0, lines)
        assert msgspec.json.decode(as_json.stdout) == page


def test_a_key_is_released(banyan: Banyan) -> None:
    """By its id, with who and why."""
    answer = msgspec.json.encode({"id": "ab"})
    with listening({"/api/idempotency/ab/release": answer}) as admin:
        result = banyan(f"idempotency release ab --reason 'not booked' --admin {admin.url}")
        as_json = banyan(f"idempotency release ab --json --admin {admin.url}")

    assert (result.exit_code, result.stdout) == (
        0,
        "released: the next request that carries this key is executed\n",
    )
    assert msgspec.json.decode(as_json.stdout) == {"id": "ab"}


@pytest.mark.parametrize("said", ["release", "list ab", "free ab", "list --reason x"])
def test_other_words_are_wrong_usage(banyan: Banyan, said: str) -> None:
    """Exit 2, with an example."""
    result = banyan(f"idempotency {said}")

    assert result.exit_code == 2
    assert "banyan idempotency release" in result.stderr


def test_where_nothing_answers_it_says_so(banyan: Banyan) -> None:
    """Exit 1."""
    assert banyan("idempotency --admin http://127.0.0.1:1").exit_code == 1
    assert banyan("idempotency release ab --admin http://127.0.0.1:1").exit_code == 1
