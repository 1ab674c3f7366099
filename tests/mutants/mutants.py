"""Changes of single lines of the product that the suite must notice, each with the tests that do.

Rule 1: `before` stands once in its file, so that a line that moves or is rewritten is noticed by `test_mutants.py`.
Rule 2: a mutant is dead when its tests, which pass without it, fail with it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """In the file `path` the text `before` becomes `after`; `tests` are arguments for pytest."""

    name: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        name="promotes without a lead",
        path="proxy/control/judge/enforcing.py",
        before="for group in groups if self.leading.lead is not None else ():",
        after="for group in groups:",
        tests=("tests/control/position/test_store_comes_and_goes.py",),
    ),
    Mutant(
        name="carries out edits while replicas read different files",
        path="proxy/control/judge/judging.py",
        before="if self.leading.lead is not None and not is_skewed(self.presences):",
        after="if self.leading.lead is not None:",
        tests=("tests/control/position/test_store_comes_and_goes.py",),
    ),
    Mutant(
        name="who fell silent with another file is forgotten at once",
        path="proxy/control/judge/judging.py",
        before="if is_skewed(known):",
        after="if is_skewed(self.presences):",
        tests=("tests/store/test_files_apart.py",),
    ),
    Mutant(
        name="a file that was never edited ends a latch",
        path="proxy/control/position/reconciling.py",
        before="return position is None or not position.latched or route.origin in self._unread",
        after="return True",
        tests=("tests/store/test_files_apart.py",),
    ),
    Mutant(
        name="a person's earlier move outranks a later one made here",
        path="proxy/control/position/mover.py",
        before="if _is_a_persons(known) and known.since > at:",
        after="if _is_a_persons(known):",
        tests=("tests/control/position/test_store_comes_and_goes.py",),
    ),
    Mutant(
        name="a person's later move counts only while nobody moved the route after it",
        path="proxy/control/position/mover.py",
        before="return not any(each.at > at and _is_an_order(each) for each in later)",
        after="return True",
        tests=("tests/control/position/test_written_late.py",),
    ),
    Mutant(
        name="what a move without the store has ended comes back with the store",
        path="proxy/control/position/mover.py",
        before="if known is None or known.version == pending.base:\n        return here",
        after="if known is None:\n        return here",
        tests=("tests/control/position/test_written_late.py",),
    ),
    Mutant(
        name="a move for all passes over the one made here",
        path="proxy/control/position/mover.py",
        before="if any(move.before.route in self._here.pending for move in moves):",
        after="if False:",
        tests=("tests/control/position/test_store_comes_and_goes.py",),
    ),
    Mutant(
        name="a short number under a secret's name is kept",
        path="proxy/core/parity/redact.py",
        before="if not secret and (len(data) < _SHORTEST_CARD or self._by_look(data) == data):",
        after="if len(data) < _SHORTEST_CARD or self._by_look(data) == data:",
        tests=("tests/core/parity/test_redact.py",),
    ),
    Mutant(
        name="a secret cut in two at the margin is kept",
        path="proxy/core/parity/redact.py",
        before="return whole[: max(0, len(whole) - _MARGIN)][:MOST_BODY]",
        after="return whole[:MOST_BODY]",
        tests=("tests/core/parity/test_redact.py",),
    ),
    Mutant(
        name="one alternative alone raises the guard's alarm",
        path="proxy/core/judge/guard.py",
        before=" and log_mean(logs) >= log_a",
        after="",
        tests=("tests/core/judge/test_guard.py",),
    ),
    Mutant(
        name="falls back twice",
        path="proxy/edge/exchange/retry.py",
        before="rule is None or exchange.fell_back or trigger not in rule.after",
        after="rule is None or trigger not in rule.after",
        tests=("tests/edge/exchange/test_retry.py",),
    ),
    Mutant(
        name="asks the same side again and again",
        path="proxy/edge/exchange/retry.py",
        before="if failure.replayable and exchange.attempts == 1 and _may(exchange, elsewhere=False):",
        after="if failure.replayable and _may(exchange, elsewhere=False):",
        tests=("tests/edge/exchange/test_retry.py",),
    ),
    Mutant(
        name="asks new again while the kill switch forbids it",
        path="proxy/edge/exchange/retry.py",
        before="if not exchange.live.switch.forbids(same.side):",
        after="if True:",
        tests=("tests/edge/exchange/test_retry.py",),
    ),
    Mutant(
        name="lends a connection that is closing",
        path="proxy/edge/upstream/pool.py",
        before="if connection.mode is _IDLE and not connection.transport.is_closing():",
        after="if connection.mode is _IDLE:",
        tests=("tests/edge/upstream/test_pool.py",),
    ),
    Mutant(
        name="opens more connections than requests wait",
        path="proxy/edge/upstream/pool.py",
        before="wanted.open < self.upstream.connections and self._connecting < len(self.waiting):",
        after="wanted.open < self.upstream.connections:",
        tests=("tests/edge/upstream/test_pool.py",),
    ),
    Mutant(
        name="dual write: sends before the intent is committed",
        path="proxy/edge/steps/journal_step.py",
        before="        return WriteBeginning(self, request, key, body).ask()",
        after="        intent = self.intent(request, key, body)\n        self.clerk.ask(intent, _heard)\n"
        "        self.begun(request, intent)\n        return None",
        tests=("tests/e2e/writes/test_crashes.py",),
    ),
    Mutant(
        name="dual write: keeps no order of a key",
        path="proxy/store/sql/journal/take.sql",
        before="earlier.turn < one.turn",
        after="false",
        tests=("tests/e2e/writes/test_crashes.py",),
    ),
    Mutant(
        name="dual write: asks nobody whether it agrees",
        path="proxy/clerk/journal/second_legs.py",
        before="places = self.sides.agreed(other)",
        after="places = self.sides.places(other)",
        tests=("tests/e2e/writes/test_crashes.py",),
    ),
)
"""Lines that could once be changed without a test failing."""
