from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.discovery import inventory as module
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.inventory import Inventory, Parameter, teaches
from proxy.core.discovery.segment import SegmentKind
from proxy.core.discovery.usage import UNVERIFIED


def seen(path: str, status: int = 200, caller: str = UNVERIFIED, route: str = "", weight: float = 1.0) -> Observation:
    return Observation(method="GET", path=path, status=status, at=1.0, caller=caller, route=route, weight=weight)


def found(*all_seen: Observation) -> dict[str, float]:
    inventory = Inventory()
    for each in all_seen:
        inventory.take(each)
    return {each.template: each.seen.calls for each in inventory.endpoints()}


def test_only_what_is_there_teaches_a_path() -> None:
    """Below 400, a conflict; a refusal and a failure where the caller is verified; never what was not found."""
    taught = {
        (status, caller)
        for status in (200, 304, 409, 401, 403, 429, 500, 404, 400, 405)
        for caller in ("app", UNVERIFIED)
        if teaches(seen("/", status, caller))
    }

    assert taught == {
        *((status, caller) for status in (200, 304, 409) for caller in ("app", UNVERIFIED)),
        *((status, "app") for status in (401, 403, 429, 500)),
    }


def test_what_is_not_found_counts_where_the_path_is_known() -> None:
    """Else it is held apart."""
    inventory = Inventory()
    for each in (seen("/orders/7"), seen("/orders/8", 404), seen("/wp-login.php", 404, weight=3.0)):
        inventory.take(each)

    assert {each.template: each.seen.calls for each in inventory.endpoints()} == {"/orders/{id}": 2.0}
    assert (inventory.missed, inventory.observed, inventory.dropped, inventory.places) == (3.0, 3, 0, 3)


def test_a_route_that_names_the_path_is_the_template() -> None:
    """Whatever the path looks like; not found as well."""
    inventory = Inventory()
    for path, status in (("/orders/mine", 200), ("/orders/7", 404)):
        inventory.take(seen(path, status, route="orders"), "/orders/{number}")
    (endpoint,) = inventory.endpoints()

    assert (endpoint.template, endpoint.is_known, endpoint.routes) == ("/orders/{number}", True, ("orders",))
    assert (endpoint.seen.calls, endpoint.is_single, endpoint.parameters) == (2.0, False, ())


