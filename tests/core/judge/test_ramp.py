"""What each need of a step comes to.

Long: each need is tested beside the others, on the same good evidence.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.amounts import length, share
from proxy.core.judge.need import CheckState
from proxy.core.judge.policy import NeedName, Needs
from proxy.core.judge.ramp import ComparedCounts, Fault, Measures, checks
from proxy.core.judge.reach import SeenCohorts
from proxy.core.math.confidence import is_proved
from proxy.core.noise.keys import BETWEEN
from proxy.core.noise.noise_groups import Waiting
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.ladder import LIVE, SHADOW, Place
from proxy.core.stage import Stage
from tests.core.judge.cases import FAULT, FIVE, GOOD, NOW, ONE, QUARTER, RAMP, standing

REPEAT = "97.6 % of the last 574 pairs repeat requests that count 3 times a day at most"
REPEATED = PairCounts(574, repeated=560)
MANY_SHED = PairCounts(5_100, (("shed", 100),))


def found(
    measures: Measures, *, place: Place = FIVE, to: Place = QUARTER, since: float = 0.0, needs: Needs | None = None
) -> dict[CheckState, list[str]]:
    ramp = replace(RAMP, needs=needs or Needs())
    sorted_out: dict[CheckState, list[str]] = {}
    for check in checks(ramp, standing(place, since=since), to, measures, NOW):
        sorted_out.setdefault(check.state, []).append(check.sentence)
    return sorted_out


def test_good_evidence_meets_every_need() -> None:
    """Nothing is open where everything is known and good."""
    assert found(GOOD).keys() == {CheckState.MET}


def test_time_under_the_kill_switch_is_no_time_at_a_step() -> None:
    """A second that is missing after ten minutes under it is missing, and the ten minutes are said."""
    killed = replace(GOOD, killed=600.0)
    said = found(killed, since=NOW - RAMP.hold - 599.0)

    assert any(each.endswith(", without 10m under the kill switch") for each in said[CheckState.OPEN])
    assert CheckState.OPEN not in found(killed, since=NOW - RAMP.hold - 600.0)


def test_time_in_which_nobody_judged_is_no_time_at_a_step() -> None:
    """A process that was down has soaked nothing: what lies in the step counts, and only that."""
    since = NOW - RAMP.hold - 60.0
    down = replace(GOOD, unjudged=((since - 500.0, since + 59.0),))
    longer = replace(GOOD, unjudged=((since - 500.0, since + 61.0),), killed=5.0)

    assert CheckState.OPEN not in found(down, since=since)
    said = "without 5s under the kill switch, without 61s in which nobody judged"
    assert any(each.endswith(said) for each in found(longer, since=since)[CheckState.OPEN])


def test_closed_time_is_no_time_at_a_step_and_mends_nothing() -> None:
    """While one side is closed nothing is compared: that time is taken off, and a difference is as old as before."""
    since = NOW - RAMP.hold - 60.0
    shut = replace(GOOD, closed=((since - 500.0, since + 59.0),))
    longer = replace(GOOD, closed=((since, since + 61.0),))
    gone = Fault(seen=5, last_seen=NOW - RAMP.hold - 1.0, before=10, since=5_000)

    assert CheckState.OPEN not in found(shut, since=since)
    said = "without 61s in which one side was closed"
    assert any(each.endswith(said) for each in found(longer, since=since)[CheckState.OPEN])
    assert CheckState.FAILED in found(replace(GOOD, faults=(gone,), closed=((NOW - 20.0, NOW - 10.0),)))


def test_requests_that_lack_for_closed_time_say_so() -> None:
    """What new answered while one side was closed is not counted, and the need names that."""
    since = NOW - 2 * RAMP.hold
    few = replace(GOOD, requests=1, closed=((since, since + 10.0),))

    [said] = [each for each in found(few, since=since)[CheckState.OPEN] if "requests at this step" in each]
    assert said.endswith("requests at this step, without what it answered while one side was closed")


def test_a_difference_is_not_mended_by_time_in_which_nobody_judged() -> None:
    """It stayed away only as long as somebody looked."""
    gone = Fault(seen=5, last_seen=NOW - RAMP.hold - 1.0, before=10, since=5_000)
    measures = replace(GOOD, faults=(gone,))

    assert CheckState.FAILED not in found(measures)
    assert CheckState.FAILED in found(replace(measures, unjudged=((NOW - 20.0, NOW - 10.0),)))


def test_no_data_meets_nothing_and_fails_nothing() -> None:
    """Of a route without any traffic every need is open, but for those that count what is bad."""
    states = found(Measures(), since=NOW)

    assert CheckState.FAILED not in states
    assert CheckState.WORSE not in states
    assert len(states[CheckState.OPEN]) == 10
    assert states[CheckState.MET] == ["0 kinds of difference of high severity that nobody has accepted"]


@pytest.mark.parametrize(
    ("measures", "state", "sentence"),
    [
        (replace(GOOD, compared=999, mismatched=0), CheckState.OPEN, "999 of 1000 comparisons at this step"),
        (
            replace(GOOD, compared=999, mismatched=0, raised=0.5),
            CheckState.OPEN,
            "999 of 1000 comparisons at this step; 50 % are shadowed until then",
        ),
        (replace(GOOD, mismatched=45), CheckState.OPEN, "mismatches are proved to be below 1.48 % only; 1 % is needed"),
        (
            replace(GOOD, mismatched=500),
            CheckState.WORSE,
            "mismatches are proved to be above 7.05 %; at most 1 % may be",
        ),
        (
            replace(GOOD, faults=(FAULT, FAULT)),
            CheckState.FAILED,
            "2 kinds of difference of high severity that nobody has accepted",
        ),
        (
            replace(GOOD, pairs=PairCounts(5_100, (("timed_out", 98), ("shed", 2)))),
            CheckState.FAILED,
            (
                "1.96 % could not be compared; at most 1 % may be (98 too late on one side; 2 shed at a limit; "
                "4,900 more that can be compared end it, or `banyan epoch orders --begin` once its cause is mended)"
            ),
        ),
        (
            replace(GOOD, unseen=0.02),
            CheckState.OPEN,
            "the next request has an unseen shape with at most 2 %; 0.5 % is needed",
        ),
        (replace(GOOD, unseen=None), CheckState.OPEN, "how many shapes are unseen is unknown"),
        (replace(GOOD, uncovered=3), CheckState.OPEN, "3 frequent shapes were not compared enough"),
        (replace(GOOD, uncovered=1), CheckState.OPEN, "1 frequent shape was not compared enough"),
        (replace(GOOD, uncovered=None), CheckState.OPEN, "which shapes of legacy were not compared is unknown"),
        (replace(GOOD, requests=99), CheckState.OPEN, "new answered 99 of 100 requests at this step"),
        (
            replace(GOOD, carried=0.1),
            CheckState.OPEN,
            "new carries 10 % of the requests, shadow included; canary 25% is next",
        ),
        (replace(GOOD, carried=None), CheckState.OPEN, "which share of the requests new carries is unknown"),
        (
            replace(GOOD, carried=0.1, raised=0.26),
            CheckState.OPEN,
            ("new carries 10 % of the requests, shadow included; canary 25% is next; 26 % are shadowed until then"),
        ),
        (
            replace(GOOD, requests=0, asked=500),
            CheckState.OPEN,
            (
                "new answered 0 of 100 requests at this step, and legacy 500: no cohort that asks is drawn below 5 %; "
                "write a greater step or a cohort of more values, or `banyan promote orders`"
            ),
        ),
        (
            replace(GOOD, requests=0, asked=30, cohorts=SeenCohorts(60, 900, 0.071)),
            CheckState.OPEN,
            (
                "new answered 0 of 100 requests at this step, and legacy 30: none of the about 60 cohorts seen is "
                "drawn below 5 %, the lowest is at 7.1 %; write a greater step or a cohort of more values, or "
                "`banyan promote orders`"
            ),
        ),
        (replace(GOOD, newest_at=NOW - 10_800), CheckState.OPEN, "the newest comparison is 3h old"),
        (replace(GOOD, lag=90.0), CheckState.OPEN, "the journal of writes trails by 90s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_need_says_what_is_missing(measures: Measures, state: CheckState, sentence: str) -> None:
    """One thing that is not good enough gives one sentence, and leaves the others met."""
    states = found(measures)
    del states[CheckState.MET]

    assert states == {state: [sentence]}


@pytest.mark.parametrize(
    ("compared", "mismatched", "state"),
    [
        (2, 2, CheckState.OPEN),
        (19, 19, CheckState.OPEN),
        (20, 20, CheckState.WORSE),
        (26, 12, CheckState.OPEN),
        (26, 13, CheckState.WORSE),
    ],
)
def test_few_comparisons_prove_nothing(compared: int, mismatched: int, state: CheckState) -> None:
    """To go back takes twenty comparisons, and mismatches of five different requests; until then the need is open."""
    states = found(replace(GOOD, compared=compared, mismatched=mismatched), needs=Needs(compared=1))
    said = f"{mismatched} of {compared} comparisons mismatch, which proves nothing before 13 of at least 20 do"

    assert (said in states.get(CheckState.OPEN, [])) == (state is CheckState.OPEN)
    assert (CheckState.WORSE in states) == (state is CheckState.WORSE)


@pytest.mark.parametrize(
    ("compared", "unproved", "proved", "state"),
    [
        (100, 25, 0, CheckState.OPEN),
        (100, 24, 0, CheckState.WORSE),
        (100, 80, 12, CheckState.OPEN),
        (100, 80, 13, CheckState.WORSE),
    ],
)
def test_what_looks_generated_is_no_reason_to_go_back(
    compared: int, unproved: int, proved: int, state: CheckState
) -> None:
    """Mismatches that nobody proved do not count for it from a quarter of all on; what is proved beside them does."""
    measures = replace(GOOD, compared=compared, mismatched=unproved + proved, unproved=unproved)
    states = found(measures, needs=Needs(compared=1))
    said = (
        f"{unproved + proved} of 100 comparisons mismatch, {unproved} of them at fields of which nobody knows whether "
        "they are noise"
    )

    assert (states.get(CheckState.OPEN, []) == [said]) == (state is CheckState.OPEN)
    assert (CheckState.WORSE in states) == (state is CheckState.WORSE)


@pytest.mark.parametrize(
    ("waiting", "state", "sentence"),
    [
        (Waiting(answers=10, of=1000, keys=("$.id",)), CheckState.MET, "10 of 1000 answers wait until somebody knows"),
        (
            Waiting(answers=11, of=1000, keys=("$.id",)),
            CheckState.OPEN,
            "11 of 1000 answers wait for 1 field: $.id. If it is noise: `c",
        ),
        (
            Waiting(answers=9, of=9, keys=("$.a", f"$[*]{BETWEEN}one", f"$[*]{BETWEEN}two", "$.c", "$.d")),
            CheckState.OPEN,
            "9 of 9 answers wait for 4 fields: $.a, $[*], $.c, …. If it is noise: `compare: { noisy: [{ path: $.a",
        ),
    ],
)
def test_what_is_undecided_waits_for_a_word(waiting: Waiting, state: CheckState, sentence: str) -> None:
    """More than one in a hundred of the last hour's keeps the step open, and the sentence says what to write."""
    states = found(replace(GOOD, waiting=waiting))

    assert [each for each in states[state] if each.startswith(sentence)]
    assert states.keys() <= {CheckState.MET, state}


