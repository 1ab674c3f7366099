"""What Banyan finds between two real releases, and what their maintainers said of it in the changelog of 0.61.

Legacy is Datasette 0.60.2, new is 0.61.1. `CHANGES` has what 0.61's changelog says, in our words, and the differences
that follow from it: `route path kind`. The report of a run stands in docs/compare.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from tests.e2e.program import Program, program
from tests.e2e.releases import databases, datasette
from tests.waiting import until

ROUTES = """\
  - { name: names, match: "/store/**", stage: shadow }
  - { name: widths, match: /shop/widths.json, stage: shadow }
  - name: rest
    match: /**
    stage: shadow
    effects: safe
    compare:
      keyed:
        - { path: $.tables, key: name, reason: found by name, owner: team-shop, until: never }
        - { path: $.shop.tables_and_views_truncated, key: name, reason: found by name, owner: team-shop, until: never }
shadow: { sample: 100%, timeout: 20s }
state: memory
"""

REQUESTS = """
GET /.json
GET /-/versions.json
GET /-/metadata.json
GET /-/settings.json
GET /-/plugins.json
GET /-/databases.json
GET /-/actor.json
GET /-/nothing.json
GET /favicon.ico
GET /nothing.json
GET /shop.json
GET /shop.json?sql=select+1+as+one
GET /shop.json?sql=select+nothing
GET /shop.json?sql=delete+from+orders
GET /shop/nothing.json
GET /shop/orders.json
GET /shop/orders.json?_shape=array
GET /shop/orders.json?_shape=objects&_size=5
GET /shop/orders.json?_size=10&_next=20
GET /shop/orders.json?_sort_desc=total&_size=3
GET /shop/orders.json?_labels=on&_size=3
GET /shop/orders.json?_facet=customer
GET /shop/orders.json?customer=7
GET /shop/orders.json?total__gt=100
GET /shop/orders.csv?_size=3
GET /shop/orders/7.json
GET /shop/orders/9999.json
GET /shop/customers.json?city=Ulm
GET /shop/customers.json?_search=x
GET /shop/customers/3.json
GET /shop/big_orders.json
GET /shop/sqlite_stat1.json
GET /shop/widths.json
GET /shop/widths/2.json
GET /store.json
GET /store/price%2Flist.json
GET /store/price~2Flist.json
GET /store/price%2Flist/1.json
GET /store/price~2Flist/1.json
GET /store/stock.2021.json
GET /store/stock~2E2021.json
HEAD /shop
HEAD /shop/orders
HEAD /shop/orders/7
HEAD /-/versions
"""
ROUNDS = 2

ROW = {"columns", "database", "primary_keys", "query_ms", "rows", "table", "units"}
TABLE = ROW | {"allow_execute_sql", "expandable_columns", "expanded_columns", "facet_results", "suggested_facets"}
TABLE |= {"filtered_table_rows_count", "human_description_en", "is_view", "private", "query", "truncated"}
"""Members of a row's page, and of a table's; a table's `next` and `next_url` are null."""
ERROR = {"error", "ok", "status"}
"""Members of a problem's page; its `title` is null where it knows none."""
CACHED = {"Cache-Control", "Referrer-Policy"}
"""Fields that a problem's page does not have."""


def each(route: str, kind: str, members: Iterable[str] = (), fields: Iterable[str] = ()) -> set[str]:
    """The same kind of difference at several members of the document, and at several fields."""
    paths = [f"$.{name}" for name in members] + [f"header:{name}" for name in fields]
    return {f"{route} {path} {kind}" for path in paths}


CHANGES = {
    "It is another release.": {"rest $.datasette.version string"},
    "With CORS, answers say that scripts may read Link.": {
        f"{route} header:Access-Control-Expose-Headers extra" for route in ("rest", "names")
    },
    "HTML pages say in a Link field where their JSON is.": {"rest header:Link extra"},
    "Hashed URL mode is gone; its settings are, and a `-` in a name no longer looks like a hash.": {
        *each("rest", "missing", ["hash_urls", "default_cache_ttl_hashed"]),
        "rest $.error string",
    },
    "A database has a route of its own.": {"rest $[*].route extra"},
    "Tables whose names begin with sqlite_stat are hidden.": {
        "rest $.hidden_count num",
        "rest $.tables[*].hidden string",
        "rest $.shop.tables_and_views_truncated[*] element",
        *each("rest", "num", ["shop.tables_count", "shop.hidden_tables_count"]),
        *each("rest", "num", ["shop.table_rows_sum", "shop.hidden_table_rows_sum"]),
    },
    "There is an icon; it was an empty text.": {
        "rest $ extra",
        "rest header:Content-Type header",
        "rest header:Cache-Control extra",
    },
    "A table with a column that is called n is shown; it was an error 500, which nothing can be compared with.": set(),
    "Special characters stand otherwise in URLs; so they do in the mark of the next page, which has a number in it.": {
        *each("rest", "string", ["next", "next_url"]),
        "rest header:Link header",
    },
    "Special characters stand otherwise in URLs: tables are at other places, and old URLs are an error or lead on.": {
        "names status status",
        *each("names", "extra", TABLE | ERROR | {"primary_key_values", "title"}, CACHED | {"Location"}),
        *each("names", "missing", TABLE | ERROR | {"primary_key_values", "title"}, CACHED),
        *each("names", "null_absent", ["next", "next_url", "title"]),
        "names $ missing",
        "names header:Content-Type header",
        *each("names", "missing", fields=["Access-Control-Allow-Origin", "Access-Control-Allow-Headers"]),
    },
}
NOISE = {"rest $.query_ms num"}
"""How long a query took: nobody told Banyan, it is learned from asking legacy twice."""
RULED = {"rest $.tables order"}
"""A hidden table goes to the end, and the operator said that tables are found by name."""


@asynccontextmanager
async def between(folder: Path, legacy: str, new: str) -> AsyncIterator[Program]:
    """A Banyan that has two releases beside each other on the same data, and looks for evidence."""
    files = databases(folder)
    async with (
        datasette(legacy, folder / "legacy.log", files) as one,
        datasette(new, folder / "new.log", files) as other,
        program(folder, ROUTES, legacy=one, new=other) as banyan,
    ):
        await banyan.until_logged("comparer_started")
        yield banyan


async def send(banyan: Program) -> int:
    """Every request so many times, each by its bytes; how many they were."""
    lines = REQUESTS.split("\n")[1:-1] * ROUNDS
    async with aiohttp.ClientSession() as session:
        for method, _, target in (line.partition(" ") for line in lines):
            url = URL(banyan.url + target, encoded=True)
            async with session.request(method, url, allow_redirects=False) as response:
                await response.read()
    return len(lines)


async def outcomes(banyan: Program) -> Counter[str]:
    """How many comparisons came to what, on all routes."""
    page: Any = await banyan.api()
    names = ("match", "mismatch", "ignored", "incomparable", "undecided")
    return Counter({name: sum(route["parity"][name] for route in page["routes"]) for name in names})


async def compared(banyan: Program, sent: int) -> None:
    """Wait until each request has been looked at."""

    async def done() -> bool:
        return (await outcomes(banyan)).total() == sent

    await until(done)


async def clusters(banyan: Program) -> dict[str, str | None]:
    """Everything that was found: `route path kind`, and what excuses it."""
    found: dict[str, str | None] = {}
    for route in ("names", "widths", "rest"):
        page: Any = await banyan.api(f"/api/routes/{route}/mismatches")
        found |= {f"{route} {one['path']} {one['kind']}": one["accepted"] for one in page["clusters"]}
    return found


async def until_learned(banyan: Program) -> None:
    """Wait until what is noise is known as noise."""

    async def learned() -> bool:
        found = await clusters(banyan)
        return all(found.get(name) == "noise" for name in NOISE)

    await until(learned)


async def test_what_differs_between_two_releases_is_what_the_changelog_says(tmp_path: Path) -> None:
    """Every difference that the changelog states is found by traffic alone, and nothing else is called one."""
    async with between(tmp_path, "0.60.2", "0.61.1") as banyan:
        await compared(banyan, await send(banyan))
        await until_learned(banyan)
        found = await clusters(banyan)
        widths: Any = await banyan.api("/api/routes/widths")

    assert {name for name, excuse in found.items() if excuse is None} == set().union(*CHANGES.values())
    assert {name for name, excuse in found.items() if excuse is not None} == NOISE | RULED
    assert {name: widths["parity"][name] for name in ("match", "mismatch", "incomparable")} == {
        "match": 0,
        "mismatch": 0,
        "incomparable": ROUNDS,
    }


async def test_a_release_beside_itself_differs_in_nothing(tmp_path: Path) -> None:
    """The same requests to two processes of one release: no mismatch, and only the noisy member was ever another."""
    async with between(tmp_path, "0.61.1", "0.61.1") as banyan:
        await compared(banyan, await send(banyan))
        await until_learned(banyan)
        found, counted = await clusters(banyan), await outcomes(banyan)

    assert counted["mismatch"] == 0
    assert counted["match"] > 0
    assert {name.partition(" ")[2] for name in found} == {"$.query_ms num"}
