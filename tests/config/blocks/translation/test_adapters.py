"""`adapters:` at the top and `adapter:` of a route."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_file, load_text
from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode
from proxy.core.translation.adapter_policy import AdapterPolicy, adapter_of
from proxy.core.translation.field_lines import MapStatus
from proxy.core.translation.field_steps import Rename
from tests.config.given_files import warnings
from tests.core.translation.test_body_path import path

RENAME = "{ rename: $.tel, to: phone }"


def text(adapter: str, route: str = "adapter: contacts", upstream: str = "", more: str = "") -> str:
    return (
        "version: 1\nlisten: :0\nadmin: 127.0.0.1:0\n"
        "upstreams:\n"
        '  legacy: { url: "http://legacy.internal" }\n'
        f'  new: {{ url: "http://new.internal"{upstream} }}\n'
        "adapters:\n"
        f"  contacts: {adapter}\n"
        "routes:\n"
        f"  - {{ name: a, match: /**, stage: shadow, effects: safe, {route} }}\n{more}"
    )


def problems(written: str) -> list[str]:
    found = load_text(written, "routes.yaml", {})
    return [] if isinstance(found, Loaded) else [str(each) for each in found]


WHOLE = """
def request_to_new(request):
    return request

def answer_from_new(answer):
    return answer

def request_to_legacy(request):
    return request

def answer_from_legacy(answer):
    return answer
