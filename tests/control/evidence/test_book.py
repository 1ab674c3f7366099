from __future__ import annotations

from dataclasses import replace

from proxy.control.admin.evidence import cluster_view, evidence_view, parity_view
from proxy.control.evidence.book import ComparedRoute, EvidenceBook, Look
from proxy.control.evidence.clusters import why
from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import (
    Cluster,
    Epoch,
    EvidenceTally,
    JudgedRules,
    KeyGroup,
    NoiseFinding,
    RuleHits,
    ShapeCount,
)
from proxy.core.judge.ramp import ComparedCounts, Fault, Measures
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.noise_groups import Waiting
from proxy.core.noise.sentence import unknown
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.rules import NO_RULES, Rule, Rules, Treatment
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, moved, reconcile
from proxy.core.stage import Stage

AT = reconcile(None, Stage.SHADOW, 0.0, route="a", now=0.0)


def tally(minute: int, count: int, outcome: Outcome = Outcome.MATCH, shape: str = "s") -> EvidenceTally:
    return EvidenceTally(route="a", epoch=1, minute=minute, shape=shape, outcome=outcome, count=count)


def cluster(path: str, kind: DifferenceKind, severity: Severity, accepted: str = "") -> Cluster:
    return Cluster(
        id=path,
        route="a",
        epoch=1,
        path=path,
        kind=kind,
        severity=severity,
        count=3,
        first_seen=1.0,
        last_seen=2.0,
        accepted=accepted,
    )


def look(
    *tallies: EvidenceTally, epoch: int = 1, clusters: tuple[Cluster, ...] = (), shapes: tuple[ShapeCount, ...] = ()
) -> Look:
    opened = Epoch(route="a", number=epoch, legacy_version="1", new_version="2", began=0.0, seen=0.0)
    hits = (RuleHits(route="a", rule="r", hits=1, last_hit=2.0),)
    return Look(epoch=opened, tallies=tallies, clusters=clusters, shapes=shapes, hits=hits)


def test_of_an_unknown_route_nothing_is_known() -> None:
    """No evidence meets nothing and fails nothing."""
    book = EvidenceBook()

    assert book.measures("a", AT) == Measures()
    assert (book.epoch("a"), book.hits("a"), book.clusters("a")) == (None, (), ())
    assert book.parity("a").rate_upper_bound == 1.0


def test_the_mismatch_rate_is_of_what_its_bound_is_about() -> None:
    """A wrong answer that is asked for again and again is among the mismatches, and in the rate as often as counts."""
    repeated = replace(tally(3, 200, Outcome.MISMATCH), why=REPEATED)
    book = EvidenceBook()
    book.look(look(tally(3, 237), tally(3, 3, Outcome.MISMATCH), repeated))
    found = book.parity("a")

    assert (found.sums.compared, found.sums.mismatch, found.mismatch_rate) == (440, 203, 3 / 240)
    assert 3 / 240 < found.rate_upper_bound < 203 / 440
    assert EvidenceBook().parity("a").mismatch_rate is None


def test_measures_are_those_of_the_current_epoch() -> None:
    """Counts, high differences that nobody accepted, coverage, the newest minute; another epoch begins at nothing."""
    book = EvidenceBook()
    clusters = (
        cluster("$.id", DifferenceKind.MISSING, Severity.HIGH),
        cluster("$.n", DifferenceKind.NUM, Severity.MEDIUM),
    )
    shapes = tuple(
        ShapeCount(route="a", shape=shape, legacy=legacy, compared=legacy, first_seen=0.0, last_seen=last)
        for shape, legacy, last in (("s", 90, 9e6), ("often", 30, 9e6), ("seldom", 3, 9e6), ("gone", 90, 0.0))
    )
    book.look(look(tally(5, 90), tally(6, 2, Outcome.MISMATCH), clusters=clusters, shapes=shapes))
    found = book.measures("a", AT)
    wanted, other = book.wants("a", 1), book.wants("a", 2)
    book.look(look(epoch=2))
    nothing = replace(book.measures("a", AT), lately=None, answered_lately=None, epoch="")

    assert (found.compared, found.mismatched, len(found.faults), found.uncovered) == (92, 2, 1, 1)
    assert found.newest_at == 6 * 60 + 59
    assert found.unseen is not None
    assert 0 < found.unseen < 1
    assert (wanted, other) == (0, 0)
    assert nothing == Measures()
    assert book.hits("a")[0].rule == "r"


