from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from proxy.api.evidence import ClusterStanding, ClusterView
from proxy.cli.evidence import written_rule
from proxy.config.load import Loaded, load_file
from proxy.config.text.source import FileBytes, read_source, signature_of
from proxy.core.parity.formats.patterns import matches
from proxy.core.parity.rules.rules import Treatment
from tests.cli.conftest import ROUTES, Banyan
from tests.cli.listening import Pages, listening

PAGE = "/api/routes/orders.show/mismatches"
SAID = "--reason 'rounds ${half} up' --owner team-orders"
CLUSTER = ClusterView(
    id="3f2a9c01d4e5",
    path="$.total",
    kind="num",
    severity="medium",
    count=412,
    share=1.0,
    first_seen="2026-01-01T00:00:00.000Z",
    last_seen="2026-01-01T00:01:00.000Z",
    accepted=None,
    state=ClusterStanding.COUNTS,
    why="",
)
RULE = """\
    compare:
      ignore:
        - path: "$.total"
          kinds: [num]
          reason: "rounds $${half} up"
          owner: "team-orders"
          until: "never"
"""
COHORT = "    cohort: header:X-Tenant-Id\n"


@pytest.fixture
def admin() -> Iterator[Pages]:
    with listening({PAGE: msgspec.json.encode({"clusters": [CLUSTER]})}) as pages:
        yield pages


def ordered(admin: Pages, *more: str, until: str = "never") -> str:
    """The command line."""
    return " ".join(["accept orders.show 3f2a9c01d4e5", SAID, f"--until {until} --admin {admin.url}", *more])


def test_the_rule_is_put_into_the_file(banyan: Banyan, admin: Pages, folder: Path) -> None:
    """Behind the route's last key, with the file's mode; `check` takes it, and its line is told."""
    path = folder / "routes.yaml"
    path.chmod(0o640)
    result = banyan(ordered(admin, "--write"))

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "routes.yaml:18: the rule stands in the entry of orders.show now"
    assert "leave `kinds` out, and write it under `tolerance` with" in result.stdout
    assert path.read_text() == ROUTES.replace(COHORT, COHORT + RULE)
    assert path.stat().st_mode & 0o777 == 0o640
    assert banyan("check").exit_code == 0
    assert sorted(each.name for each in folder.iterdir()) == ["routes.yaml"]


def test_it_is_said_from_when_on_evidence_counts(banyan: Banyan, admin: Pages) -> None:
    """Whether the rule is written or printed: comparisons are kept by the minute."""
    for form in ("", "--write"):
        said = banyan(ordered(admin, form)).stdout
        assert "# evidence of the route counts from the next full minute after this edit on, and nothing from" in said


def test_a_rule_that_is_printed_is_the_one_that_is_written(banyan: Banyan, admin: Pages, folder: Path) -> None:
    """Without --write it is printed, line by line, and the file stays as it is."""
    result = banyan(ordered(admin))

    assert "".join(line + "\n" for line in result.stdout.splitlines() if not line.startswith("#")) == RULE
    assert (folder / "routes.yaml").read_text() == ROUTES


@pytest.mark.parametrize("form", ["", "--write"])
def test_an_element_of_a_list_in_another_order_is_accepted_after_the_list(banyan: Banyan, form: str) -> None:
    """The rule is given all the same, and the cluster of the list named."""
    inner = msgspec.structs.replace(CLUSTER, path="$.items[*].total")
    around = msgspec.structs.replace(CLUSTER, id="aaaa", kind="order", path="$.items")
    with listening({PAGE: msgspec.json.encode({"clusters": [around, inner]})}) as admin:
        said = banyan(ordered(admin, form)).stdout

    assert "# $.items stands in another order: accept aaaa first, then see whether this still differs" in said


