from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from holds.asking import Answer, Ask
from holds.state.differing import EVERY, PATHS, belongs, body_of, differs
from holds.state.reckoning import Books, Readings, Stretch, conclude, counted, read

PAGE = """\
# HELP banyan_shadow_total Requests.
banyan_shadow_total{route="watched",outcome="sent"} 30
banyan_shadow_total{route="watched",outcome="shed"} 2
banyan_shadow_total{route="flood",outcome="sent"} 8
banyan_parity_total{route="watched",outcome="match"} 27
banyan_parity_total{route="watched",outcome="mismatch"} 3
banyan_evidence_lost_total 7.0
banyan_evidence_waiting_records 0.0
banyan_workers{state="ready"} 2
"""
WELL = Books(
    read=Readings(
        shadows={("watched", "sent"): 40, ("flood", "sent"): 8},
        parity={("watched", "match"): 38, ("watched", "mismatch"): 2, ("flood", "mismatch"): 8},
        lost=0,
        waiting=0,
    ),
    stored={"watched": 40, "flood": 8},
    no_room=1,
    ended_by_itself=0,
)


def answer(route: str, number: int, trouble: str = "") -> Answer:
    return Answer(number=number, ask=Ask("GET", route), began=number, ended=number + 0.5, status=200, trouble=trouble)


ANSWERS = [answer("watched", number) for number in range(40)] + [answer("flood", number) for number in range(8)]


def broken(books: Books) -> list[str]:
    return [check.sentence for check in counted(ANSWERS, books) if not check.holds]


def with_read(**changed: Mapping[tuple[str, str], int] | int) -> Books:
    return replace(WELL, read=replace(WELL.read, **changed))  # type: ignore[arg-type]


def test_metrics_are_read_by_route_and_outcome() -> None:
    """Series of the two counters by their labels, those without labels as they are, others not at all."""
    said = read(PAGE)

    assert said.shadowed() == 40
    assert said.shadowed("sent", "failed") == 38
    assert said.compared("watched") == 30
    assert (said.lost, said.waiting) == (7, 0)


def test_books_that_agree_break_nothing() -> None:
    """Requests, shadows, comparisons and the database say the same."""
    assert broken(WELL) == []


@pytest.mark.parametrize(
    ("books", "sentence"),
    [
        (with_read(shadows={("watched", "sent"): 48, ("flood", "skipped"): 1}), "every request is counted"),
        (with_read(shadows={("watched", "sent"): 47}), "every request is counted"),
        (with_read(parity={**WELL.read.parity, ("flood", "mismatch"): 7}), "every pair that was handed over"),
        (with_read(parity={**WELL.read.parity, ("flood", "mismatch"): 9}), "every pair that was handed over"),
        (
            with_read(parity={**WELL.read.parity, ("watched", "mismatch"): 1, ("watched", "match"): 39}),
            "the differences found",
        ),
        (replace(WELL, stored={"watched": 39, "flood": 8}), "what is not in the database"),
        (replace(WELL, stored={"watched": 41, "flood": 7}), "what is not in the database"),
    ],
)
def test_each_link_of_the_chain_can_break(books: Books, sentence: str) -> None:
    """A request, a pair, a difference or a comparison too many or too few is seen."""
    assert any(said.startswith(sentence) for said in broken(books))


@pytest.mark.parametrize(("lost", "holds"), [(0, False), (2 * PATHS - 1, False), (2 * PATHS, True)])
def test_what_is_missing_must_be_admitted_in_full(lost: int, *, holds: bool) -> None:
    """Each missing comparison of the flood is so many records of its own."""
    books = replace(with_read(lost=lost), stored={"watched": 40, "flood": 6})

    assert (broken(books) == []) is holds


def test_a_stretch_after_which_nothing_flows_does_not_hold() -> None:
    """Evidence has to come again by itself, and all of it; calm stretches are there to compare with."""
    stretch = Stretch(name="frozen", began=0, ended=20, waiting=9, flows=0.5, caught_up=1.5, lost=0)
    calm = replace(stretch, name="calm", flows=None)

    assert conclude([calm, stretch], ANSWERS, WELL, []).holds
    assert not conclude([replace(stretch, flows=None)], ANSWERS, WELL, []).holds
    assert not conclude([replace(stretch, caught_up=None)], ANSWERS, WELL, []).holds


def test_a_failed_request_a_dead_process_and_a_disk_with_room_do_not_hold() -> None:
    """Any one of them is enough."""
    assert conclude([], ANSWERS, WELL, []).holds
    assert not conclude([], [*ANSWERS, answer("watched", 41, "cut")], WELL, []).holds
    assert not conclude([], ANSWERS, WELL, ["worker-0 (7)"]).holds
    assert not conclude([], ANSWERS, replace(WELL, no_room=0), []).holds


@pytest.mark.parametrize("route", ["watched", "split", "flood"])
def test_new_answers_otherwise_exactly_where_it_is_said_to(route: str) -> None:
    """Both sides' bodies differ for the numbers that `differs` names, and each belongs to its number alone."""
    for number in range(2 * EVERY):
        legacy, new = (body_of(name, route, number) for name in ("legacy", "new"))

        assert (legacy != new) is differs(route, number)
        assert belongs(new, number, Ask("GET", route), 0)
        assert not belongs(new, number + 1, Ask("GET", route), 0)
    assert not belongs(b"legacy 1 0 ...", 1, Ask("GET", route), 0)
