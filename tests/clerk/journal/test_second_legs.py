"""The other side gets each write once, marked, in the order of its key, and only if it has agreed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from proxy.clerk.journal import second_legs
from proxy.core.journal.intent import Ended, FirstOutcome, IntentState, StoredAnswer
from proxy.core.journal.second_request import ids_in
from proxy.core.journal.writes import SentOn, writes_of
from proxy.core.judge.policy import Freeze
from proxy.core.outcome import Side
from proxy.core.stage import Stage
from proxy.core.steps.closed_hours import ClosedHours
from proxy.tasks import Tasks
from tests.clerk.journal.conftest import WRITES, Bench, put, repeatable
from tests.control.tables import route
from tests.waiting import until


async def test_the_other_side_gets_what_the_first_has_done(bench: Bench) -> None:
    """As it was sent, marked as done before, with a key of its own; the first side is not asked again."""
    intent = put("7", b'{"x": 1}')
    await bench.write(intent)
    await bench.deliver()
    (heard,) = bench.new.heard

    assert (heard.method, heard.path, heard.body, heard.replay) == ("PUT", "/accounts/7", b'{"x": 1}', True)
    assert heard.key == f'"{intent.id}"'
    assert (heard.fields["X-Tenant"], heard.fields["Content-Length"]) == ("1", "8")
    assert "Accept" not in heard.fields
    assert bench.legacy.heard == []


async def test_writes_of_a_key_arrive_in_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits until the other side has taken the first, though that fails a few times."""
    monkeypatch.setattr("proxy.core.journal.second_answer.FIRST_WAIT", 0.01)
    bench.new.statuses = [503, 500, 429]
    for number in range(3):
        await bench.write(put("7", b"%d" % number))
    await bench.deliver()

    assert [heard.body for heard in bench.new.heard] == [b"0", b"0", b"0", b"0", b"1", b"2"]
    assert bench.new.rows == {"/accounts/7": b"2"}


async def test_a_key_that_waits_keeps_no_other_back(bench: Bench) -> None:
    """The write behind a dead letter stays; that of another key arrives."""
    bench.new.statuses = [422]
    await bench.write(put("7", b"bad"))
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: len(bench.new.heard) == 1)
    await bench.write(put("7", b"behind"))
    await bench.write(put("8", b"other"))
    await until(lambda: _rows(bench, 2))
    running.cancel()
    dead, behind = await bench.journal.entries(None, None, 10)

    assert (dead.state, dead.said) == (IntentState.DEAD, "answered 422: {}")
    assert (behind.state, behind.attempts) == (IntentState.OWED, 0)
    assert list(bench.new.rows) == ["/accounts/8"]


async def test_what_a_side_said_of_somebody_is_in_no_log(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dead letter it has id, key and status, also once that is given up; the journal has the words."""
    monkeypatch.setattr("proxy.core.journal.second_answer.GIVES_UP", 0.0)
    bench.new.body, bench.new.statuses = b'{"email": "ada@example.com"}', [422, 503]
    for key in ("7", "8"):
        await bench.write(put(key, b"bad"))
    with capture_logs() as lines:
        running = bench.tasks.start(bench.legs.run(), name="second legs")
        await until(lambda: sum(line["event"] == "write_dead" for line in lines) == 2)
        running.cancel()
    dead = [entry.said for entry in await bench.journal.entries(None, None, 10)]

    assert {line["said"] for line in lines if line["event"] == "write_dead"} == {
        "answered 422",
        "given up after a day; at last: answered 503",
    }
    assert all(said.endswith('{"email": "ada@example.com"}') for said in dead)


async def _rows(bench: Bench, count: int) -> bool:
    return len(await bench.journal.entries(None, None, 10)) == count


async def test_who_has_not_agreed_is_sent_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is owed waits; once the side agrees, it gets it."""
    monkeypatch.setattr(second_legs, "UNAGREED", 0.01)
    bench.new.agrees = False
    await bench.agree()
    await bench.write(put("7"))
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: _attempts(bench, 3))

    assert bench.new.heard == []
    bench.new.agrees = True
    await bench.agree()
    await until(lambda: "/accounts/7" in bench.new.rows)
    running.cancel()