def test_a_link_stays_one(banyan: Banyan, admin: Pages, folder: Path) -> None:
    """What it leads to is written."""
    (folder / "routes.yaml").rename(folder / "real.yaml")
    (folder / "routes.yaml").symlink_to("real.yaml")

    assert banyan(ordered(admin, "--write")).exit_code == 0
    assert (folder / "routes.yaml").is_symlink()
    assert RULE in (folder / "real.yaml").read_text()


@pytest.mark.parametrize("until", ["2020-01-01", "2020-01-01 --write"])
def test_what_is_over_accepts_nothing(banyan: Banyan, admin: Pages, folder: Path, until: str) -> None:
    """A last day that has passed is refused, whether the rule is printed or written."""
    result = banyan(ordered(admin, until=until))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "until: 2020-01-01 is over" in result.stderr
    assert (folder / "routes.yaml").read_text() == ROUTES


def test_the_rule_goes_into_the_file_in_which_the_route_stands(banyan: Banyan, admin: Pages, folder: Path) -> None:
    """An included file keeps its comments and layout, the main one every byte; file and line are told."""
    before, routes = ROUTES.split("routes:\n", 1)
    main = before + "include: [teams/orders.yaml]\n"
    (folder / "teams").mkdir()
    included = folder / "teams" / "orders.yaml"
    (folder / "routes.yaml").write_text(main)
    included.write_text(f"# Theirs.\nroutes:\n{routes}")
    result = banyan(ordered(admin, "--write"))

    text = included.read_text()
    assert (folder / "routes.yaml").read_text() == main
    assert text == f"# Theirs.\nroutes:\n{routes.replace(COHORT, COHORT + RULE, 1)}"
    line = text[: text.index("    compare:")].count("\n") + 1
    assert result.stdout.splitlines()[0] == f"teams/orders.yaml:{line}: the rule stands in the entry of orders.show now"
    assert isinstance(load_file(folder / "routes.yaml", {}), Loaded)


