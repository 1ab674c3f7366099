"""Words that may be values of one parameter, though they are too few to be found to be some."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from proxy.core.discovery.alike_words import AlikeWords, alike_words
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.inventory import Inventory

CITIES = ("berlin", "bonn", "bremen", "essen", "hamburg", "jena", "kiel", "koeln", "mainz", "rostock", "ulm", "wien")


def found(*targets: str, status: int = 200, pattern: str = "") -> tuple[AlikeWords, ...]:
    """Each target, of a GET unless it says another method, is called twice."""
    inventory = Inventory()
    for target in targets:
        method, _, path = target.rpartition(" ")
        path, _, query = path.partition("?")
        seen = Observation(method=method or "GET", path=path, status=status, at=1.0, query=tuple(query.split()))
        for _ in range(2):
            inventory.take(seen, pattern and path)
    return alike_words(inventory.endpoints())


def behind(parent: str, words: Iterable[str], more: str = "") -> list[str]:
    return [f"{parent}/{word}{more}" for word in words]


def test_words_behind_a_plural_that_are_called_alike_may_be_values() -> None:
    """Where they stand, which they are, and what a route would say that takes them all."""
    (group,) = found(*behind("/shops", CITIES), *behind("POST /shops", CITIES), "/shops/search", "/orders")

    assert (group.parent, group.words) == ("/shops", tuple(sorted(CITIES)))
    assert group.matches == ("GET,POST /shops/{shop}",)


def test_what_is_behind_them_is_behind_the_parameter() -> None:
    """A route for each template; parameters behind it have names, and a slash at the end is another path."""
    calls = [f"/filiale/{city}{more}" for city in CITIES for more in ("/hours", "/till/7", "/")]
    (group,) = found(*calls)

    assert group.matches == (
        "GET /filiale/{filiale}/",
        "GET /filiale/{filiale}/hours",
        "GET /filiale/{filiale}/till/{id}",
    )


@pytest.mark.parametrize(
    ("calls", "match"),
    [
        (behind("/customers/7/ids", CITIES), "GET /customers/{id}/ids/{id_2}"),
        (behind("/dates/2026-01-02/dates", CITIES), "GET /dates/{date}/dates/{date_2}"),
        (behind("/ids", CITIES, "/x/7"), "GET /ids/{id}/x/{id_2}"),
    ],
)
def test_a_match_names_no_parameter_twice(calls: list[str], match: str) -> None:
    """A route with it can be written as it is said."""
    (group,) = found(*calls)

    assert group.matches == (match,)


def test_what_routes_name_counts_among_the_words_of_a_place() -> None:
    """Twelve that nobody has named are no group beside as many that routes name as words."""
    inventory = Inventory()
    named = ["/shops", *behind("/orders", CITIES), *behind("/shops", [f"{city}burg" for city in CITIES])]
    for path in (*behind("/shops", CITIES), *named):
        for _ in range(2):
            inventory.take(Observation(method="GET", path=path, status=200, at=1.0), path if path in named else "")

    assert {each.template for each in inventory.endpoints() if each.is_known} == set(named)
    assert alike_words(inventory.endpoints()) == ()
    assert alike_words([each for each in inventory.endpoints() if not each.is_known])


@pytest.mark.parametrize(
    "targets",
    [
        behind("", CITIES),
        behind("/api/v1", CITIES),
        behind("/members/7", CITIES),
        behind("/shops", CITIES[:4]),
        behind("POST /payments", ("authorize", "capture", "void", "refund", "settle")),
        behind("/settings", ("profile", "billing", "security", "team", "language")),
        behind("/scripts/more/assets", CITIES),
        behind("/parts", [f"{city}.js" for city in CITIES]),
        behind("/shops", [f"{city}%20west" for city in CITIES]),
        behind("/admin", ("profile", "email", "avatar", "name", "phone"), "/edit"),
        behind("/admin", CITIES),
        behind("/shops", CITIES, "/7"),
        behind("/things", ("users", "orders", "carts", "roles", "jobs", "berlin")),
        [*behind("/shops", CITIES[:6]), *behind("POST /shops", CITIES[6:])],
        [*behind("/shops", CITIES), *behind("/shops", ("4711", "4712"))],
        [f"/shops/{city}?by{at}" for at, city in enumerate(CITIES)],
        ["/users/me", "/users/search"],
        ["/users", "/users/7", "/orders", "/orders/7/lines", "/carts", "PUT /carts/7"],
    ],
    ids=[
        *("root", "version", "behind a parameter", "few", "actions", "settings", "assets", "files", "texts", "forms"),
        *("pages", "collections", "resources", "two kinds", "beside values", "other queries", "operations", "an API"),
    ],
)
def test_rather_nothing_is_remarked_than_words(targets: list[str]) -> None:
    """Resources, pages and operations are words; where values are told already, nothing has to be remarked."""
    assert found(*targets) == ()


def test_names_in_queries_that_half_of_them_share_are_one_endpoints() -> None:
    """A page number is not asked of each city."""
    asked = [f"/shops/{city}?page" for city in CITIES[:6]]

    assert found(*asked, *behind("/shops", CITIES[6:]))


def test_words_that_are_answered_otherwise_are_others() -> None:
    """By the class of most answers; what a route names is as whoever wrote it has it."""
    inventory = Inventory()
    for at, city in enumerate(CITIES):
        for _ in range(2):
            inventory.take(Observation(method="GET", path=f"/shops/{city}", status=(200, 302)[at % 2], at=1.0))

    assert alike_words(inventory.endpoints()) == ()
    assert found(*behind("/shops", CITIES), pattern="as the path") == ()


def test_what_was_seen_once_is_no_word() -> None:
    """It may be a scanner's."""
    inventory = Inventory()
    for city in CITIES:
        inventory.take(Observation(method="GET", path=f"/shops/{city}", status=200, at=1.0))

    assert alike_words(inventory.endpoints()) == ()
