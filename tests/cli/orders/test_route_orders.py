"""What the commands that move a route say of the answers that they get."""

from __future__ import annotations

import msgspec
import pytest
from typer.testing import CliRunner, Result

from proxy.cli.main import application
from proxy.cli.orders import route_orders
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

SHADOW, FIVE = {"stage": "shadow", "split": 0.0}, {"stage": "canary", "split": 0.05}
MADE = {
    "route": "orders",
    "from": FIVE,
    "runs": SHADOW,
    "latched": True,
    "done": True,
    "instances": [{"instance": "one", "obeys": True}],
}


def ordered(banyan: Banyan, command: str, verb: str, **more: object) -> tuple[int, list[str], list[str | None]]:
    """Exit code, lines, and what the order itself said in If-Match."""
    with listening({f"/api/routes/orders/{verb}": msgspec.json.encode({**MADE, **more})}) as admin:
        result = banyan(f"{command} --admin {admin.url}")
    return result.exit_code, result.stdout.splitlines(), admin.matched[-1:]


def test_a_rollback_is_told(banyan: Banyan) -> None:
    """From where to where, that it is latched, and who obeys; nobody is asked to have looked before."""
    assert ordered(banyan, "rollback orders", "rollback") == (
        0,
        ["orders: canary 5% → shadow, rolled back until resume", "  obeys  one"],
        [None],
    )


@pytest.mark.parametrize(
    ("command", "mark"), [("rollback", "rolled back until resume"), ("hold", "on hold until resume")]
)
def test_an_order_that_stood_already_is_no_failure(banyan: Banyan, command: str, mark: str) -> None:
    """Exit 0, with the sentence that says so: a script may give it again."""
    latched, held = command == "rollback", command == "hold"
    more = {"from": SHADOW, "moved": False, "latched": latched, "held": held}
    code, lines, _ = ordered(banyan, f"{command} orders", command, **more)

    assert code == 0
    assert lines[0] == f"orders: stays at shadow, {mark}; that stood already, and nothing was moved"


def test_a_pin_moves_nothing_and_says_nothing_of_it(banyan: Banyan) -> None:
    """What was ordered is no move, so that none is missed."""
    _, lines, _ = ordered(banyan, "pin orders acme --to new", "pin", moved=False, latched=False)

    assert lines[0] == "orders: canary 5% → shadow"


def test_what_stands_beside_it_is_told(banyan: Banyan) -> None:
    """Sentence by sentence, below the move."""
    notes = ["cohort 'acme' is pinned to new until 2026-11-28T19:30:00.000Z", "the kill switch is on: legacy answers"]
    code, lines, _ = ordered(banyan, "pin orders acme --to new", "pin", moved=False, notes=notes)

    assert (code, lines[1:3]) == (0, [f"  {each}" for each in notes])


def test_members_of_the_group_are_told_of(banyan: Banyan) -> None:
    """Each that went along, and each that did not with the reason."""
    group = [
        {"route": "list", "runs": {"stage": "canary", "split": 0.25}, "moved": True},
        {"route": "pay", "runs": FIVE, "moved": False, "why": "it is past its door"},
    ]
    _, lines, _ = ordered(banyan, "promote orders", "promote", group=group)

    assert lines[1:3] == ["  with it  list: canary 5% → canary 25%", "  NOT moved  pay: it is past its door"]


def test_a_hold_of_a_group_moves_nobody(banyan: Banyan) -> None:
    """Who is held with the route stays where it is, and is said to be on hold."""
    group = [{"route": "list", "runs": FIVE, "moved": True}]
    _, lines, _ = ordered(banyan, "hold orders", "hold", runs=FIVE, latched=False, held=True, group=group)

    held = "stays at canary 5%, on hold until resume"
    assert lines[:2] == [f"orders: {held}", f"  with it  list: {held}"]