def test_an_included_file_that_was_written_meanwhile_is_left_alone(
    banyan: Banyan, admin: Pages, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was saved between its check and its reading: nothing is written into a file that nobody has checked."""
    before, routes = ROUTES.split("routes:\n", 1)
    (folder / "routes.yaml").write_text(before + "include: [orders.yaml]\n")
    included = folder / "orders.yaml"
    included.write_text(f"routes:\n{routes}")

    def saved_meanwhile(path: Path) -> FileBytes | str:
        if path.name == "orders.yaml":
            included.write_text(f"routes:\n{routes}# saved\n")
        return read_source(path)

    monkeypatch.setattr(written_rule, "read_source", saved_meanwhile)
    result = banyan(ordered(admin, "--write"))

    assert result.exit_code == 2
    assert "somebody has just written orders.yaml; it is left as it is" in result.stderr
    assert included.read_text() == f"routes:\n{routes}# saved\n"


BEFORE = "    compare: { ignore: [{ path: $.total, reason: r, owner: o, until: never }] }\n"
SHARED = "    compare: &c { secrets: [a] }\n"
HIDDEN = "    match: GET /**\n    compare: *c\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "the file routes.yaml is not there"),
        ("\xff", "the byte 0xFF is not UTF-8"),
        (ROUTES.replace("split: 10%", "split: 110%"), "since it has a problem: routes.yaml:16:12: "),
        (ROUTES.replace("name: orders.show", "name: orders"), "routes.yaml has no route 'orders.show'"),
        (ROUTES.replace(COHORT, COHORT + BEFORE), "another rule stands for $.total already"),
        (
            ROUTES.replace(COHORT, COHORT + SHARED).replace("    match: GET /**\n", HIDDEN),
            "routes.yaml:13: an alias (*) stands where the rule of orders.show would go",
        ),
    ],
    ids=["no file", "no text", "problem", "no route", "twice", "alias"],
)
def test_a_file_that_cannot_take_it_is_left_alone(
    banyan: Banyan, admin: Pages, folder: Path, text: str | None, why: str
) -> None:
    """Why is said, and nothing is written."""
    path = folder / "routes.yaml"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    result = banyan(ordered(admin, "--write"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr.replace("\n        ", " ")
    assert text is None or path.read_bytes() == text.encode("latin-1")


def test_an_edit_meanwhile_is_not_lost(
    banyan: Banyan, admin: Pages, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saved the file while the rule was made keeps every byte, and is told to ask again."""
    path = folder / "routes.yaml"
    edited = ROUTES.replace("split: 10%", "split: 20%")

    def looked_at(place: Path) -> object:
        path.write_text(edited)
        return signature_of(place)

    monkeypatch.setattr(written_rule, "signature_of", looked_at)
    result = banyan(ordered(admin, "--write"))

    assert result.exit_code == 2
    assert "somebody has just written routes.yaml" in result.stderr
    assert path.read_text() == edited
    assert sorted(each.name for each in folder.iterdir()) == ["routes.yaml"]


def test_a_folder_that_takes_no_file_is_told(
    banyan: Banyan, admin: Pages, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system says is said, and what to do instead."""

    def refused(*_: object) -> bool:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(written_rule, "write_over", refused)
    result = banyan(ordered(admin, "--write"))

    assert result.exit_code == 2
    assert "routes.yaml cannot be written: Permission denied" in result.stderr
    assert "without --write the rule is printed" in result.stderr


def test_an_id_may_be_named_by_how_it_begins(banyan: Banyan) -> None:
    """Where that is one cluster's; of several all are named, of none that there is none."""
    other = msgspec.structs.replace(CLUSTER, id="3f20000000aa", path="$.other")
    with listening({PAGE: msgspec.json.encode({"clusters": [CLUSTER, other]})}) as admin:
        one, both, none = (banyan(ordered(admin).replace("3f2a9c01d4e5", begins)) for begins in ("3f2a", "3f2", "ff"))

    assert (one.exit_code, "$.total" in one.stdout) == (0, True)
    assert (both.exit_code, both.stdout) == (1, "")
    assert "2 clusters of orders.show begin with '3f2': 3f2a9c01d4e5, 3f20000000aa" in both.stderr
    assert (none.exit_code, "has no cluster 'ff' now" in none.stderr) == (1, True)


def content_type(*values: tuple[str, str], severity: str = "low") -> dict[str, bytes]:
    """Pages of a cluster at Content-Type, with an exchange for each pair of values."""
    cluster = msgspec.structs.replace(CLUSTER, path="header:Content-Type", kind="header", severity=severity)
    side = {"fields": [], "body": "", "base64": False, "status": 200, "failure": "", "seconds": 0.1, "cut": False}
    request = {"fields": [], "body": "", "base64": False, "method": "GET", "target": "/"}
    said = {"path": cluster.path, "kind": "header", "severity": severity}
    exchanges = [
        {
            "request_id": "r",
            "at": "",
            "request": request,
            "legacy": side,
            "new": side,
            "differences": [{**said, "legacy": legacy, "new": new}],
        }
        for legacy, new in values
    ]
    clusters = {"clusters": [cluster]}
    return {
        PAGE: msgspec.json.encode(clusters),
        f"{PAGE}?cluster={CLUSTER.id}": msgspec.json.encode({**clusters, "exchanges": exchanges}),
    }


CHARSET = "application/problem+json; charset=utf-8"
BARE = "application/problem+json"


def test_of_a_charset_alone_the_rule_covers_no_other_type(banyan: Banyan, folder: Path) -> None:
    """Both sides must say the type that both said, with whatever behind it; `check` takes it."""
    with listening(content_type((CHARSET, BARE), (BARE, "Application/Problem+JSON;charset=latin1"))) as admin:
        printed = banyan(ordered(admin)).stdout
        written = banyan(ordered(admin, "--write"))
    loaded = load_file(folder / "routes.yaml", os.environ)
    assert isinstance(loaded, Loaded)
    (rule,) = loaded.snapshot.routes[0].compare.rules
    found = [matches(rule.regex, value) for value in (CHARSET, BARE, BARE + " ;a=b", "application/json", BARE + "x")]

    assert (written.exit_code, banyan("check").exit_code) == (0, 0)
    assert "      mask:\n" in printed
    assert (rule.path, rule.treatment, rule.kinds) == ("header:Content-Type", Treatment.MASK, frozenset())
    assert found == [True, True, True, False, False]


@pytest.mark.parametrize(
    "pages",
    [
        content_type((CHARSET, BARE), ("text/html; charset=utf-8", "text/html")),
        content_type((CHARSET, "text/html"), severity="medium"),
        {PAGE: content_type((CHARSET, BARE))[PAGE]},
        content_type(),
    ],
    ids=["two types", "another type", "no exchanges to be had", "none kept"],
)
def test_where_it_is_more_than_a_charset_or_not_known_any_value_is_accepted(
    banyan: Banyan, pages: dict[str, bytes]
) -> None:
    """And what would accept less is told."""
    with listening(pages) as admin:
        printed = banyan(ordered(admin)).stdout

    assert "      ignore:\n" in printed
    assert "# to accept values that look alike only, leave `kinds` out, and write it under `mask` with" in printed


@pytest.mark.parametrize("by", ["noise", "ignore $.total"])
def test_of_what_is_excused_already_it_is_said_that_no_rule_is_needed(banyan: Banyan, by: str) -> None:
    """The rule is printed all the same, for who knows more."""
    excused = msgspec.structs.replace(CLUSTER, accepted=by, state=ClusterStanding.ACCEPTED)
    with listening({PAGE: msgspec.json.encode({"clusters": [excused]})}) as admin:
        printed = banyan(ordered(admin)).stdout

    how = "as noise" if by == "noise" else f"by {by}"
    assert f"# $.total is excused {how} already: while that holds, no rule is needed\n" in printed
    assert RULE in printed


@pytest.mark.parametrize("form", ["", "--write"])
def test_of_what_was_not_seen_since_an_edit_it_is_said_that_it_may_need_no_rule(banyan: Banyan, form: str) -> None:
    """It is accepted all the same: who edits `compare` for something else may know better."""
    earlier = msgspec.structs.replace(CLUSTER, state=ClusterStanding.EARLIER)
    with listening({PAGE: msgspec.json.encode({"clusters": [earlier]})}) as admin:
        result = banyan(ordered(admin, form))

    assert result.exit_code == 0
    assert "# $.total was not seen since `compare:` was edited: it may be that no rule is needed" in result.stdout


@pytest.mark.parametrize("form", ["", "--json"])
def test_what_is_excused_already_is_not_written(banyan: Banyan, folder: Path, form: str) -> None:
    """With --write the file stays as it is, and it is said why; the exit code is that of a rule that stands."""
    excused = msgspec.structs.replace(CLUSTER, accepted="noise", state=ClusterStanding.ACCEPTED)
    with listening({PAGE: msgspec.json.encode({"clusters": [excused]})}) as admin:
        result = banyan(ordered(admin, "--write", form))

    why = "$.total is excused as noise already: while that holds, no rule is needed, and nothing is written; "
    said = "{}" if form else why + "without --write the rule is printed"
    assert (result.exit_code, " ".join(result.stdout.split())) == (0, said)
    assert (folder / "routes.yaml").read_text() == ROUTES


def test_comments_are_folded_into_comments(banyan: Banyan, admin: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the width of the screen, so that what is printed still goes into the file; the rule itself is not folded."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = banyan(ordered(admin)).stdout.splitlines()
    comments = [line for line in lines if line.startswith("# ")]

    assert max(map(len, comments)) <= 60
    assert "\n".join(lines[len(comments) :]) + "\n" == RULE
    assert "minute after this edit on, and nothing from before it" in " ".join(line[2:].strip() for line in comments)