def test_where_hardly_anything_can_be_shadowed_it_is_said() -> None:
    """Without a comparison the share of the requests that can never be compared stands beside the need."""
    states = found(replace(GOOD, compared=0, mismatched=0, unfit=0.9))

    why = "90 % of the requests cannot be shadowed (writes, upgrades, conditional ones)"
    assert states[CheckState.OPEN][0] == f"0 of 1000 comparisons at this step; {why}"


def test_without_comparisons_guard_requests_and_time_decide() -> None:
    """`compared: 0` asks for no evidence of comparisons, and for no capacity that shadows would show."""
    needs = Needs(compared=0)
    bare = Measures(requests=100)

    assert found(bare, needs=needs) == {
        CheckState.MET: ["at canary 5% for 12d of 10m", "new answered 100 of 100 requests at this step"]
    }
    assert found(replace(bare, requests=99), needs=needs).keys() == {CheckState.MET, CheckState.OPEN}
    assert found(bare, needs=needs, since=NOW - 10).keys() == {CheckState.MET, CheckState.OPEN}


def test_what_was_found_all_the_same_is_heard() -> None:
    """With `compared: 0`, too, mismatches that are proved to be too many and grave differences hold or turn back."""
    needs = Needs(compared=0)

    assert CheckState.WORSE in found(replace(GOOD, mismatched=500), needs=needs)
    assert CheckState.FAILED in found(replace(GOOD, faults=(FAULT,)), needs=needs)
    assert found(replace(GOOD, mismatched=45), needs=needs).keys() == {CheckState.MET}