"""


def written(folder: Path, source: str | bytes, adapter: str = "{ speaks: legacy, code: adapters/a.py }") -> Path:
    """routes.yaml, and beside it the code of its adapter."""
    (folder / "adapters").mkdir(exist_ok=True)
    (folder / "adapters" / "a.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    (folder / "routes.yaml").write_text(text(adapter))
    return folder / "routes.yaml"


def told(file: Path) -> list[str]:
    found = load_file(file, {})
    return [] if isinstance(found, Loaded) else [str(each).removeprefix(f"{file.parent}/") for each in found]


def test_code_is_read_with_the_table_and_its_hash_is_part_of_the_revision(tmp_path: Path) -> None:
    """What runs is the text that was read."""
    first = load_file(written(tmp_path, WHOLE), {})
    second = load_file(written(tmp_path, WHOLE + "\n"), {})

    assert isinstance(first, Loaded)
    assert isinstance(second, Loaded)
    adapter = adapter_of(first.snapshot.routes[0].steps)
    assert adapter is not None
    assert adapter.code == AdapterCode("adapters/a.py", WHOLE)
    assert (adapter.may_leave_worker, adapter.reads_request, adapter.reads_answer) == (True, True, True)
    assert first.snapshot.revision != second.snapshot.revision


def test_what_is_wrong_with_code_is_told_by_its_file_and_line(tmp_path: Path) -> None:
    """All of it, behind what is wrong with routes.yaml."""
    source = WHOLE.replace("def answer_from_legacy(answer)", "def answer_from_legacy(answer, more)") + "import socket\n"
    both = "{ speaks: legacy, code: adapters/a.py, request: [{ rename: $.tel, to: phone }] }"
    named, lacks, imports = told(written(tmp_path, source, both))

    assert named.startswith("routes.yaml:8:37: adapters.contacts.code: and steps exclude each other")
    assert lacks == ("adapters/a.py:11:1: must be def answer_from_legacy(answer): it is called with the message alone")
    assert imports.startswith("adapters/a.py:13:1: imports socket: an adapter is pure")


def test_code_that_cannot_be_read_is_told_at_its_name(tmp_path: Path) -> None:
    """Missing, or none."""
    file = written(tmp_path, b"\xff")
    assert told(file) == ["routes.yaml:8:37: adapters.contacts.code: names a file that is not UTF-8"]
    (tmp_path / "adapters" / "a.py").unlink()
    assert told(file) == ["routes.yaml:8:37: adapters.contacts.code: names a file that is not there"]
    (outside,) = told(written(tmp_path, WHOLE, "{ speaks: legacy, code: ../a.py }"))
    assert outside.startswith("routes.yaml:8:37: adapters.contacts.code: must be the path of a file beside routes.yaml")


def test_an_adapter_becomes_the_policy_of_a_step() -> None:
    """Of each route that names it; equal ones are one."""
    said = f"{{ speaks: legacy, max_body: 16KiB, request: [{RENAME}], error: [{{ status: {{ 422: 400 }} }}] }}"
    more = "  - { name: b, match: /b, stage: shadow, effects: safe, adapter: contacts }\n"
    found = load_text(text(said, more=more), "routes.yaml", {})

    assert isinstance(found, Loaded)
    first, second = found.snapshot.routes
    assert first.steps == (
        AdapterPolicy(
            name="contacts",
            speaks=Side.LEGACY,
            max_body=16 * 1024,
            request=(Rename(path("$.tel"), "phone"),),
            error=(MapStatus(((422, 400),)),),
        ),
    )
    assert first.steps[0] is second.steps[0]


def test_without_one_there_is_no_step() -> None:
    """A route that names none pays nothing."""
    written = text(f"{{ speaks: new, answer: [{RENAME}] }}", more="  - { name: b, match: /b, stage: legacy }\n")
    found = load_text(written, "routes.yaml", {})

    assert isinstance(found, Loaded)
    assert [len(route.steps) for route in found.snapshot.routes] == [1, 0]


@pytest.mark.parametrize(
    ("adapter", "problem"),
    [
        ("{ answer: [{ add: $.a }] }", "8:3: adapters.contacts.speaks: is missing"),
        (
            "{ speaks: both, answer: [{ add: $.a }] }",
            '8:23: adapters.contacts.speaks: must be one of legacy, new; got "both"',
        ),
        ("{ speaks: new }", "8:3: adapters.contacts: has no steps; write request, answer or error, or code"),
        (
            "{ speaks: new, answer: [{ renam: $.a, to: b }] }",
            "8:39: adapters.contacts.answer[0].renam: is not known here; did you mean rename?",
        ),
        (
            "{ speaks: new, answer: [{ add: $.a }, { rename: $.a }] }",
            "8:51: adapters.contacts.answer[1]: rename needs to",
        ),
        (
            "{ speaks: new, answer: [{ case: $, to: upper }] }",
            "8:52: adapters.contacts.answer[0].to: must be camel or snake",
        ),
        (
            "{ speaks: new, answer: [{ drop: a }] }",
            (
                "8:45: adapters.contacts.answer[0].drop: must be a path such as $.address.zip, $.items[*].price or "
                "$['content-type']; got \"a\""
            ),
        ),
        (
            "{ speaks: new, request: [{ rename: $.a, to: b }, { rename: $.b, to: a }] }",
            "8:62: adapters.contacts.request[1]: is a cycle: $.a becomes $.b, which becomes $.a; take one out",
        ),
        (
            "{ speaks: new, request: [{ status: { 201: 200 } }] }",
            (
                "8:48: adapters.contacts.request[0].status: has no place in request: a request has no status; write it "
                "in answer or error"
            ),
        ),
        (
            "{ speaks: new, error: [{ drop_query: p }] }",
            "8:36: adapters.contacts.error[0]: has no place in error: an answer has no query; write it in request",
        ),
        (
            "{ speaks: new, max_body: 2MiB, error: [{ add: $.a }] }",
            "8:38: adapters.contacts.max_body: must be at most 1MiB: a body is held whole to be translated",
        ),
        (
            "{ speaks: new, timeout: 11s, error: [{ add: $.a }] }",
            "8:37: adapters.contacts.timeout: must be at most 10s: a client waits",
        ),
    ],
)
def test_what_is_wrong_with_an_adapter_is_told_at_its_place(adapter: str, problem: str) -> None:
    """Line, column, and what to write."""
    assert problems(text(adapter)) == [f"routes.yaml:{problem}"]


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ("adapter: contact", '10:67: routes[0].adapter: there is no adapter "contact"; did you mean contacts?'),
        ("adapter: xyz", '10:67: routes[0].adapter: there is no adapter "xyz"; name one of adapters'),
        (
            "adapter: contacts, upgrades: [websocket]",
            (
                "10:77: routes[0].upgrades: and adapter exclude each other: what goes through a tunnel is not "
                "translated; take one out"
            ),
        ),
        (
            "adapter: contacts, fallback: new",
            "10:87: routes[0].fallback: must lead to legacy, whose contract clients use (adapters.contacts.speaks)",
        ),
        (
            "adapter: contacts, fallback: other",
            "10:87: routes[0].fallback: must lead to legacy, whose contract clients use (adapters.contacts.speaks)",
        ),
    ],
)
def test_what_is_wrong_with_a_route_is_told_at_its_place(route: str, problem: str) -> None:
    """Names that nobody has, and what an adapter cannot stand beside."""
    found = problems(text(f"{{ speaks: legacy, request: [{RENAME}] }}", route))

    assert [each for each in found if "is named by no route" not in each] == [f"routes.yaml:{problem}"]


def test_an_adapter_that_no_route_names_is_a_mistake() -> None:
    """Somebody meant to use it."""
    assert problems(text(f"{{ speaks: legacy, request: [{RENAME}] }}", "split: 0%")) != []
    assert problems(text(f"{{ speaks: legacy, request: [{RENAME}] }}", "shadow: {}")) == [
        "routes.yaml:8:3: adapters.contacts: is named by no route; write adapter: NAME on one, or take it out"
    ]


def test_while_a_route_is_wrong_nobody_knows_what_it_names() -> None:
    """One mistake makes one problem."""
    found = problems(text(f"{{ speaks: legacy, request: [{RENAME}] }}", "adapter: contacts, splitt: 1%"))

    assert len(found) == 1
    assert "splitt" in found[0]


def test_writes_to_both_sides_exclude_an_adapter() -> None:
    """The journal would send one side what the other understands."""
    written = (
        text(
            f"{{ speaks: legacy, request: [{RENAME}] }}",
            "adapter: contacts, writes: { mode: dual, key: 'header:X-Key' }",
            ", applies: /a",
            "state: embedded\n",
        )
        .replace('"http://legacy.internal"', '"http://legacy.internal", applies: /a')
        .replace("effects: safe, ", "")
    )

    assert problems(written) == [
        (
            "routes.yaml:10:43: routes[0].adapter: and writes exclude each other: the journal sends both sides the "
            "same; take one out"
        )
    ]


@pytest.mark.parametrize(("speaks", "refused"), [("legacy", True), ("new", False)])
def test_what_is_signed_is_not_translated(speaks: str, refused: bool) -> None:  # noqa: FBT001
    """The side that is spoken may be signed for; the other may not."""
    signed = {
        "sigv4": {"region": "eu-west-1", "service": "execute-api", "credentials": "environment", "max_body": "1KiB"}
    }
    written = text(
        f"{{ speaks: {speaks}, request: [{RENAME}] }}",
        "adapter: contacts",
        f", auth: {json.dumps(signed)}",
    )
    found = [each for each in problems(written) if ".adapter:" in each]

    assert bool(found) is refused
    assert all("is for a side whose requests are signed (sigv4)" in each for each in found)


def test_more_steps_than_a_list_may_hold_are_refused() -> None:
    """A hundred are enough."""
    many = ", ".join("{ add: $.a }" for _ in range(101))
    (problem,) = problems(text(f"{{ speaks: legacy, request: [{many}] }}"))

    assert "adapters.contacts.request" in problem


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            "answer: [{ status: { 404: 400 } }]",
            "answer[0].status: has 404, which answer never gets: its statuses are below 400; write it in error",
        ),
        (
            "error: [{ status: { 404: 410, 201: 200 } }]",
            "error[0].status: has 201, which error never gets: its statuses are from 400 on; write it in answer",
        ),
        ("answer: [{ status: { 201: 200 } }], error: [{ status: { 422: 400 } }]", ""),
        ("answer: [{ status: { 202: 409 } }, { status: { 409: 410 } }]", ""),
    ],
)
def test_a_status_that_never_comes_is_warned_of(steps: str, said: str) -> None:
    """`answer` has those below 400, `error` the others; what an earlier step has made of one comes as well."""
    found = warnings(text(f"{{ speaks: new, {steps} }}"))

    assert [each.partition("adapters.contacts.")[2].partition(" (")[0] for each in found] == ([said] if said else [])
