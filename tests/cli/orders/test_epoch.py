"""`banyan epoch` against an admin port that answers as Banyan's does."""

from __future__ import annotations

import json

import msgspec

from proxy.api.evidence import EpochsView
from proxy.control.admin.evidence import epoch_views
from tests.cli.conftest import Banyan
from tests.cli.listening import listening
from tests.store.records import epoch

PATH = "/api/routes/orders.show/epochs"
KNOWN = (
    epoch("1", "3", 90.0, number=2, begun=1, why="ann: created_at is filled in again"),
    epoch("1", "", 10.0, number=1),
)
PAGES = {
    PATH: msgspec.json.encode(EpochsView(epochs=epoch_views(KNOWN))),
    "/api/routes/quiet/epochs": msgspec.json.encode(EpochsView(epochs=[])),
}


def test_epochs_are_shown_with_their_reasons(banyan: Banyan) -> None:
    """The one that counts first; a side that says no version has a dash."""
    with listening(PAGES) as served:
        shown = banyan(f"epoch orders.show --admin {served.url}")
        quiet = banyan(f"epoch quiet --admin {served.url}")
    lines = [line.split() for line in shown.stdout.splitlines()]

    assert (shown.exit_code, quiet.exit_code) == (0, 0)
    assert lines[1][:6] == ["2", "counts", "1970-01-01", "00:01", "1970-01-01", "00:01"]
    assert "ann: created_at is filled in" in shown.stdout
    assert lines[3] == ["1", "1970-01-01", "00:00", "1970-01-01", "00:00", "1", "–"]
    assert "nothing has been compared yet" in quiet.stdout


def test_a_pipe_gets_no_blanks_at_the_end_and_folded_reasons(banyan: Banyan) -> None:
    """Cells stand two blanks apart; a long reason stands below its epoch, with its line breaks shown as such."""
    why = "ann: customers were\nimported again, " + "and once more, " * 20
    page = msgspec.json.encode(EpochsView(epochs=epoch_views([epoch("1", "3", 90.0, number=2, begun=1, why=why)])))
    with listening({PATH: page}) as served:
        lines = banyan(f"epoch orders.show --admin {served.url}").stdout.splitlines()

    assert lines[:2] == [
        "epoch  began  last met  legacy  new",
        "2 counts  1970-01-01 00:01  1970-01-01 00:01  1  3",
    ]
    assert lines[2].startswith("    ann: customers were\\nimported again, and once more,")
    assert all(len(line) <= 100 and line == line.rstrip() for line in lines)


def test_scripts_get_what_the_api_says(banyan: Banyan) -> None:
    """With --json."""
    with listening(PAGES) as served:
        shown = banyan(f"epoch orders.show --json --admin {served.url}")

    assert json.loads(shown.stdout) == json.loads(PAGES[PATH])


def test_a_route_that_is_not_there_is_found_out(banyan: Banyan) -> None:
    """In the words of the API, with exit 1."""
    with listening(PAGES) as served:
        shown = banyan(f"epoch nowhere --admin {served.url}")

    assert shown.exit_code == 1
    assert "it is not there" in shown.stderr


def test_a_reason_without_an_order_is_wrong_usage(banyan: Banyan) -> None:
    """Nothing would be begun, and nobody would notice."""
    shown = banyan("epoch orders.show --reason mended")

    assert shown.exit_code == 2
    assert "--begin" in shown.stderr
