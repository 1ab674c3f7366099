from __future__ import annotations

import io

import msgspec
import pytest
import yaml
from rich.console import Console, Group

from proxy.api.evidence import (
    CapturedAnswerView,
    CapturedRequestView,
    ClusterStanding,
    ClusterView,
    ExchangeView,
)
from proxy.cli.evidence.picture import cluster_lines, exchange_lines
from proxy.config.blocks.compare import CompareBlock
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

PAGE = "/api/routes/orders/mismatches"
WHY = "looks generated: differs in 412 of 412"


def cluster(state: ClusterStanding, accepted: str | None = None, why: str = "", kind: str = "time") -> ClusterView:
    return ClusterView(
        id="3f2a9c01d4e5",
        path="$.id",
        kind=kind,
        severity="medium",
        count=412,
        share=1.0,
        first_seen="2026-01-01T00:00:00.000Z",
        last_seen="2026-01-01T00:01:00.000Z",
        accepted=accepted,
        state=state,
        why=why,
    )


def page(*clusters: ClusterView) -> dict[str, bytes]:
    return {PAGE: msgspec.json.encode({"clusters": clusters})}


def test_a_long_reason_is_folded_in_a_pipe(banyan: Banyan) -> None:
    """At a hundred columns, below its cluster; the path that it is about stays whole."""
    rule = "`compare: { noisy: [{ path: '$.id', reason: …, owner: …, until: … }] }`"
    why = f"differs in 6 of 60. If it is noise: {rule}; " * 3
    with listening(page(cluster(ClusterStanding.UNDECIDED, why=why.strip()))) as admin:
        lines = banyan(f"mismatches orders --admin {admin.url}").stdout.splitlines()
    told = lines[next(at for at, line in enumerate(lines) if "$.id: differs" in line) :]

    assert all(len(line) <= 100 and line == line.rstrip() for line in lines)
    assert all(line.startswith("    ") for line in told[1:])
    assert " ".join(line.strip() for line in told) == f"3f2a9c01d4e5  $.id: {why.strip()}"


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (cluster(ClusterStanding.UNDECIDED, why=WHY), 1, True),
        (cluster(ClusterStanding.COUNTS, why=WHY), 1, True),
        (cluster(ClusterStanding.COUNTS), 1, False),
        (cluster(ClusterStanding.ACCEPTED, "noise", WHY), 0, False),
        (cluster(ClusterStanding.EARLIER), 0, False),
    ],
)
def test_what_waits_for_a_word_is_shown_with_its_reason(
    banyan: Banyan, given: ClusterView, code: int, *, told: bool
) -> None:
    """What is known of a value stands below the table where it counts or may count; only what is accepted is fine."""
    with listening(page(given)) as admin:
        result = banyan(f"mismatches orders --admin {admin.url}")

    assert result.exit_code == code
    assert (f"3f2a9c01d4e5  $.id: {WHY}" in result.stdout) == told
    assert ("undecided" in result.stdout) == (given.state is ClusterStanding.UNDECIDED)


LONG = "$.orders[*].lines[*].price.of.the.tenant.and.of.whatever.else.stands.in.the.way.of.a.terminal"


def several() -> list[ClusterView]:
    ruled = msgspec.structs.replace(cluster(ClusterStanding.ACCEPTED, "ignore $.b"), id="ruled", path="$.b")
    noise = msgspec.structs.replace(cluster(ClusterStanding.ACCEPTED, "noise"), id="noise", path="$.n")
    waits = msgspec.structs.replace(cluster(ClusterStanding.UNDECIDED), id="waits", path="$.w")
    return [ruled, noise, waits, msgspec.structs.replace(cluster(ClusterStanding.COUNTS), path=LONG)]


def test_what_counts_stands_apart_from_what_is_excused(banyan: Banyan) -> None:
    """What counts first, then what is undecided, what a rule excuses, and what noise does, each with its number."""
    with listening(page(*several())) as admin:
        text = banyan(f"mismatches orders --admin {admin.url}").stdout

    assert [block.splitlines()[0] for block in text.split("\n\n")] == [
        "1 difference that counts",
        "1 difference undecided: nobody knows yet whether legacy would repeat the value",
        "1 difference excused by a rule",
        "1 difference excused as noise",
    ]
    rows = [block.splitlines()[-1].split("  ") for block in text.split("\n\n")]
    assert [(row[0], row[-1]) for row in rows] == [
        ("3f2a9c01d4e5", LONG),
        *[("waits", "$.w"), ("ruled", "$.b"), ("noise", "$.n")],
    ]
    assert rows[2][-2] == "ignore $.b"


