"""CONTRIBUTING.md says what an addition touches; here each is made in a copy of the tree, and works."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.additions.addition import Edit, added, banyan, copied, run, written
from tests.additions.concern import CONCERN
from tests.additions.difference_kind import DIFFERENCE_KIND
from tests.additions.message import MESSAGE
from tests.additions.need import NEED
from tests.additions.predicate import PREDICATE

RAMP = "ramp: { needs: { compared: 1000, asked: 500 } }"
CASE = '{ path: $.colour, reason: shouts, owner: shop, until: "2099-12-31", kinds: [case] }'
PLANNED = """
import sys
from pathlib import Path
from proxy.cli.plan.field_changes import route_changes
from proxy.config.load import load_file, load_text
keyed = load_file(Path(sys.argv[1]), {})
plain = load_text("\\n".join([*keyed.texts.main.splitlines()[:-1], sys.argv[2]]), "routes.yaml", {})
for change in route_changes(plain.snapshot.routes[0], keyed.snapshot.routes[0]):
    print(f"{change.field}: {change.before} -> {change.after}")
"""


def test_a_predicate_is_checked_explained_and_in_the_schema(tmp_path: Path) -> None:
    """A new predicate decides which route takes a request; `check`, `explain` and the JSON Schema know it."""
    tree = copied(tmp_path, PREDICATE)
    routes = [
        "routes:",
        "  - { name: files, match: /files/**, stage: legacy }",
        "  - { name: papers, match: { path: /files/**, extension: pdf }, stage: live }",
    ]
    path = written(tree, routes)

    assert "no warnings" in banyan(tree, "check", path)
    taken, declined = (banyan(tree, "explain", "GET", f"/files/a.{end}", "--config", path) for end in ("PDF", "txt"))
    assert "→ new" in taken.splitlines()[0]
    assert "→ legacy" in declined.splitlines()[0]
    assert "the route wants the extension pdf" in declined
    assert '"extension"' in banyan(tree, "schema")


def test_a_kind_of_difference_is_found_and_can_be_ruled(tmp_path: Path) -> None:
    """A new kind is what the comparison says of two answers, at its own severity, and rules may name it."""
    tree = copied(tmp_path, DIFFERENCE_KIND)
    routes = ["routes:", "  - name: a", "    match: /a", "    stage: shadow", f"    compare: {{ ignore: [{CASE}] }}"]

    assert run(tree, "-m", "tests.additions.prove_difference_kind") == "$.colour case low\n"
    assert "no warnings" in banyan(tree, "check", written(tree, routes))


def test_a_need_keeps_a_route_where_it_is_until_it_is_met(tmp_path: Path) -> None:
    """A new need is read from routes.yaml, said in a sentence, and the judge promotes only when it is met."""
    tree = copied(tmp_path, NEED)
    routes = ["routes:", f"  - {{ name: a, match: /a, stage: canary, split: 5%, {RAMP} }}"]
    path = written(tree, routes)

    said = run(tree, "-m", "tests.additions.prove_need", path, "499", "500").splitlines()

    assert "  open: both sides answered 499 of 500 requests at this step" in said
    assert [line for line in said if line.startswith("asked")] == ["asked 499: stay", "asked 500: promote"]


def test_a_message_comes_from_control_to_a_worker(tmp_path: Path) -> None:
    """A new message goes over control's own socket and the worker does what it says."""
    tree = copied(tmp_path, MESSAGE)

    assert "the night shift begins" in run(tree, "-m", "tests.additions.prove_message", str(tmp_path / "link"))


def test_a_concern_answers_and_is_counted_logged_and_watched(tmp_path: Path) -> None:
    """A new concern has a step, an answer, a count, a word in the log, a field upstream, and a file that is watched.

    While that file is away this is said once, and what ran before stays.
    """
    tree = copied(tmp_path, CONCERN)
    keys = "api_keys: { header: X-Api-Key, file: keys }"
    path = written(tree, ["routes:", f"  - {{ name: a, match: /**, stage: legacy, new: legacy, {keys} }}"])
    (tree / "keys").write_text("")

    assert run(tree, "-m", "tests.additions.prove_concern", path).splitlines() == [
        "401 ApiKey",
        "401 ApiKey",
        "200 ",
        "no_key None",
        "unknown_key None",
        "stage {'api_keys': 'team-orders'}",
        "X-Authenticated-As: team-orders",
        "a no_key 1",
        "a unknown_key 1",
        'banyan_step_answers_total{route="a",reason="no_key"} 0',
        'banyan_step_answers_total{route="a",reason="unknown_key"} 0',
        "None taken",
        "is not there",
        "taken",
    ]


def test_a_concern_is_checked_explained_and_planned(tmp_path: Path) -> None:
    """`check` refuses a file that is not there, `explain` has its row, and `plan` tells its key."""
    tree = copied(tmp_path, CONCERN)
    plain = "  - { name: a, match: /**, stage: legacy, new: legacy }"
    path = written(tree, ["routes:", plain.replace(" }", ", api_keys: { header: X-Api-Key, file: keys } }")])
    refused = banyan(tree, "check", path, fails=True)
    (tree / "keys").write_text(f"{sha256(b'friend').hexdigest()} team-orders\n")
    asked = ("explain", "GET", "/", "--config", path)

    assert "routes[0].api_keys.file: is not there" in refused
    assert ": fine: 1 route" in banyan(tree, "check", path)
    assert "api_keys  a key is wanted in x-api-key: no_key" in banyan(tree, *asked, fails=True)
    assert "api_keys  the key is that of team-orders" in banyan(tree, *asked, "-H", "X-Api-Key: friend")
    assert '"api_keys"' in banyan(tree, "schema")
    assert run(tree, "-c", PLANNED, path, plain) == "api_keys: nothing -> { header: x-api-key, names: … }\n"


@pytest.mark.parametrize("text", ["", "a = 1\na = 1\n"], ids=["nowhere", "twice"])
def test_an_edit_without_its_one_place_is_an_error(text: str) -> None:
    """An edit whose line is gone, or is there twice, says so and is never made somewhere else."""
    with pytest.raises(LookupError, match=r"x\.py has [02] lines with 'a = 1'"):
        added(text, Edit("x.py", "b = 2\n", after="a = 1"))