def clean(limit: float) -> int:
    """How many clean comparisons prove a limit."""
    return next(count for count in range(1, 1_000) if is_proved(count, 0, limit))


@pytest.mark.parametrize(
    ("to", "needed"), [(Place(Stage.CANARY, 0.05), 24), (QUARTER, 133), (Place(Stage.CANARY, 0.5), 268), (LIVE, 538)]
)
def test_what_new_answers_itself_is_proved_by_the_harm_of_the_next_step(to: Place, needed: int) -> None:
    """At the next split all of new's wrong answers may be 1 % of the route's: one comparison less is not enough."""
    enough, short = (replace(GOOD, answered=ComparedCounts(count, 0)) for count in (needed, needed - 1))

    assert found(enough, to=to, place=ONE).keys() == {CheckState.MET}
    assert len(found(short, to=to, place=ONE)[CheckState.OPEN]) == 1
    assert needed == clean({0.05: 0.2, 0.25: 0.04, 0.5: 0.02, 0.0: 0.01}[to.split])


def test_a_fault_that_only_live_answers_have_keeps_a_route_where_it_is() -> None:
    """A hundred thousand clean shadows say nothing of five live answers, all wrong."""
    late = replace(GOOD, compared=100_000, mismatched=5, answered=ComparedCounts(5, 5))
    sentence = "of 5 comparisons that new answered itself 5 differ: above 32 % is proved; at most 1 % may be"

    assert found(late)[CheckState.FAILED] == [sentence]
    assert CheckState.FAILED not in found(late, place=SHADOW, to=ONE)
    assert CheckState.FAILED not in found(
        replace(late, answered=ComparedCounts(1_000, 5), answered_lately=ComparedCounts(600))
    )