async def _attempts(bench: Bench, least: int) -> bool:
    (entry,) = await bench.journal.entries(None, None, 10)
    return entry.attempts >= least and "has not agreed" in entry.said


async def test_what_each_side_has_made_is_called_by_its_own_name(bench: Bench) -> None:
    """A create brings both ids; later writes go to the other side's."""
    create, answer = put("", method=b"POST"), StoredAnswer(status=201, content_type=b"", body=b'{"id": 42}')
    bench.new.body = b'{"id": "n-1"}'
    await bench.write(create, answer, key="42")
    await bench.write(put("42", b"later"))
    await bench.deliver()

    assert [heard.path for heard in bench.new.heard] == ["/accounts/", "/accounts/n-1"]


async def test_what_names_a_thing_waits_until_the_other_side_has_made_it(bench: Bench) -> None:
    """The other side is down while the thing is made: what refers to it goes after it, by the other side's name; what
    refers to another does not wait, and a thing that people drop is waited for no longer.
    """
    bench.new.statuses, bench.new.body = [422], b'{"id": "n-1"}'
    await bench.write(put("", b"parent", b"POST"), made("42"), key="42")
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: len(bench.new.heard) == 1)
    await bench.write(put("8", b'{"parent_id": 42}'))
    await bench.write(put("9", b'{"parent_id": 41}'))
    await until(lambda: _rows(bench, 2))
    dead, child = await bench.journal.entries(None, None, 10)
    assert (dead.state, dead.made, child.intent.needs, child.attempts) == (IntentState.DEAD, ("42",), ("8", "42"), 0)
    assert await bench.journal.retry(dead.intent.id)
    await until(lambda: _rows(bench, 0))
    assert [heard.body for heard in bench.new.heard][1:] == [b'{"parent_id": 41}', b"parent", b'{"parent_id": "n-1"}']

    bench.new.statuses = [422]
    await bench.write(put("", b"dropped", b"POST"), made("43"), key="43")
    await until(lambda: _dead(bench))
    await bench.write(put("8", b'{"parent_id": 43}'))
    (dropped, _) = await bench.journal.entries(None, None, 10)
    assert await bench.journal.drop(dropped.intent.id)
    await until(lambda: _rows(bench, 0))
    running.cancel()
    assert bench.new.heard[-1].body == b'{"parent_id": 43}'


async def test_what_was_there_before_is_not_waited_for(bench: Bench) -> None:
    """A write whose answer repeats the name by which it was asked for has made nothing."""
    bench.new.statuses = [422]
    await bench.write(put("42"), made("42"))
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: _dead(bench))
    await bench.write(put("8", b'{"parent_id": 42}'))
    await until(lambda: "/accounts/8" in bench.new.rows)
    running.cancel()


async def test_people_say_what_an_unknown_create_has_made(bench: Bench) -> None:
    """Retried without it, the write to the thing is refused; once it was said, that goes by the other side's name."""
    bench.new.statuses, bench.new.body = [422], b'{"id": "n-1"}'
    lost = put("", b"lost", b"POST")
    assert await bench.intents.begin(lost, 5.0) == ""
    await bench.intents.end(Ended(id=lost.id, outcome=FirstOutcome.UNKNOWN))
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    assert await bench.journal.retry(lost.id)
    await until(lambda: _dead(bench))
    assert await bench.journal.retry(lost.id, "42")
    await bench.write(put("42", b"later"))
    await until(lambda: _rows(bench, 0))
    running.cancel()

    assert [heard.path for heard in bench.new.heard] == ["/accounts/", "/accounts/", "/accounts/n-1"]


def made(name: str) -> StoredAnswer:
    return StoredAnswer(status=201, content_type=b"application/json", body=b'{"id": %b}' % name.encode())


async def _dead(bench: Bench) -> bool:
    return bool(await bench.journal.entries(None, IntentState.DEAD, 10))