def test_a_share_is_of_what_could_be_compared() -> None:
    """Incomparable requests are left out; nothing is divided by nothing, and a share is never above one."""
    book = EvidenceBook()
    three = cluster("$.n", DifferenceKind.NUM, Severity.MEDIUM)
    shares = []
    for tallies in (
        (),
        (tally(5, 2),),
        (tally(5, 20), tally(5, 10, Outcome.MISMATCH), tally(5, 9, Outcome.INCOMPARABLE)),
    ):
        book.look(look(*tallies, clusters=(three,)))
        shares.append(cluster_view(three, book.parity("a").sums.compared).share)

    assert shares == [0.0, 1.0, 0.1]


def test_what_excuses_a_cluster_now_is_told() -> None:
    """The last excuse if it still holds, a rule that excuses the kind whatever the values, noise while it is noise."""
    book = EvidenceBook()
    rules = Rules(
        rules=(
            Rule(id="any", path="$.any", treatment=Treatment.IGNORE),
            Rule(id="near", path="$.near", treatment=Treatment.TOLERANCE, absolute=1.0),
            Rule(id="old", path="$.old", treatment=Treatment.IGNORE, until=1.0),
            Rule(id="gone", path="$.gone", treatment=Treatment.IGNORE, kinds=frozenset({DifferenceKind.MISSING})),
        )
    )
    book.follow([ComparedRoute("a", rules)], 0)
    book.hear({"a": {"$.noise": KeyState.NOISY, "$.held": KeyState.HELD}})
    medium = Severity.MEDIUM
    clusters = (
        cluster("$.any", DifferenceKind.NUM, medium),
        cluster("$.near", DifferenceKind.NUM, medium),
        cluster("$.near", DifferenceKind.NUM, medium, "near"),
        cluster("$.old", DifferenceKind.NUM, medium, "old"),
        cluster("$.gone", DifferenceKind.MISSING, Severity.HIGH),
        cluster("$.noise", DifferenceKind.NUM, medium, "noise"),
        cluster("$.held", DifferenceKind.NUM, medium, "noise"),
        cluster("$.quiet", DifferenceKind.NUM, medium, "noise"),
    )
    book.look(look(clusters=clusters))

    assert [each.accepted for each in book.clusters("a")] == ["any", "", "near", "", "gone", "noise", "", "undecided"]
    assert book.measures("a", AT).faults == ()


def test_counts_clusters_and_measures_are_of_one_state_of_knowledge() -> None:
    """What is undecided is judged again at every word about noise, without another look at the store."""
    book = EvidenceBook()
    book.follow([ComparedRoute("a", NO_RULES)], 0)
    waits = EvidenceTally(route="a", epoch=1, minute=5, shape="s", outcome=Outcome.UNDECIDED, why="g", count=20)
    group = KeyGroup(route="a", id="g", keys=("$.id",), last_seen=0.0)
    seen = cluster("$.id", DifferenceKind.STRING, Severity.HIGH, "undecided")
    book.look(replace(look(tally(5, 100), waits, clusters=(seen,)), groups=(group,)))

    told = []
    for known in ({}, {"$.id": KeyState.NOISY}, {"$.id": KeyState.OPEN}, {"$.id": KeyState.HELD}):
        book.hear({"a": known})
        sums, found = book.parity("a").sums, book.measures("a", AT)
        (stands,) = book.clusters("a")
        counts = (sums.ignored, sums.mismatch, sums.undecided, book.undecided()["a"])
        told.append((counts, stands.accepted, (found.compared, found.mismatched, found.unproved, len(found.faults))))

    assert told == [
        ((0, 0, 20, 20), "undecided", (100, 0, 0, 0)),
        ((20, 0, 0, 0), "noise", (120, 0, 0, 0)),
        ((0, 20, 0, 0), "", (120, 20, 20, 1)),
        ((0, 20, 0, 0), "", (120, 20, 0, 1)),
    ]
    assert book.noisy("a") == frozenset()