@pytest.mark.parametrize("width", [60, 80, 100, 140, 250, None])
def test_a_path_is_whole_in_its_line(width: int | None) -> None:
    """However narrow the terminal is: other columns go, and what fits with them is within the terminal."""
    screen = Console(width=width or 10_000, highlight=False, file=io.StringIO())
    with screen.capture() as seen:
        screen.print(Group(*cluster_lines(several(), width)), crop=False)
    lines = seen.get().splitlines()

    assert [line for line in lines if line.endswith(f"  {LONG}") and line.startswith("3f2a9c01d4e5")]
    assert not width or all(len(line) <= width for line in lines if LONG not in line)
    assert not width or width < 140 or max(map(len, lines)) <= width


def test_nothing_that_answers_is_told_from_differences(banyan: Banyan) -> None:
    """Exit 1 says that there are differences, 3 that nobody could be asked, or not for this route or cluster."""
    with listening(page(*several())) as admin:
        differ = banyan(f"mismatches orders --admin {admin.url}")
        absent = [banyan(f"mismatches {name} --admin {admin.url}") for name in ("none", "orders none")]
    gone = banyan(f"mismatches orders --admin {admin.url}")

    assert (differ.exit_code, gone.exit_code) == (1, 3)
    assert [each.exit_code for each in absent] == [3, 3]
    assert "nothing answers" in gone.stderr


@pytest.mark.parametrize(("state", "key"), [(ClusterStanding.UNDECIDED, "noisy"), (ClusterStanding.COUNTS, "ignore")])
def test_what_is_undecided_is_accepted_as_noise(banyan: Banyan, state: ClusterStanding, key: str) -> None:
    """The rule that is printed says that legacy does not repeat the value, and the file takes it."""
    with listening(page(cluster(state))) as admin:
        said = "--reason generated --owner team-orders --until never"
        result = banyan(f"accept orders 3f2a9c01d4e5 {said} --admin {admin.url}")

    block = yaml.safe_load(result.stdout)["compare"]
    assert (list(block), block[key][0]["path"]) == ([key], "$.id")
    assert CompareBlock.model_validate(block) is not None
    assert ("under `time`" in result.stdout) == (key == "ignore")


def test_all_tables_have_the_same_columns() -> None:
    """What a narrow terminal leaves out of one it leaves out of each; what a rule excuses has another beside them."""
    clusters = [msgspec.structs.replace(each, path="$.p") for each in several()]
    heads = [line.plain.split() for line in cluster_lines(clusters, 80) if line.plain.startswith("cluster")]

    assert len(heads) == 4
    assert heads[0] == heads[1] == heads[3] == ["cluster", "severity", "kind", "count", "share", "last", "seen", "path"]
    assert heads[2] == ["cluster", "severity", "kind", "count", "share", "last", "seen", "excused", "by", "path"]


@pytest.mark.parametrize("width", [44, 60])
def test_what_stands_above_an_exchange_is_folded(width: int) -> None:
    """As every sentence is; the two answers stand beside each other within the width."""
    answer = CapturedAnswerView(status=200, failure="", seconds=0.1, fields=[], body="{}", base64=False, cut=False)
    accept = ("accept", "text/html, application/json, */*, and more of these")
    request = CapturedRequestView(method="GET", target="/orders/7", fields=[accept], body="", base64=False)
    exchange = ExchangeView(
        request_id="4ab1e98d7a9fb2d2625cede045a8837f",
        at="2026-01-01T00:00:00.000Z",
        request=request,
        legacy=answer,
        new=answer,
        differences=[],
    )

    assert max(map(len, exchange_lines([exchange], 1, width, coloured=False))) <= width


def test_what_was_sent_steers_no_terminal(banyan: Banyan) -> None:
    """Fields and bodies of clients and sides, paths of members and excerpts: control signs are spelt out."""
    answer = {"fields": [("X", "\x9b31m")], "body": '{"\x1b[2J": 1}', "base64": False}
    answer |= {"status": 200, "failure": "", "seconds": 0.1, "cut": False}
    asked = {"fields": [("User-Agent", "\x9b31mred")], "body": "a\x1b[31m", "base64": False}
    seen = {"path": "$['\x1b[2J']", "kind": "num", "severity": "medium", "legacy": "1\x1b[2J", "new": "2"}
    exchange = {
        "request_id": "r\x1b[2J",
        "at": "2026-01-01T00:00:00.000Z",
        "differences": [seen],
        "request": {**asked, "method": "GET", "target": "/\x9b31m"},
        "legacy": answer,
        "new": answer,
    }
    hostile = msgspec.structs.replace(cluster(ClusterStanding.COUNTS, why="\u202e"), path="$['\x1b[2J']")
    view = msgspec.json.encode({"clusters": [hostile], "exchanges": [exchange]})
    with listening({PAGE: view, f"{PAGE}?cluster=3f2a": view}) as admin:
        text = banyan(f"mismatches orders 3f2a --admin {admin.url}").stdout

    assert text.replace("\n", "").isprintable()
    assert "  User-Agent: \\x9b31mred\n" in text
    assert "exchange 1 of 1: GET /\\x9b31m\n" in text