async def test_a_result_is_put(bench: Bench) -> None:
    """The other side gets the first one's answer, not what it was made of."""
    answer = StoredAnswer(status=200, content_type=b"application/json", body=b'{"balance": 8}')
    await bench.write(put("7", b'{"add": 1}', b"PATCH", SentOn.RESULT), answer)
    await bench.deliver()
    (heard,) = bench.new.heard

    assert (heard.method, heard.body) == ("PUT", b'{"balance": 8}')


async def test_a_write_that_was_sent_when_its_clerk_died_is_sent_again_and_done_once(bench: Bench) -> None:
    """The next clerk takes it when the hold is over; the side knows it by its key."""
    bench.new.go_on.clear()
    await bench.write(put("7"))
    died = Tasks()
    (entry,) = await bench.journal.take(10, 0.0)
    leg = died.start(bench.legs.deliver(entry, taken_at=float("inf")), name="leg")
    await bench.new.arrived.wait()
    leg.cancel()
    bench.new.go_on.set()
    await bench.deliver()

    assert len(bench.new.heard) == 2
    assert bench.new.applied == [bench.new.heard[0].key]
    await died.end()


async def test_who_stood_still_sends_nothing(bench: Bench) -> None:
    """Another may have taken what it holds, and sent what comes after it."""
    await bench.write(put("7"))
    (entry,) = await bench.journal.take(10, 60.0)
    await bench.legs.deliver(entry, taken_at=float("-inf"))

    assert bench.new.heard == []