def test_what_waits_is_told_with_its_field() -> None:
    """The judge hears of the last hour's, the page of each key with its state and a sentence."""
    book = EvidenceBook()
    waits = EvidenceTally(route="a", epoch=1, minute=5, shape="s", outcome=Outcome.UNDECIDED, why="g", count=20)
    group = KeyGroup(route="a", id="g", keys=("$.at", "$.id"), last_seen=0.0)
    book.look(replace(look(tally(5, 60), waits), groups=(group,)))
    book.hear({"a": {"$.at": KeyState.CLOCK, "$.price": KeyState.HELD}})
    finding = NoiseFinding(route="a", path="$.price", numbers=(), decided="held", until=None, updated=0.0, why="+1 off")
    view = evidence_view(book, "a", NO_RULES, [finding], 0.0)
    shown = [(each.path, each.state, each.decided, each.excused, each.why) for each in view.noise]

    assert book.measures("a", AT).waiting == Waiting(answers=20, of=80, keys=("$.id",))
    assert (parity_view(book, "a").undecided, parity_view(book, "a").fields_waiting) == (20, 1)
    assert shown == [
        ("$.at", "clock", "", True, ""),
        ("$.id", "waits", "", False, unknown("$.id")),
        ("$.price", "held", "held", False, "+1 off"),
    ]
    assert book.noisy("a") == {"$.at"}


def test_what_is_no_value_is_no_noise_in_waiting() -> None:
    """A member that new lacks counts, so its path is listed once something is decided of it alone; not so a path at
    which a value differs as well, nor one for which answers wait.
    """
    book, paths = EvidenceBook(), ("$.gone", "$.lost", "$.both", "$.id")
    kinds = [(path, DifferenceKind.MISSING) for path in paths] + [("$.both", DifferenceKind.STRING)]
    waits = EvidenceTally(route="a", epoch=1, minute=5, shape="s", outcome=Outcome.UNDECIDED, why="g", count=20)
    group = KeyGroup(route="a", id="g", keys=("$.id",), last_seen=0.0)
    clusters = tuple(cluster(path, kind, Severity.HIGH) for path, kind in kinds)
    book.look(replace(look(tally(5, 60), waits, clusters=clusters), groups=(group,)))
    findings = [
        NoiseFinding(route="a", path=path, numbers=(), decided=decided, until=None, updated=0.0)
        for path, decided in zip(paths, ("", "regression", "", ""), strict=True)
    ]
    view = evidence_view(book, "a", NO_RULES, findings, 0.0)

    assert [(each.path, each.decided) for each in view.noise] == [
        ("$.both", ""),
        ("$.id", ""),
        ("$.lost", "regression"),
    ]


def test_a_key_is_told_with_the_rules_that_accept_it() -> None:
    """Those that hold now, of the path and of all below another one; whatever the tests have found of it."""
    finding = NoiseFinding(
        route="a", path="header:Content-Type", numbers=(), decided="regression", until=None, updated=0.0, why="seen"
    )
    said = [("header:Content-Type", None), ("$..*", None), ("header:Content-Type", 5.0)]
    rules = Rules(
        rules=tuple(
            Rule(id=f"{path} {until}", path=path, treatment=Treatment.IGNORE, until=until) for path, until in said
        )
    )
    view = evidence_view(EvidenceBook(), "a", rules, [finding, replace(finding, path="$.x")], 10.0)

    assert {each.path: list(each.accepted) for each in view.noise} == {
        "header:Content-Type": ["header:Content-Type None"],
        "$.x": ["$..* None"],
    }