def test_long_sentences_are_folded_in_a_pipe(banyan: Banyan) -> None:
    """At a hundred columns, what goes on is indented; no line ends with blanks, and nothing is lost."""
    note = "its step at canary 25% goes on; `banyan resume orders` begins it anew, " * 4
    _, lines, _ = ordered(banyan, "pin orders acme --to new", "pin", moved=False, notes=[note.strip()])

    assert all(len(line) <= 100 and line == line.rstrip() for line in lines)
    assert note.strip() in " ".join(line.strip() for line in lines)


@pytest.mark.parametrize("verb", ["rollback", "hold"])
def test_enter_is_no_for_every_order(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """So is it of a rollback and a hold: who wants them says yes."""
    monkeypatch.setattr(route_orders, "_is_asked", lambda: True)
    with listening({f"/api/routes/orders/{verb}": msgspec.json.encode({**MADE, **WOULD})}) as admin:
        asked = CliRunner().invoke(application([verb]), [verb, "orders", "--admin", admin.url], input="\n")

    assert (asked.exit_code, len(admin.matched)) == (1, 1)
    assert "Go on? [y/N]" in asked.stderr


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("promote orders", "promote"),
        ("rollback orders", "rollback"),
        ("hold orders", "hold"),
        ("resume orders", "resume"),
        ("drain orders", "drain"),
        ("pin orders acme --to new", "pin"),
        ("unpin orders acme", "pin"),
    ],
)
def test_a_tag_is_sent_with_each_order(banyan: Banyan, command: str, verb: str) -> None:
    """`--if-match` names what was seen; the admin port refuses the order when that has changed."""
    code, _, matched = ordered(banyan, f"{command} --if-match v3p0c5b1a9d", verb)

    assert (code, matched) == (0, ['"v3p0c5b1a9d"'])


GROUP = [
    {"route": "list", "runs": FIVE, "moved": True},
    {"route": "pay", "runs": SHADOW, "moved": False, "why": "it is past its door"},
]
WOULD = {"preview": True, "from": SHADOW, "runs": FIVE, "group": GROUP, "latched": False}


def grouped(banyan: Banyan, command: str, **more: object) -> Result:
    with listening({"/api/routes/orders/promote": msgspec.json.encode({**MADE, **WOULD, **more})}) as admin:
        return banyan(f"{command} --admin {admin.url}")


@pytest.mark.parametrize("more", ["", " --yes"])
def test_who_goes_along_is_listed_before(banyan: Banyan, more: str) -> None:
    """Every route that is moved, and every one that stays; on stderr, so that a script reads what it read before."""
    result = grouped(banyan, f"promote orders{more}")

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "promote is for 2 routes, of one group; with --alone for orders by itself:",
        "  orders: shadow → canary 5%",
        "  list: shadow → canary 5%",
        "  NOT moved  pay: it is past its door",
    ]
    assert result.stdout.splitlines()[0] == "orders: shadow → canary 5%"


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("promote orders --alone", {}),
        ("promote orders --json", {}),
        ("promote orders", {"group": []}),
        ("promote orders", {"preview": False}),
        ("promote orders", {"moved": False}),
    ],
    ids=["alone", "json", "no group", "older server", "stands already"],
)
def test_nothing_is_listed_where_one_route_is_moved(banyan: Banyan, command: str, more: dict[str, object]) -> None:
    """Nor where nobody would read it."""
    assert grouped(banyan, command, **more).stderr == ""


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_whoever_sits_there_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    """Before several routes are moved; no is the answer of who only presses Enter."""
    monkeypatch.setattr(route_orders, "_is_asked", lambda: True)
    with listening({"/api/routes/orders/promote": msgspec.json.encode({**MADE, **WOULD})}) as admin:
        asked = CliRunner().invoke(application(["promote"]), ["promote", "orders", "--admin", admin.url], input=answer)

    assert (asked.exit_code, len(admin.matched)) == (code, 2 if code == 0 else 1)
    assert "Go on? [y/N]" in asked.stderr