async def test_a_route_that_is_gone_keeps_its_writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait until a route has its name again."""
    monkeypatch.setattr(second_legs, "UNAGREED", 0.0)
    await bench.write(put("7"))
    kept = bench.routes.pop("accounts")
    (entry,) = await bench.journal.take(10, 60.0)
    await bench.legs.deliver(entry, taken_at=float("inf"))
    (waits,) = await bench.journal.entries(None, None, 10)
    assert (waits.state, waits.said) == (IntentState.OWED, "no route writes under this name any more")
    bench.routes["accounts"] = kept
    await bench.deliver()

    assert list(bench.new.rows) == ["/accounts/7"]


@pytest.mark.parametrize("segment", ["%00", "%FF", "n" * 600])
async def test_an_identifier_that_no_database_keeps_is_mapped_to_nothing(bench: Bench, segment: str) -> None:
    """The write arrives as it came, and holds nothing up."""
    await bench.write(put("", method=b"POST"), StoredAnswer(status=201, content_type=b"", body=b'{"id": 1}'))
    bench.new.body = json.dumps({"id": "n" * 600}).encode()
    await bench.write(put(segment))
    await bench.deliver()

    assert {heard.path for heard in bench.new.heard} == {"/accounts/", f"/accounts/{segment.replace('%00', chr(0))}"}
    assert await bench.journal.names("accounts", Side.LEGACY, ["1"]) == {}


async def test_two_kinds_that_are_numbered_alike_are_two_things(bench: Bench) -> None:
    """Account 1 and order 1 of one group reach the other side under the names that it gave each of them."""
    kinds = ("account", "order")
    for kind in kinds:
        writes = replace(WRITES, ids=(replace(WRITES.ids[0], kind=kind),))
        bench.routes[kind] = route(kind, Stage.SHADOW, steps=(writes,))
    answer = StoredAnswer(status=201, content_type=b"application/json", body=b'{"id": 1}')
    for kind, theirs in zip(kinds, (b'{"id": 70}', b'{"id": 80}'), strict=True):
        bench.new.body = theirs
        made = replace(put("", method=b"POST"), key=f"new {kind}", route=kind)
        assert await bench.intents.begin(made, 5.0) == ""
        ended = Ended(id=made.id, outcome=FirstOutcome.DONE, answer=answer, key="1", made=(f"{kind}\x1f1",))
        await bench.intents.end(ended)
        await bench.deliver()
    for kind in kinds:
        found, change = writes_of(bench.routes[kind]), put("1")
        assert found is not None
        await bench.write(replace(change, route=kind, needs=ids_in(found, change.request)))
        await bench.deliver()

    assert [each.path for each in bench.new.heard[2:]] == ["/accounts/70", "/accounts/80"]


async def test_a_name_that_a_side_gives_twice_is_left_to_people(bench: Bench) -> None:
    """Both sides have made the second thing; a write to it goes on once people have said that it has the name now."""
    bench.new.body = b'{"id": "n-1"}'
    await bench.write(put("", method=b"POST"), made("42"), key="42")
    await bench.deliver()
    bench.new.body = b'{"id": "n-2"}'
    await bench.write(put("", method=b"POST"), made("42"), key="42")
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: _dead(bench))
    await bench.write(put("42", b"later"))
    (dead,) = await bench.journal.entries(None, IntentState.DEAD, 10)
    assert "legacy's 42 was new's n-1 so far" in dead.said
    assert await bench.journal.retry(dead.intent.id)
    await until(lambda: _rows(bench, 0))
    running.cancel()

    assert [each.path for each in bench.new.heard] == ["/accounts/", "/accounts/", "/accounts/", "/accounts/n-2"]


async def test_the_name_of_what_both_sides_have_deleted_may_be_given_again(bench: Bench) -> None:
    """Nobody need be asked which of the two things is meant."""
    for theirs in (b"n-1", b"n-2"):
        bench.new.body = b'{"id": "%b"}' % theirs
        await bench.write(put("", method=b"POST"), made("42"), key="42")
        await bench.write(put("42", theirs))
        await bench.write(put("42", b"", b"DELETE"))
        await bench.deliver()

    named = [each.path for each in bench.new.heard if each.path != "/accounts/"]
    assert named == ["/accounts/n-1", "/accounts/n-1", "/accounts/n-2", "/accounts/n-2"]


CLOSED = Freeze(name="batch", start=0.0, end=4e9, closes=True)


def closed(bench: Bench, *, legacy: bool = False, new: bool = False) -> None:
    """Which sides of the route have closed hours now."""
    hours = ClosedHours(legacy=(CLOSED,) * legacy, new=(CLOSED,) * new)
    bench.routes["accounts"] = route("accounts", Stage.SHADOW, steps=(WRITES, hours))


async def test_what_a_closed_side_is_owed_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However old it is, it is no dead letter; the side is asked nothing, and gets all in order once it is open."""
    monkeypatch.setattr("proxy.core.journal.second_answer.GIVES_UP", 0.0)
    monkeypatch.setattr(second_legs, "LONGEST_WAIT", 0.01)
    closed(bench, new=True)
    for number in range(2):
        await bench.write(put("7", b"%d" % number))
    running = bench.tasks.start(bench.legs.run(), name="second legs")
    await until(lambda: _says(bench, "new is closed (batch)", 2))
    assert bench.new.heard == []
    closed(bench)
    await until(lambda: _rows(bench, 0))
    running.cancel()

    assert [heard.body for heard in bench.new.heard] == [b"0", b"1"]


async def test_where_the_side_that_answered_is_closed_the_other_gets_its_writes(bench: Bench) -> None:
    """What was done there is done."""
    closed(bench, legacy=True)
    await bench.write(put("7"))
    await bench.deliver()

    assert len(bench.new.heard) == 1


async def _says(bench: Bench, said: str, attempts: int) -> bool:
    first = (await bench.journal.entries(None, None, 10))[0]
    return first.said == said and first.attempts >= attempts and first.state is IntentState.OWED


async def test_a_closed_side_is_not_asked_what_became_of_a_write(bench: Bench) -> None:
    """Nor does that count as an attempt: when it is open it is asked, and says what it was."""
    intent = repeatable(put("7", b"x"))
    closed(bench, legacy=True)
    await bench.journal.begin([intent], 0.0)
    for _ in range(9):
        await bench.abandoned.look()
        await bench.journal.renew([intent.id], 0.0)
    (entry,) = await bench.journal.entries(None, None, 10)
    assert (entry.state, entry.attempts, bench.legacy.heard) == (IntentState.PENDING, 1, [])
    closed(bench)
    await bench.abandoned.look()
    await bench.deliver()

    assert [len(side.heard) for side in (bench.legacy, bench.new)] == [1, 1]
