"""Orders that are about a place go by the one that was there when they were asked for."""

from __future__ import annotations

import json

import msgspec
import pytest
from typer.testing import CliRunner

from proxy.cli.main import application
from proxy.cli.orders.asked_at import OWN_PROCESS, process_age
from tests.cli.conftest import Banyan
from tests.cli.listening import Pages, listening

PLACE = {"stage": "canary", "split": 0.1}
SHOWN = {"route": "orders", "from": PLACE, "runs": PLACE, "tag": "v3", "done": True, "preview": True}
FASTER = {"sentence": "promote by bob@desk, canary 10% → canary 50%", "seconds": 0.0}


def sent(banyan: Banyan, command: str, verb: str) -> list[tuple[bool, str | None]]:
    """Of each POST whether it only looked, and its If-Match."""
    with listening({f"/api/routes/orders/{verb}": msgspec.json.encode(SHOWN)}) as admin:
        assert banyan(f"{command} --admin {admin.url}").exit_code == 0
        return [
            (json.loads(body).get("preview", False), tag) for body, tag in zip(admin.bodies, admin.matched, strict=True)
        ]


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("promote orders", "promote"),
        ("promote orders --alone", "promote"),
        ("promote orders --json", "promote"),
        ("resume orders", "resume"),
        ("rollback orders --step", "rollback"),
    ],
)
def test_an_order_of_one_step_sends_what_it_saw(banyan: Banyan, command: str, verb: str) -> None:
    """It looks, and is given with the tag that was shown, so that of two at once one moves."""
    assert sent(banyan, command, verb) == [(True, None), (False, '"v3"')]


@pytest.mark.parametrize(("command", "verb"), [("rollback orders", "rollback"), ("hold orders", "hold")])
def test_an_order_to_whatever_stands_is_given_in_any_case(banyan: Banyan, command: str, verb: str) -> None:
    """A rollback and a hold send no tag."""
    assert sent(banyan, command, verb)[-1] == (False, None)


def test_a_tag_of_ones_own_goes_first(banyan: Banyan) -> None:
    """`--if-match` says what was seen; what is seen now counts for nothing."""
    assert sent(banyan, "promote orders --if-match v2", "promote")[-1] == (False, '"v2"')


def asked_by_a_process(admin: Pages, command: str) -> tuple[int, str]:
    asked = OWN_PROCESS.set(True)
    try:
        result = CliRunner().invoke(application([command]), [command, "orders", "--admin", admin.url])
    finally:
        OWN_PROCESS.reset(asked)
    return result.exit_code, result.stderr


def test_who_was_faster_while_the_command_started_is_told() -> None:
    """A move after this process began was not seen by whoever asked: exit 1, by whom it was, and no order is given."""
    with listening({"/api/routes/orders/promote": msgspec.json.encode({**SHOWN, "latest": FASTER})}) as admin:
        code, said = asked_by_a_process(admin, "promote")

    assert (code, len(admin.matched)) == (1, 1)
    assert "orders is not moved: somebody else was faster: promote by bob@desk, canary 10% → canary 50%" in said


def test_a_move_from_before_the_command_does_not_matter() -> None:
    """Whoever asks again after a move of minutes ago is granted it."""
    before = {**FASTER, "seconds": process_age() + 3600.0}
    with listening({"/api/routes/orders/promote": msgspec.json.encode({**SHOWN, "latest": before})}) as admin:
        code, _ = asked_by_a_process(admin, "promote")

    assert (code, admin.matched) == (0, [None, '"v3"'])


def test_a_rollback_asks_not_who_was_faster() -> None:
    """It means whatever stands."""
    with listening({"/api/routes/orders/rollback": msgspec.json.encode({**SHOWN, "latest": FASTER})}) as admin:
        code, _ = asked_by_a_process(admin, "rollback")

    assert code == 0