def test_without_comparisons_nothing_is_asked_of_what_new_answers() -> None:
    """A ramp that goes by guard, requests and time alone; nor at a place from which nothing is next."""
    assert not [each for each in found(Measures(), needs=Needs(compared=0))[CheckState.OPEN] if "itself" in each]
    assert not [each for each in found(Measures(), to=FIVE)[CheckState.OPEN] if "itself" in each]


def test_bounds_look_at_what_came_lately() -> None:
    """What was found and mended at the beginning of a step no longer counts; what is found now is not diluted by it."""
    mended = replace(GOOD, mismatched=900, lately=ComparedCounts(2_500, 3))
    late = replace(GOOD, mismatched=50, lately=ComparedCounts(2_500, 50))

    assert found(mended).keys() == {CheckState.MET}
    assert found(GOOD).keys() == found(replace(GOOD, lately=ComparedCounts(5_000, 3))).keys()
    assert CheckState.MET not in {state for state, said in found(late).items() for each in said if "mismatches" in each}


@pytest.mark.parametrize(
    ("fault", "mended"),
    [
        (replace(FAULT, last_seen=NOW - 700, since=1000), True),
        (replace(FAULT, last_seen=NOW - 700, since=999), False),
        (replace(FAULT, last_seen=NOW - 599, since=5000), False),
        (replace(FAULT, seen=1, before=1000, last_seen=NOW - 700, since=4600), False),
        (replace(FAULT, seen=1, before=1000, last_seen=NOW - 700, since=4606), True),
    ],
)
def test_a_difference_that_stays_away_is_mended(fault: Fault, mended: bool) -> None:  # noqa: FBT001 - a column
    """For the step's comparisons and time, and for as many as its former frequency would have shown it in."""
    states = found(replace(GOOD, faults=(fault,)))

    assert (CheckState.FAILED not in states) is mended


def test_time_is_a_need_of_its_own() -> None:
    """A step lasts its hold, shadow its soak; a clock that was set back is no time."""
    assert found(GOOD, since=NOW - 599)[CheckState.OPEN] == ["at canary 5% for 10m of 10m"]
    assert found(GOOD, since=NOW - 700, place=SHADOW, to=ONE)[CheckState.OPEN] == ["at shadow for 12m of 60m"]
    assert found(GOOD, since=NOW + 500)[CheckState.OPEN] == ["at canary 5% for 0s of 10m"]


def test_what_a_step_cannot_have_is_not_asked() -> None:
    """At shadow new answers nobody; the last step asks for no capacity; without a journal there is no lag."""
    bare = replace(GOOD, requests=0, lag=None)

    assert found(bare, place=SHADOW, to=ONE).keys() == {CheckState.MET}
    assert found(replace(GOOD, carried=None), to=LIVE).keys() == {CheckState.MET}
    assert found(replace(GOOD, carried=None), needs=Needs(capacity=False)).keys() == {CheckState.MET}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "120m"), (7200, "2h"), (172_800, "2d")]
)
def test_lengths_are_short(seconds: float, text: str) -> None:
    """The greatest unit that leaves something to read."""
    assert length(seconds) == text


def test_shares_have_three_digits() -> None:
    """Enough to compare with a limit."""
    assert [share(each) for each in (0.005, 0.123456, 1.0)] == ["0.5 %", "12.3 %", "100 %"]


