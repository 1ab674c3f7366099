"""`banyan discover` over access logs, and over a page of the test's own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from typer.testing import Result

from proxy.api.discovery import discovery_view
from proxy.cli.discover import read_log
from proxy.cli.discover.log_line import LONGEST, read_line
from proxy.cli.discover.openapi import openapi
from proxy.config.load import Loaded, load_text
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.inventory import Inventory
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

ROOT = Path(__file__).parents[3]
LINE = '10.0.0.1 - - [30/Nov/2026:10:00:00 +0000] "{} HTTP/1.1" {} 12 "-" "curl/8"\n'
CALLS = [
    *[(f"GET /customers/{number}?mail=ann%40example.com", 200) for number in range(30)],
    *[(f"PUT /customers/{number}", 204) for number in range(30)],
    *[
        (f"GET /customers/{number}/a-very-long-name-of-a-collection/of-things-below-it/{number}", 200)
        for number in (1, 2)
    ],
    ("GET /wp-login.php", 404),
    ("GET /once", 200),
    ("GET /live", 101),
    ("GET /live", 101),
]


def flat(result: Result) -> str:
    """What was complained of, not folded."""
    return " ".join(result.stderr.split())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Of the combined format."""
    file = tmp_path / "access.log"
    file.write_text("".join(LINE.format(request, status) for request, status in CALLS), encoding="utf-8")
    return file


def test_words_that_may_be_values_are_remarked(banyan: Banyan, tmp_path: Path) -> None:
    """Below the table, with how a route says it; no line is wider than the screen, and as JSON all of them stand."""
    words = ("berlin", "bonn", "bremen", "essen", "hamburg", "jena", "kiel", "mainz", "rostock", "ulm")
    calls = [LINE.format(f"GET /shops/{word}{more}", 200) for word in words for more in ("", "/hours")] * 2
    log = tmp_path / "shops.log"
    log.write_text("".join(calls), encoding="utf-8")
    shown, as_json = banyan(f"discover --log {log}"), banyan(f"discover --log {log} --json")

    said = " ".join(shown.stdout.split())
    assert "/shops/: 10 words are called alike (berlin, bonn, bremen …) and may be values; if they are, write" in said
    assert '"GET /shops/{shop}" and "GET /shops/{shop}/hours".' in said
    assert max(map(len, shown.stdout.splitlines())) <= 100
    (group,) = json.loads(as_json.stdout)["alike"]
    assert group["words"] == list(words)


def test_routes_to_paste_say_what_may_be_values(banyan: Banyan, tmp_path: Path) -> None:
    """In a comment before them, as in the first file; what a route has as a value by now is not offered any more."""
    inventory, words = Inventory(), ("berlin", "bonn", "bremen", "essen", "hamburg", "jena")
    for path, pattern in (*((f"/shops/{word}", "") for word in words), ("/orders", "")):
        for _ in range(2):
            inventory.take(Observation(method="GET", path=path, status=200, at=1e9), pattern)
    pages = []
    for pattern in ("", "/shops/{shop}"):
        if pattern:
            inventory.take(Observation(method="GET", path="/shops/berlin", status=200, at=1e9), pattern)
        with listening({"/api/discovery": msgspec.json.encode(discovery_view(inventory, 0.0))}) as admin:
            pages.append(banyan(f"discover --admin {admin.url} --routes").stdout)
            first = tmp_path / f"{len(pages)}.yaml"
            banyan(f"init --admin {admin.url} --legacy http://127.0.0.1:3000 --config {first}")
            assert banyan(f"check {first}").exit_code == 0

    said = " ".join(pages[0].replace("  # ", "").split())
    assert "/shops/: 6 words are called alike (berlin, bonn, bremen …) and may be values" in said
    assert pages[0].count("- name: ") == 7
    assert "may be values" in (tmp_path / "1.yaml").read_text(encoding="utf-8")
    assert [line for line in pages[1].splitlines() if "shops" in line] == []
    assert pages[1].count("- name: ") == 1


