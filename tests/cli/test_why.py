from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proxy.control.admin.recent import shown
from proxy.core.stage import Stage
from tests.cli.conftest import Banyan
from tests.cli.listening import listening
from tests.core.remembered import TENANT, a_route, head, remember, table

ORDERS = a_route("orders", "/orders/{id}", stage=Stage.CANARY, split=1.0, cohort=(TENANT,))
NOW = {"route": "orders", "stage": "canary", "split": 1.0, "side": "new", "reason": "below_split", "differs": False}

DIFFERS = {
    "outcome": "mismatch",
    "cluster": "c1",
    "path": "$.a",
    "kind": "missing",
    "severity": "high",
    "differences": 1,
}


def page(now: dict[str, object] | None = None, comparison: object = None, tenant: str = "t1", **more: object) -> bytes:
    seen = remember(table(ORDERS), head("/orders/7", tenant), upstream="new", **more)
    view = {"request": shown(seen), "now": {**NOW, **(now or {})}, "revision": "r2", "comparison": comparison}
    return msgspec.json.encode(view)


def said(banyan: Banyan, body: bytes) -> str:
    with listening({"/api/requests/r1": body}) as admin:
        result = banyan(f"why r1 --admin {admin.url}")
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_decision_is_told_line_by_line(banyan: Banyan) -> None:
    """Route, stage, draw against split, cohort, reason, upstream, and that it would be the same now."""
    text = said(banyan, page())

    assert text.startswith("GET /orders/7 → new, 200 in 1.0 ms\n")
    assert "stage     canary, split 100 %" in text
    assert "%, below the split of 100 %" in text
    assert "by header:x-tenant-id, drawn for 'orders'" in text
    assert "decision  new, reason: below_split" in text
    assert "upstream  new" in text
    assert "would again be new on orders at canary, split 100 %, reason: below_split (revision r2)" in text
    assert "attempts" not in text
    assert "refused" not in text
    assert "compared" not in text


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (page(tenant=""), "by the client's address, as it has none of header:x-tenant-id, drawn for 'orders'"),
        (page(attempts=2, fell_back=True, side="legacy"), "attempts  2, the last to legacy as a fallback"),
        (page(attempts=3), "attempts  3\n"),
        (page(failure="connect:upstream", status=502), "failure   connect:upstream"),
        (page(shadow="legacy"), "reason: below_split, shadow: legacy"),
        (page(split=0.0), "not below the split of 0 %"),
        (page({"side": "legacy", "differs": True, "stage": "shadow"}), "would be legacy on orders at shadow, reason"),
        (page({"side": None}), "its cohort would be drawn anew on orders at canary, split 100 % (revision r2)"),
        (
            page(serve="self", side="self", reason="token_expired", status=401),
            "now       refused again while token_expired holds; else on orders at canary, split",
        ),
        (
            page({"side": None}, serve="self", side="self", reason="no_token", status=401),
            "refused again while no_token holds; else on orders at canary, split 100 % by its",
        ),
        (page(status=401), "refused   by new itself: Banyan had let the request through\n"),
        (
            page(serve="self", side="self", reason="token_expired", status=401),
            "refused   by Banyan (token_expired): no upstream was asked\n",
        ),
        (page({"stage": None, "side": "self"}), "would again be self on orders, reason"),
        (page(comparison={"outcome": "match"}), "compared  match\n"),
        (page(comparison={"outcome": "incomparable", "why": "timed_out"}), "compared  incomparable: timed_out\n"),
        (
            page(comparison=DIFFERS),
            f"compared  mismatch: high at $.a (missing)\n{' ' * 12}banyan mismatches orders c1\n",
        ),
        (page(comparison={**DIFFERS, "differences": 3}), "high at $.a (missing) and 2 more\n"),
    ],
)
def test_what_was_particular_is_told(banyan: Banyan, body: bytes, line: str) -> None:
    """A missing cohort, repeats, failures, shadows, comparisons, and a present decision that is another."""
    assert line in said(banyan, body)


def test_what_a_client_sent_steers_no_terminal(banyan: Banyan) -> None:
    """Its path, the id that it gave and what an upstream said are shown with their control signs spelt out."""
    hostile: dict[str, Any] = {"path": "/orders/\x9b31m", "client_request_id": "a\x1b[2J", "failure": "connect: \u202e"}
    text = said(banyan, page(comparison={**DIFFERS, "path": "$['\x1b[31m']"}, **hostile))

    assert text.replace("\n", "").isprintable()
    assert "GET /orders/\\x9b31m → new" in text
    assert "which the client called a\\x1b[2J\n" in text
    assert "mismatch: high at $['\\x1b[31m'] (missing)" in text


def test_a_request_that_no_route_took(banyan: Banyan) -> None:
    """It has no stage, no cohort and no upstream."""
    seen = remember(table(ORDERS), head("/nowhere"), status=404)
    view: dict[str, Any] = {"request": shown(seen), "now": {"route": "(unmatched)", "side": "self"}, "revision": "r"}
    text = said(banyan, msgspec.json.encode(view))

    assert "route     none" in text
    assert "now       would again be refused, as no route takes it (revision r)" in text
    assert not {"stage", "cohort", "upstream", "draw"} & {line.split()[0] for line in text.splitlines()[1:]}


def test_what_is_not_remembered_comes_with_advice(banyan: Banyan) -> None:
    """The API's own sentence says where to look."""
    with listening({}) as admin:
        result = banyan(f"why gone --admin {admin.url}")

    assert result.exit_code == 1
    assert "it is not there" in result.stderr
    assert "`admin` address" not in result.stderr


@pytest.mark.parametrize("answer", [b"<h1>Not Found</h1>", b'{"detail": "Not Found"}', b"{}"])
def test_another_server_is_noticed(banyan: Banyan, answer: bytes) -> None:
    """A refusal that is not as this API writes them asks whether it is the right address."""
    with listening({}) as admin:
        admin.refusal = answer
        result = banyan(f"why gone --admin {admin.url}")

    assert result.exit_code == 1
    assert "Is this Banyan's `admin` address?" in result.stderr


def test_another_version_is_noticed(banyan: Banyan) -> None:
    """What answers otherwise is not this Banyan."""
    with listening({"/api/requests/r1": b"[]"}) as admin:
        result = banyan(f"why r1 --admin {admin.url}")

    assert result.exit_code == 1
    assert "not as this version" in result.stderr


def test_scripts_get_what_the_api_says(banyan: Banyan) -> None:
    """Byte for byte."""
    body = page()
    with listening({"/api/requests/r1": body}) as admin:
        assert banyan(f"why r1 --admin {admin.url} --json").stdout.encode() == body + b"\n"