def test_a_cluster_says_whether_it_counts_and_what_is_known() -> None:
    """A finding about its path has the word; of what is undecided there is always something to say."""
    findings = [
        NoiseFinding(route="a", path=path, numbers=(), decided=decided, until=None, updated=0.0, why=why_)
        for path, decided, why_ in (
            ("$.at", "noisy", "legacy differs"),
            ("$.at", "held", "new is off"),
            ("$.no", "held", ""),
        )
    ]
    told = []
    for path, accepted in (("$.at", ""), ("$.at", "noise"), ("$.id", "undecided"), ("$.no", ""), ("$.no", "rule")):
        given = cluster(path, DifferenceKind.TIME, Severity.MEDIUM, accepted)
        view = cluster_view(given, 10, why(given, findings))
        told.append((view.state, view.accepted, view.why))

    assert told == [
        ("counts", None, "new is off"),
        ("accepted", "noise", "legacy differs"),
        ("undecided", None, unknown("$.id")),
        ("counts", None, ""),
        ("accepted", "rule", ""),
    ]


def test_what_is_no_value_is_never_told_to_be_noise() -> None:
    """A status that differed has no advice for noise, whatever was found of its path."""
    finding = NoiseFinding(
        route="a", path="status", numbers=(), decided="", until=None, updated=0.0, why="looks random"
    )

    assert why(cluster("status", DifferenceKind.STATUS, Severity.HIGH, ""), [finding]) == ""


def test_an_edit_of_the_rules_begins_evidence_anew() -> None:
    """For the judge and for people alike, who are told since when; not when the rules are the same. All of the epoch
    is known beside it; a route that went is forgotten.
    """
    book = EvidenceBook()
    book.follow([ComparedRoute("a", NO_RULES)], 5)
    book.look(look(tally(5, 9)))
    book.follow([ComparedRoute("a", NO_RULES)], 6)
    same = book.measures("a", AT).compared
    book.follow([ComparedRoute("a", Rules(secrets=frozenset({"x"})))], 6)
    edited, shown = book.measures("a", AT).compared, book.parity("a")
    book.look(look(tally(5, 9), tally(7, 2)))
    later = book.parity("a")
    book.follow([], 7)

    assert (same, edited, shown.sums.compared, shown.of_epoch.compared, shown.since) == (9, 0, 0, 9, 7 * 60.0)
    assert (later.sums.compared, later.of_epoch.compared) == (2, 11)
    assert book.parity("a").sums.compared == 0


def test_a_restart_is_no_edit() -> None:
    """What the store remembers of the rules counts from then on, and all that was read is read again; what it says of
    rules that were edited meanwhile is not heard.
    """
    book = EvidenceBook()
    edited = book.follow([ComparedRoute("a", NO_RULES)], 6)
    book.look(look(tally(5, 9), tally(7, 2)))
    asked = book.unagreed("a")
    assert asked == JudgedRules(route="a", mark=NO_RULES.mark, minute=0)
    book.agree(replace(asked, minute=7))
    wanted = book.wants("a", 1)
    book.look(look(tally(5, 9), tally(7, 2)))
    known = book.parity("a")
    again = book.follow([ComparedRoute("a", Rules(secrets=frozenset({"x"})))], 8)
    book.agree(replace(asked, minute=3))

    assert (edited, again, wanted) == (frozenset(), frozenset({"a"}), 0)
    assert (known.sums.compared, known.of_epoch.compared, known.since) == (2, 11, 7 * 60.0)
    assert book.unagreed("a") == JudgedRules(route="a", mark=Rules(secrets=frozenset({"x"})).mark, minute=9)


def test_counts_of_this_replica_only_grow() -> None:
    """What goes to metrics adds up over epochs, by route and outcome."""
    book = EvidenceBook()
    book.follow([ComparedRoute("a", NO_RULES)], 0)
    book.count([tally(1, 2), tally(2, 3), tally(2, 1, Outcome.MISMATCH)])
    book.forget_minutes()

    assert book.counted() == {("a", Outcome.MATCH): 5, ("a", Outcome.MISMATCH): 1}


