"""`banyan journal` over pages of the test's own."""

from __future__ import annotations

import msgspec
import pytest

from tests.cli.conftest import Banyan
from tests.cli.listening import listening

LOST = {
    "id": "ab" * 16,
    "route": "orders",
    "key": "new ab",
    "state": "unknown",
    "method": "POST",
    "target": "/orders",
    "side": "legacy",
    "cohort": "header:t20",
    "since": "2026-03-01T12:00:01.000Z",
    "age": 200.0,
    "request_id": "01J",
    "client_key": '"k-1"',
    "sent_as": "POST",
}
REFUSED = {
    "id": "cd" * 16,
    "route": "orders",
    "key": "42",
    "state": "dead",
    "method": "POST",
    "target": "/orders",
    "side": "legacy",
    "since": "2026-03-01T12:00:02.000Z",
    "attempts": 1,
    "said": "answered 404",
    "age": 3.2,
    "sent_as": "PUT",
}
LISTED = [
    (
        "2026-03-01 12:00:01Z  orders  unknown  POST /orders  asked 0 times  abababababababababababababababab"
        "  key 'new ab', cohort 'header:t20', perhaps done by legacy, request 01J (banyan why), "
        'the client\'s Idempotency-Key "k-1", 3 min old'
    ),
    (
        "2026-03-01 12:00:02Z  orders  dead  POST /orders → PUT  asked once  cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        "  key '42', done by legacy, 3 s old  answered 404"
    ),
]


def test_writes_are_listed_with_what_people_look_for(banyan: Banyan) -> None:
    """Whose each is, its request, its keys, its age, and as what the other side got it."""
    with listening({"/api/journal?limit=50": msgspec.json.encode({"writes": [LOST, REFUSED]})}) as admin:
        result = banyan(f"journal --admin {admin.url}")
    assert (result.exit_code, result.stdout.splitlines()) == (0, LISTED)


def test_a_write_is_decided_by_the_first_digits_of_its_id(banyan: Banyan) -> None:
    """As a list is quoted, with the mark of what was left out."""
    with listening({"/api/journal/3f0c5a/retry": b'{"id": "3f0c5a"}'}) as admin:
        result = banyan(f"journal retry 3f0c5a… --made 42 --reason there --admin {admin.url}")
    assert (result.exit_code, result.stdout) == (0, "the other side gets it now\n")


@pytest.mark.parametrize("said", ["retry", "list ab", "free ab", "drop ab --made 42", "list --made 42"])
def test_other_words_are_wrong_usage(banyan: Banyan, said: str) -> None:
    """Exit 2, with an example."""
    result = banyan(f"journal {said}")

    assert result.exit_code == 2
    assert "banyan journal retry" in result.stderr
