"""`banyan adapter try`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ROUTES, Banyan

ADAPTERS = """\
adapters:
  app:
    speaks: legacy
    max_body: 1KiB
    request:
      - { rename: $.tel, to: phone }
      - { drop_header: X-App }
      - { header: X-Shop, to: X-Tenant }
      - { query: p, to: page }
    answer:
      - { rename: $.phone, to: tel }
      - { status: { 201: 200 } }
    error:
      - { rename: $.detail, to: message }
"""
REQUEST = 'POST /a?p=2 HTTP/1.1\nX-App: 1\nX-Shop: 2\n\n{"tel": 1.10}\n'


@pytest.fixture
def adapted(folder: Path) -> Path:
    """A route with an adapter, and messages in files."""
    routes = ROUTES.replace("    split: 10%\n", "    split: 10%\n    adapter: app\n")
    (folder / "routes.yaml").write_text(routes + ADAPTERS, encoding="utf-8")
    (folder / "request").write_text(REQUEST, encoding="utf-8")
    (folder / "answer").write_text('HTTP/1.1 201 Created\nETag: "n"\n\n{"phone":"é"}', encoding="utf-8")
    return folder


def test_a_file_to_begin_with_is_right_as_it_is_written(banyan: Banyan, adapted: Path) -> None:
    """It changes nothing, is tried like any other, and is not overwritten."""
    assert banyan("adapter new app").exit_code == 0
    routes = (adapted / "routes.yaml").read_text(encoding="utf-8")
    code = routes[: routes.index("adapters:")] + "adapters: { app: { speaks: legacy, code: adapters/app.py } }\n"
    (adapted / "routes.yaml").write_text(code, encoding="utf-8")
    found = banyan("adapter try app --request request --json")

    assert (found.exit_code, json.loads(found.stdout)["after"]["body"]) == (0, '{"tel":1.10}')
    (adapted / "adapters" / "app.py").write_text("x = 1\n", encoding="utf-8")
    assert banyan("adapter new app").exit_code == 2
    assert (adapted / "adapters" / "app.py").read_text(encoding="utf-8") == "x = 1\n"
    assert "adapters/app.py:1:1: lacks def answer_from_legacy(answer)" in banyan("check").output


def test_what_the_file_suggests_works(banyan: Banyan, adapted: Path) -> None:
    """Without the `#`: on a request with a body, and on one without."""
    banyan("adapter new app")
    file, routes = adapted / "adapters" / "app.py", (adapted / "routes.yaml").read_text(encoding="utf-8")
    code = routes[: routes.index("adapters:")] + "adapters: { app: { speaks: legacy, code: adapters/app.py } }\n"
    (adapted / "routes.yaml").write_text(code, encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("    # ", "    "), encoding="utf-8")
    (adapted / "without").write_text("GET /c HTTP/1.1\nHost: a\n\n", encoding="utf-8")
    tried = [banyan(f"adapter try app --request {name} --json") for name in ("request", "without")]
    found, without = (json.loads(each.stdout) for each in tried)

    assert [each.exit_code for each in tried] == [0, 0]
    assert found["after"]["body"] == '{"phone":1.10}'
    assert without["after"]["body"] == without["before"]["body"]


def test_what_code_makes_of_an_answer_is_shown(banyan: Banyan, adapted: Path) -> None:
    """Or why there is nothing, by file and line; `check` runs it once."""
    banyan("adapter new app")
    file, routes = adapted / "adapters" / "app.py", (adapted / "routes.yaml").read_text(encoding="utf-8")
    code = routes[: routes.index("adapters:")] + "adapters: { app: { speaks: legacy, code: adapters/app.py } }\n"
    (adapted / "routes.yaml").write_text(code, encoding="utf-8")
    started = file.read_text(encoding="utf-8")
    file.write_text(started.replace("    # if answer", "    answer.body = [answer.status]\n    # if answer"))
    assert banyan("adapter try app --answer answer").stdout.splitlines()[-4:] == [
        "  201",
        "  Content-Type: application/json",
        "  Content-Length: 5",
        "  [201]",
    ]
    file.write_text(started.replace("    # if answer", "    answer.body[1]\n    # if answer"))
    failed = banyan("adapter try app --answer answer")
    assert (failed.exit_code, "KeyError (adapters/app.py:" in failed.stdout) == (1, True)
    file.write_text(f"{started}\n1 / 0\n")
    assert "does not import: ZeroDivisionError" in banyan("check").output


def test_a_request_is_shown_before_and_after_with_the_steps_that_did_it(banyan: Banyan, adapted: Path) -> None:
    """Each step with what it has left; nothing is sent."""
    found = banyan("adapter try app --request request")

    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        "adapter app translates a request for new",
        "before",
        "  POST /a?p=2",
        "  X-App: 1",
        "  X-Shop: 2",
        '  {"tel": 1.10}',
        "rename: $.tel, to: phone",
        '  {"phone":1.10}',
        "drop_header: X-App",
        "  (left out)",
        "header: X-Shop, to: X-Tenant",
        "  X-Tenant: 2",
        "query: p, to: page",
        "  POST /a?page=2",
        "after",
        "  POST /a?page=2",
        "  X-Tenant: 2",
        "  Accept-Encoding: identity",
        "  Content-Length: 14",
        '  {"phone":1.10}',
    ]
    assert adapted.joinpath("request").read_text(encoding="utf-8") == REQUEST


def test_an_answer_is_shown_in_json_for_scripts(banyan: Banyan, adapted: Path) -> None:
    """The same, as one object."""
    assert adapted.is_dir()
    found = banyan("adapter try app --answer answer --json")

    assert found.exit_code == 0
    assert json.loads(found.stdout) == {
        "adapter": "app",
        "translates": "an answer of new",
        "before": {"start": "201", "fields": ['ETag: "n"'], "body": '{"phone":"é"}'},
        "steps": [
            {"step": "rename: $.phone, to: tel", "left": '{"tel":"é"}'},
            {"step": "status: { 201: 200 }", "left": "200"},
        ],
        "after": {"start": "200", "fields": ["Content-Length: 12"], "body": '{"tel":"é"}'},
        "problem": "",
        "status": 0,
    }


@pytest.mark.parametrize(
    ("option", "message", "status", "why"),
    [
        ("--request", '{"tel":1,"phone":2}', 400, "$.phone: it is there already (rename: $.tel, to: phone)"),
        ("--request", 'PUT / HTTP/1.1\nIf-Match: "a"\n\n{}', 412, "a precondition: it is a validator of one side"),
        ("--request", f'"{"x" * 1100}"', 413, "$: the body is longer than 1024 bytes"),
        ("--answer", "{", 502, "$: the body is not JSON"),
        ("--answer", f'"{"x" * 1100}"', 502, "$: the body is longer than 1024 bytes"),
        ("--answer", "HTTP/1.1 304 Not Modified\n\n", 502, "status: 304 was not asked for"),
    ],
)
def test_what_cannot_be_translated_says_where_and_why(
    banyan: Banyan, adapted: Path, option: str, message: str, status: int, why: str
) -> None:
    """With the status that a client would get; the exit code is 1."""
    (adapted / "message").write_text(message, encoding="utf-8")

    found = banyan(f"adapter try app {option} message")

    assert found.exit_code == 1
    assert f"it cannot be translated, {status}: {why}" in " ".join(found.stdout.split())


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("adapter try app", "name one of --request FILE and --answer FILE"),
        ("adapter try app --request request --answer answer", "name one of --request FILE and --answer FILE"),
        ("adapter try ap --request request", "has no adapter 'ap'"),
        ("adapter try other --request request", "It has: app."),
        ("adapter try app --request nowhere", "the message cannot be read"),
        ("adapter try app --answer request", "it holds a request"),
    ],
)
def test_wrong_usage_is_told(banyan: Banyan, adapted: Path, command: str, complaint: str) -> None:
    """Exit 2, and what to do."""
    assert adapted.is_dir()
    found = banyan(command)

    assert found.exit_code == 2
    assert complaint in " ".join(found.stderr.split())


def test_an_error_without_a_type_is_shown_as_clients_get_it(banyan: Banyan, adapted: Path) -> None:
    """One that is no JSON keeps its body."""
    (adapted / "error").write_text("HTTP/1.1 422 No\n\nno such contact", encoding="utf-8")

    found = banyan("adapter try app --answer error --json")

    assert (found.exit_code, json.loads(found.stdout)["after"]["body"]) == (0, "no such contact")