def test_what_a_restart_of_new_cost_holds_a_step_for_its_time_alone() -> None:
    """Shadows that were shed after hours at a step are out of sight ten minutes later, where the step takes ten."""
    book, at = EvidenceBook(), moved(AT, Place(Stage.CANARY, 0.05), Cause.EVIDENCE, 1.0)
    shed = replace(tally(200, 3_000, Outcome.INCOMPARABLE), why="shed")
    found = []
    for until in (200, 205, 215):
        matched = [tally(minute, 1_000) for minute in range(1, until)]
        day = sorted((*matched, shed), key=lambda each: each.minute)
        book.look(look(*(replace(each, step=at.step) for each in day if each.minute >= book.wants("a", 1))))
        found.append([book.measures("a", at, least).pairs.incomparable for least in (600.0, 43_200.0)])

    assert found == [[3_000, 3_000], [3_000, 3_000], [0, 3_000]]


def test_the_judge_is_told_of_the_present_step_and_coverage_of_the_epoch() -> None:
    """After a move its comparisons begin at nothing; which shapes were tried, and when the last was, is known."""
    book = EvidenceBook()
    shadow = replace(AT, version=1, since=1.0)
    canary = replace(moved(shadow, Place(Stage.CANARY, 0.05), Cause.EVIDENCE, 300.0))
    book.look(look(replace(tally(4, 900), step=1_000), replace(tally(5, 9), step=300_000, side=Side.NEW)))
    before, after = book.measures("a", shadow), book.measures("a", canary)

    assert (before.compared, before.answered) == (900, ComparedCounts())
    assert (after.compared, after.answered, after.lately) == (9, ComparedCounts(9), ComparedCounts(9))
    assert before.unseen == after.unseen
    assert before.newest_at == after.newest_at == 5 * 60 + 59


def test_an_epoch_that_was_ordered_or_edited_counts_from_its_first_comparison() -> None:
    """Until then the store has the old one, which is no evidence any more; with it all is known again."""
    book = EvidenceBook()
    book.follow([ComparedRoute("a", NO_RULES, "here")], 0)
    old = Epoch(route="a", number=1, legacy_version="", new_version="", began=0.0, seen=0.0, addresses="here")
    book.look(replace(look(tally(5, 9)), epoch=old))
    compared = [book.measures("a", each).compared for each in (AT, replace(AT, begun=1))]
    book.follow([ComparedRoute("a", NO_RULES, "there")], 0)
    compared.append(book.measures("a", AT).compared)
    book.look(replace(look(tally(6, 4)), epoch=replace(old, number=2, addresses="there")))

    assert [*compared, book.measures("a", AT).compared] == [9, 0, 0, 4]


def test_it_is_known_how_long_a_difference_has_stayed_away() -> None:
    """To the second for who watched, else to the minute: what came before in that minute counts as before."""
    book, late = EvidenceBook(), EvidenceBook()
    fault = replace(cluster("$.id", DifferenceKind.MISSING, Severity.HIGH), last_seen=301.0)
    book.look(look(tally(5, 40), clusters=(fault,)))
    for each in (book, late):
        each.look(look(tally(5, 900), tally(6, 60), clusters=(fault,)))
    found, other = book.measures("a", AT).faults, late.measures("a", AT).faults
    book.look(look(tally(5, 900), tally(6, 80), clusters=(replace(fault, last_seen=361.0),)))

    assert found == (Fault(seen=3, last_seen=301.0, before=40, since=920),)
    assert [(each.before, each.since) for each in other] == [(900, 60)]
    assert [(each.before, each.since) for each in book.measures("a", AT).faults] == [(980, 0)]


def test_reading_everything_again_knows_nothing_less() -> None:
    """Once an hour: until it has been read nothing is known, and then faults and bounds stand where they stood."""
    book = EvidenceBook()
    fault = replace(cluster("$.id", DifferenceKind.MISSING, Severity.HIGH), last_seen=301.0)
    book.look(look(tally(5, 100, Outcome.MISMATCH), clusters=(fault,)))
    whole = look(tally(5, 100, Outcome.MISMATCH), tally(5, 450), clusters=(fault,))
    book.look(whole)
    before = book.measures("a", AT)
    book.forget_minutes()
    between, wanted = book.measures("a", AT), book.wants("a", 1)
    book.look(whole)

    assert (between, wanted) == (Measures(), 0)
    assert book.measures("a", AT) == before
    assert before.lately == ComparedCounts(450, 0)