def test_the_table_of_a_log(banyan: Banyan, log: Path) -> None:
    """Templates with methods, calls, callers, first and last use; what is no endpoint for sure is held apart."""
    result = banyan(f"discover --log {log}")
    lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert (
        lines[:4]
        == [
            "template         methods  calls  callers  first       last        claimed by",
            "/customers/{id}  GET,PUT     60        1  2026-11-30  2026-11-30  unclaimed",
            "/customers/{customer_id}/a-very-long-name-of-a-collection/of-things-below-it/{id}",
            "                 GET          2        1  2026-11-30  2026-11-30  unclaimed",
        ]
        or lines
    )
    assert max(map(len, lines)) <= 100
    assert "1 more seen once, from nobody verified: --all lists them." in lines
    assert "held apart: 1 call of unknown paths that were not found or not let in." in lines
    assert lines[-1] == "traffic does not show which answer fields a client reads."
    assert "/once" in banyan(f"discover --all --log {log}").stdout


def test_no_value_is_in_any_output(banyan: Banyan, log: Path) -> None:
    """Neither of a segment nor of a query."""
    for how in ("", "--json", "--openapi", "--routes"):
        said = banyan(f"discover --log {log} {how}").stdout
        assert "customers" in said
        assert "ann" not in said.replace("banyan", "")
        assert "/29" not in said


def test_routes_to_paste_are_taken(banyan: Banyan, log: Path) -> None:
    """Behind a routes.yaml that has none of them."""
    stub = banyan(f"discover --log {log} --routes").stdout
    head = "version: 1\nlisten: 127.0.0.1:0\nupstreams: { legacy: { url: 'http://127.0.0.1:1' } }\nroutes:\n"
    loaded = load_text(head + stub, "routes.yaml", {})

    assert isinstance(loaded, Loaded), loaded
    assert {(route.name, route.pattern.text) for route in loaded.snapshot.routes} >= {
        ("customers.one", "/customers/{id}"),
        ("live", "/live"),
    }
    assert "# 60 calls by 1 caller, last 2026-11-30; id: integer, 20 values or more\n" in stub
    assert "upgrades: [websocket]" in stub


def test_what_is_claimed_is_not_written_again(banyan: Banyan) -> None:
    """A route that names the template; what a match cannot say is a comment."""
    inventory = Inventory()
    for path, route, pattern in (
        ("/a/1", "a", "/a/{x}"),
        ("/a/1", "rest", ""),
        ("/b/1", "rest", ""),
        ("/b/1", "rest", ""),
    ):
        inventory.take(Observation(method="GET", path=path, status=200, at=1e9, route=route, caller="app"), pattern)
    inventory.take(Observation(method="CONNECT", path="/c", status=200, at=1e9, caller="app"))
    page = msgspec.json.encode(discovery_view(inventory, 0.0))
    with listening({"/api/discovery": page}) as admin:
        stub = banyan(f"discover --routes --admin {admin.url}").stdout
        table = banyan(f"discover --admin {admin.url}").stdout
        json_said = banyan(f"discover --json --admin {admin.url}").stdout

    assert '"GET /b/{id}"' in stub
    assert "/a/" not in stub
    assert "# not written, since no match takes it: CONNECT /c" in stub
    assert "/a/{x}" in table
    assert "unclaimed (rest)" in table
    assert json.loads(json_said)["endpoints"][0]["template"] == "/a/{id}"