@pytest.mark.parametrize(
    ("measures", "clause"),
    [
        (replace(GOOD, compared=999, mismatched=0), "compared 999, needs 1000"),
        (replace(GOOD, newest_at=None), "newest none yet, needs at most 10m old"),
        (replace(GOOD, newest_at=NOW - 10_800), "newest 3h old, needs at most 10m old"),
        (replace(GOOD, mismatched=45), "mismatch rate below 1.48 %, needs below 1 %"),
        (replace(GOOD, mismatched=500), "mismatch rate above 7.05 %, needs below 1 %"),
        (
            replace(GOOD, waiting=Waiting(answers=11, of=1000, keys=("$.id",))),
            "undecided 11 of 1000, needs at most 1 %",
        ),
        (replace(GOOD, faults=(FAULT,)), "high severity 1 kind, needs none"),
        (replace(GOOD, faults=(FAULT, FAULT)), "high severity 2 kinds, needs none"),
        (replace(GOOD, pairs=MANY_SHED), "incomparable 1.96 % of the last 5,100 pairs, needs at most 1 %"),
        (replace(GOOD, unseen=0.02), "coverage 2 % unseen, needs at most 0.5 % unseen"),
        (replace(GOOD, unseen=None), "coverage unknown, needs at most 0.5 % unseen"),
        (replace(GOOD, uncovered=3), "uncovered 3 shapes, needs none"),
        (replace(GOOD, uncovered=1), "uncovered 1 shape, needs none"),
        (replace(GOOD, requests=99), "requests 99, needs 100"),
        (replace(GOOD, carried=0.1), "capacity 10 %, needs 25 %"),
        (replace(GOOD, lag=90.0), "lag 90s, needs at most 0s"),
        (replace(GOOD, answered=ComparedCounts(100, 0)), "answered by new 0 of 100 differ, needs below 4 % proved"),
        (replace(GOOD, answered=ComparedCounts(5, 5)), "answered by new 5 of 5 differ, needs at most 1 %"),
    ],
)
def test_each_need_has_its_value_beside_its_limit(measures: Measures, clause: str) -> None:
    """What is not met says in a clause what was found and what is needed."""
    unmet = [each for each in checks(RAMP, standing(FIVE), QUARTER, measures, NOW) if each.state is not CheckState.MET]

    assert [each.clause for each in unmet] == [clause]


@pytest.mark.parametrize(
    ("measures", "sentence"),
    [
        (
            replace(GOOD, compared=334, mismatched=0, pairs=REPEATED),
            (
                f"334 of 1000 comparisons at this step; {REPEAT}: about 334 comparisons a day come; "
                "`needs: { compared: 334, mismatch_rate: 1.7% }` or `banyan promote orders`"
            ),
        ),
        (
            replace(GOOD, compared=1000, mismatched=4, pairs=REPEATED),
            (
                f"mismatches are proved to be below 1.46 % only; 1 % is needed; {REPEAT}: about 1,000 comparisons a "
                "day come; `needs: { mismatch_rate: 1.5% }` or `banyan promote orders`"
            ),
        ),
        (
            replace(GOOD, answered=ComparedCounts(12), answered_pairs=PairCounts(40, repeated=40)),
            (
                "of 12 comparisons that new answered itself 0 differ: below 4 % has to be proved before canary 25%; of "
                "what the cohorts at canary 5% ask, nearly all repeats: about 12 comparisons a day come; "
                "`needs: { compared: 0 }` or `banyan promote orders`"
            ),
        ),
    ],
    ids=["compared", "mismatch rate", "answered by new"],
)
def test_a_need_that_what_asks_cannot_meet_says_what_helps(measures: Measures, sentence: str) -> None:
    """Where requests repeat: how much comes a day, and what to write or to order."""
    open_ = found(measures, since=NOW - 40_000)[CheckState.OPEN]

    assert sentence in open_


def test_a_hint_is_part_of_its_sentence() -> None:
    """Why a need is not met, or what helps, stands in the sentence and by itself."""
    measures = replace(GOOD, compared=0, mismatched=0, unfit=0.9, raised=0.5, killed=60.0)
    found_here = checks(RAMP, standing(FIVE), QUARTER, measures, NOW)
    hints = {each.need: each.hint for each in found_here if each.hint}

    assert hints[NeedName.COMPARED].endswith("conditional ones); 50 % are shadowed until then")
    assert hints[NeedName.TIME] == "without 60s under the kill switch"
    assert all(each.hint in each.sentence for each in found_here)