def test_templates_of_routes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further ones are passed over."""
    monkeypatch.setattr(module, "MOST_KNOWN", 1)
    inventory = Inventory()
    for name in ("a", "b"):
        inventory.take(seen("/x", route=name), f"/{name}")

    assert [each.template for each in inventory.endpoints()] == ["/a"]


def test_what_was_seen_once_is_told_apart() -> None:
    """From nobody verified; twice, from somebody, or by two methods is enough. A slash at the end is another path."""
    inventory = Inventory()
    for path, caller in (("/once", UNVERIFIED), ("/twice", UNVERIFIED), ("/twice", UNVERIFIED), ("/known", "app")):
        inventory.take(seen(path, caller=caller))

    inventory.take(seen("/orders/7"))
    inventory.take(replace(seen("/orders/8"), method="PUT"))
    inventory.take(seen("/twice/"))

    assert [each.template for each in inventory.endpoints() if each.is_single] == ["/once", "/twice/"]


def test_parameters_are_named_for_what_they_look_like() -> None:
    """Two of one name for the words before them, and where that is not enough by number."""
    assert list(
        found(
            seen("/customers/7/orders/8"),
            seen("/mail/ann@example.com"),
            seen("/reports/2026-11-30"),
            seen("/search/two%20words"),
            seen("/boxes/7/8"),
            seen("/categories/7/addresses/8"),
            seen("/7/1/8"),
            seen("/9a-x/7/_/8"),
        )
    ) == [
        "/9a-x/{p_9a_x_id}/_/{p__id}",
        "/boxes/{box_id}/{box_id_2}",
        "/categories/{category_id}/addresses/{address_id}",
        "/customers/{customer_id}/orders/{order_id}",
        "/mail/{email}",
        "/reports/{date}",
        "/search/{text}",
        "/{id}/{id_2}/{id_3}",
    ]


def test_the_evidence_of_a_parameter_is_kept() -> None:
    """What its values looked like, the usual first, and how many there were; not one of them."""
    inventory = Inventory()
    for path in ("/orders/4711", "/orders/4712", "/orders/ORD-77"):
        inventory.take(seen(path))
    (endpoint,) = inventory.endpoints()

    assert endpoint.parameters == (Parameter(name="id", kinds=(SegmentKind.INTEGER, SegmentKind.CODE), distinct=3),)


def test_names_of_a_body_belong_to_an_endpoint_that_is_known() -> None:
    """Of a route or of a template; of none they are passed over, and no call is counted."""
    inventory = Inventory()
    inventory.take(seen("/orders/7"))
    inventory.take(seen("/a/b"), "/a/{x}")
    named = replace(seen("/orders/8"), fields=(("$.a", "null"),))
    for body, pattern in ((named, ""), (named, "/a/{x}"), (replace(named, path="/none"), ""), (seen("/orders/8"), "")):
        inventory.see_body(body, pattern)

    found = {each.template: (each.seen.calls, each.seen.bodies) for each in inventory.endpoints()}
    assert found == {"/orders/{id}": (1.0, 1), "/a/{x}": (1.0, 1)}


def test_what_was_known_before_is_gone_on_with() -> None:
    """Words, values and routes; what comes then counts to it, in either order."""
    first, second = Inventory(), Inventory()
    for path, pattern in (("/orders/7/items", ""), ("/orders/8/items", ""), ("/a/b", "/a/{x}"), ("/7/x/", "")):
        first.take(seen(path), pattern)
    second.take(seen("/orders/9/items"))
    second.take(seen("/a/b"), "/a/{x}")
    for endpoint in first.endpoints():
        second.restore(endpoint)
    second.take(seen("/orders/10/items"))

    found = {each.template: (each.seen.calls, [one.distinct for one in each.parameters]) for each in second.endpoints()}
    assert found == {"/a/{x}": (2.0, []), "/orders/{id}/items": (4.0, [3]), "/{id}/x/": (1.0, [1])}
    assert second.observed == 7


def test_values_that_look_like_words_are_known_again() -> None:
    """One more of them is a value at once."""
    first, second = Inventory(), Inventory()
    for number in range(25):
        first.take(seen(f"/tags/{chr(97 + number)}word"))
    for endpoint in first.endpoints():
        second.restore(endpoint)
    second.take(seen("/tags/later"))

    assert [(each.template, each.seen.calls) for each in second.endpoints()] == [("/tags/{name}", 26.0)]


def test_methods_that_somebody_makes_up_are_one() -> None:
    """Of a template and of a route, whose room they would take; names of a body find it as well."""
    inventory = Inventory()
    for number in range(50):
        for pattern in ("", "/a"):
            inventory.take(replace(seen("/a"), method=f"M{number}"), pattern)
    inventory.see_body(replace(seen("/a"), method="M7", fields=(("$.a", "null"),)))

    found = [(each.method, each.is_known, each.seen.calls, each.seen.bodies) for each in inventory.endpoints()]
    assert found == [("OTHER", True, 50.0, 0), ("OTHER", False, 50.0, 1)]


def test_what_is_very_deep_is_a_template_for_the_rest() -> None:
    """As a route would have it, and known again; a segment that a client writes so is a value."""
    first, second = Inventory(), Inventory()
    for path in ("/a" * 40, "/a" * 41, "/b/**", "/b/**"):
        first.take(seen(path))
    for endpoint in first.endpoints():
        second.restore(endpoint)
    second.take(seen("/a" * 42))

    found = {each.template: each.seen.calls for each in second.endpoints()}
    assert found == {"/a" * 15 + "/**": 3.0, "/b/{text}": 2.0}


def test_names_are_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes up paths and names drives out neither those of verified callers nor those of what is called."""
    monkeypatch.setattr(module, "MOST_NAMES", 300)
    monkeypatch.setattr(module, "_LOOKED_AT_EVERY", 10)
    inventory = Inventory()
    for path, caller in (("/monthly", "erp"), *[("/daily", UNVERIFIED)] * 30):
        inventory.take(replace(seen(path, caller=caller), query=("page",), fields=(("$.a", "null"),)))
    for number in range(400):
        made_up = tuple(f"{chr(97 + at)}{chr(97 + number % 7)}x" for at in range(20))
        path = f"/{chr(97 + number % 18)}x/{chr(97 + number % 17)}y"
        inventory.take(replace(seen(path), query=made_up, fields=tuple((f"$.{name}", "null") for name in made_up)))

    found = {each.template: each.seen for each in inventory.endpoints()}
    assert sum(each.names for each in found.values()) <= 300 + 10 * 40
    assert [(found[path].names, found[path].bodies) for path in ("/monthly", "/daily")] == [(2, 1), (2, 30)]
    forgotten = [each for each in found.values() if not each.names]
    assert forgotten
    assert not any(each.bodies or each.callers[UNVERIFIED].nulls for each in forgotten)