def test_openapi_has_what_was_seen(banyan: Banyan) -> None:
    """Parameters by their kinds, names of queries, fields with nulls; no example, and what it cannot know."""
    inventory = Inventory()
    fields = (
        *(("$.name", "string"), ("$.note", "null"), ("$.note", "string"), ("$.tags", "array")),
        *(("$.tags[*].id", "integer"), ("$.by.{}", "object"), ("$['unit.price']", "number")),
    )
    for number in range(3):
        path = f"/orders/{number}/items/0f8fad5b-d9cb-469f-a165-7086772895{number}e"
        seen = Observation(method="POST", path=path, status=201, at=1e9, query=("page",), fields=fields)
        inventory.take(seen)
    for method in ("GET", "PROPFIND"):
        seen = Observation(method=method, path="/x", status=200, at=1e9, caller="app", route="w")
        inventory.take(seen, "/files/*/**")
    with listening({"/api/discovery": msgspec.json.encode(discovery_view(inventory, 0.0))}) as admin:
        said = json.loads(banyan(f"discover --openapi --admin {admin.url}").stdout)
    validate(said)
    (template, item), (wild, rest) = sorted(said["paths"].items(), reverse=True)
    schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert (said["openapi"], template, wild, list(rest)) == (
        "3.1.0",
        "/orders/{order_id}/items/{item_id}",
        "/files/{any}/{rest}",
        ["get"],
    )
    assert said["info"]["description"].endswith("Traffic does not show which answer fields a client reads.")
    assert [(each["name"], each["in"], each["schema"]) for each in item["post"]["parameters"]] == [
        ("order_id", "path", {"type": "integer"}),
        ("item_id", "path", {"type": "string", "format": "uuid"}),
        ("page", "query", {}),
    ]
    assert schema["properties"]["note"] == {
        "type": ["null", "string"],
        "x-observed": {"present": 3, "bodies": 3, "null": 3},
    }
    assert schema["properties"]["unit.price"]["type"] == "number"
    assert set(schema["properties"]) == {"by", "name", "note", "tags", "unit.price"}
    assert schema["properties"]["tags"]["items"]["properties"]["id"]["type"] == "integer"
    assert schema["properties"]["by"]["additionalProperties"]["type"] == "object"
    assert list(item["post"]["responses"]) == ["2XX"]


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("GET", "POST", "PURGE", "trace")),
            st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), max_size=4),
            st.sampled_from(("", "page", "a b", "{x}", "ü")),
            st.integers(100, 599),
        ),
        max_size=40,
    )
)
def test_openapi_is_valid_whatever_was_asked(asked: list[tuple[str, list[str], str, int]]) -> None:
    """By the specification of 3.1: braces, spaces and names of any alphabet in paths and queries."""
    inventory = Inventory()
    for method, segments, name, status in asked:
        path = "/" + "/".join(quote(each, safe="{}:@!$&'()*+,;=") for each in segments)
        inventory.take(Observation(method=method, path=path, status=status, at=1e9, query=(name,) if name else ()))

    validate(openapi(discovery_view(inventory, 0.0)))


def test_lines_that_cannot_be_read_are_told(banyan: Banyan, tmp_path: Path) -> None:
    """By line, the first of them; the others are read, packed ones and those of standard input as well."""
    file = tmp_path / "access.log.gz"
    text = "\n\n" + LINE.format("GET /a", 200) * 2 + "what is this\n" * 12
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    result = banyan(f"discover --log {file}")

    assert result.exit_code == 0
    assert f"{file}:5: it is neither the combined format nor JSON" in flat(result)
    assert "2 more lines cannot be read" in flat(result)
    assert "/a " in result.stdout


@pytest.mark.parametrize("harm", ["cut", "overwritten"])
def test_a_packed_log_that_breaks_off_is_known_up_to_there(banyan: Banyan, tmp_path: Path, harm: str) -> None:
    """As one is that is being packed; one that breaks off at once has no line."""
    file, none = tmp_path / "access.log.gz", tmp_path / "none.gz"
    text = "".join(LINE.format(f"GET /a/{number}", 200) for number in range(20_000))
    packed = gzip.compress(text.encode(), mtime=0)
    half = len(packed) // 2
    file.write_bytes(packed[:half] if harm == "cut" else packed[:half] + b"\xff" * 64 + packed[half + 64 :])
    none.write_bytes(packed[:12])
    found, nothing = banyan(f"discover --log {file}"), banyan(f"discover --log {none}")

    assert (found.exit_code, nothing.exit_code) == (0, 2)
    assert f"{file}: it cannot be unpacked to its end, and what stands before is taken" in flat(found)
    assert "/a/{id}" in found.stdout
    assert "has no line that can be read" in flat(nothing)


def test_a_log_without_a_line_is_refused(banyan: Banyan, tmp_path: Path) -> None:
    """So is one that is not there, and what is asked for twice."""
    file = tmp_path / "empty"
    file.write_text("nonsense\n", encoding="utf-8")
    asked = (f"--log {file}", f"--log {tmp_path / 'none'}", "--json --routes")
    results = [banyan(f"discover {each}") for each in asked]

    assert [each.exit_code for each in results] == [2, 2, 2]
    assert "has no line that can be read" in flat(results[0])
    assert "cannot be read: No such file or directory" in flat(results[1])
    assert "give one of them" in flat(results[2])


def test_where_nothing_answers_it_is_said(banyan: Banyan) -> None:
    """Exit 1, as of other commands; where nothing was found as well."""
    empty = msgspec.json.encode(discovery_view(Inventory(), 0.0))
    with listening({"/api/discovery": empty}) as admin:
        nothing = banyan(f"discover --admin {admin.url}")
    away = banyan("discover --admin http://127.0.0.1:1")

    assert (nothing.exit_code, away.exit_code) == (1, 1)
    assert nothing.stdout == "traffic does not show which answer fields a client reads.\n"


def test_a_method_that_no_route_takes_is_written(banyan: Banyan) -> None:
    """Where a route names the template for another one; under a name that no route has yet."""
    inventory = Inventory()
    for method, route, pattern in (("GET", "customers.one", "/customers/{number}"), ("POST", "rest", "")):
        for number in range(2):
            seen = Observation(method=method, path=f"/customers/{number}", status=200, at=1e9, route=route)
            inventory.take(seen, pattern)
    with listening({"/api/discovery": msgspec.json.encode(discovery_view(inventory, 0.0))}) as admin:
        stub = banyan(f"discover --routes --admin {admin.url}").stdout

    assert "name: customers.one-2\n" in stub
    assert 'match: "POST /customers/{id}"' in stub
    assert "GET" not in stub


def test_no_two_operations_have_one_id(banyan: Banyan, tmp_path: Path) -> None:
    """Templates that differ in their signs alone."""
    log = tmp_path / "access.log"
    log.write_text("".join(LINE.format(f"GET /a{sign}b", 200) * 2 for sign in "-_./"), encoding="utf-8")
    said = json.loads(banyan(f"discover --openapi --log {log}").stdout)

    assert len({item["get"]["operationId"] for item in said["paths"].values()}) == 4


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_of_any_length_takes_no_memory(
    banyan: Banyan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    """It is read in parts, and told; those behind it are read."""
    log = tmp_path / "access.log"
    log.write_bytes(b"x" * 1_000_000 + b"\n" + LINE.format("GET /a", 200).encode() * 2 + b"x" * 1_000_000 + end)
    longest = 0

    def watched(line: str) -> Observation | str:
        nonlocal longest
        longest = max(longest, len(line))
        return read_line(line)

    monkeypatch.setattr(read_log, "read_line", watched)
    result = banyan(f"discover --log {log}")

    assert "/a " in result.stdout
    assert "it is longer than 65536 characters" in flat(result)
    assert longest <= LONGEST + 2


def test_bytes_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    """On standard input as in a file."""
    said = LINE.format("GET /a", 200).encode()
    found = subprocess.run(
        [sys.executable, "-m", "proxy", "discover", "--log", "-"],
        input=b"\xff\xfe\n" + said * 2,
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict", "PYTHONPATH": str(ROOT)},
    )

    assert b"/a " in found.stdout, found.stderr
