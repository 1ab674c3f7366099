from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, cast

from proxy.core.grants.token_request import MAX_FORM
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.edge.account.request_sample import FORGOTTEN, LONGEST, MOST, MOST_BAD, RequestSample
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST, Proxy, upstream
from tests.edge.raw_client import get, post
from tests.edge.scripted import always, sized, then_close


def taken(proxy: Proxy) -> tuple[list[RememberedRequest], list[RememberedRequest], int]:
    """What the worker would report, a clock of zero added."""
    proxy.listener.finished.fold()
    made = proxy.listener.finished.recent.take(0.0)
    for _ in made.make(1):
        pass
    return made.sample, made.bad, made.total


async def test_a_request_is_remembered_without_its_values(play: Play, serve: Serve) -> None:
    """Route, side, decision, cohort and time are kept; of header and query values nothing can be read."""
    legacy = await play(always(sized(b"x")))
    canary = {**REST, "name": "orders", "stage": "canary", "split": "0%", "cohort": "header:X-Tenant-Id"}
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(legacy)}, routes=[canary])
    answer = await proxy.ask(get(b"/orders/7?mail=ann", b"X-Tenant-Id: tenant-42"))
    (line,) = await proxy.lines(1)
    ((seen,), bad, total) = taken(proxy)

    assert (bad, total) == ([], 1)
    assert (seen.route, seen.stage, seen.split, seen.serve, seen.side) == ("orders", "canary", 0.0, "legacy", "legacy")
    assert (seen.reason, seen.draw, seen.status, seen.upstream) == ("above_split", line["draw"], 200, "legacy")
    assert (seen.source, seen.sources, seen.drawn_for) == ("header:x-tenant-id",) * 2 + ("orders",)
    assert seen.id == (answer.value(b"X-Request-Id") or b"").decode()
    assert (seen.path, seen.host, seen.ms) == ("/orders/7", "a", line["ms"])
    assert "tenant-42" not in repr(seen.fields)
    assert "ann" not in seen.query


async def test_a_request_without_a_cohort_says_so(play: Play, serve: Serve) -> None:
    """Where none of the listed sources is present the client's address stands in, and no source is named."""
    proxy = await serve(await play(always(sized(b"x"))), route={"cohort": "header:X-Tenant-Id"})
    await proxy.ask(get())

    assert [seen.source for seen in taken(proxy)[0]] == [""]


async def test_what_banyan_answers_itself_is_remembered(play: Play, serve: Serve) -> None:
    """A 404 has no route, an answer of the file's own has one; what could not be read is not kept."""
    closed = {"name": "closed", "match": "/closed", "respond": {"status": 403}}
    proxy = await serve(upstreams={"legacy": upstream(await play(always(sized(b"x"))))}, routes=[closed])
    await proxy.ask(get(b"/closed"))
    await proxy.ask(get(b"/nowhere"))
    await proxy.ask(b"GET  / HTTP/1.1\r\n\r\n")
    sample, _, total = taken(proxy)

    assert [(seen.route, seen.status, seen.side, seen.reason) for seen in sample] == [
        ("closed", 403, "self", "respond"),
        ("", 404, "self", "refused"),
    ]
    assert total == 2


async def test_a_long_target_is_counted_and_not_kept(play: Play, serve: Serve) -> None:
    """A target of many bytes would cost memory, whoever answers it."""
    proxy = await serve(await play(always(sized(b"x"))), route={"match": "/a/**"})
    await proxy.ask(get(b"/a/" + b"x" * LONGEST))
    await proxy.ask(get(b"/b/" + b"x" * LONGEST))

    assert taken(proxy) == ([], [], 2)


async def test_what_went_wrong_is_in_the_sample_once(play: Play, serve: Serve) -> None:
    """A failure is kept for those who ask, and not twice."""
    proxy = await serve(await play(then_close(b"")))
    await proxy.ask(post(b"x"))
    sample, bad, total = taken(proxy)

    assert ([seen.status for seen in sample], bad, total) == ([502], [], 1)
    assert sample[0].failure.endswith(":upstream")


class Ended:
    """Stands in for an exchange while nobody reads it."""

    def __init__(self, number: int) -> None:
        self.number = number


def sampled(batches: list[int]) -> list[int]:
    """The numbers of the exchanges that are kept out of batches of these lengths."""
    recent, number = RequestSample(), 0
    for length in batches:
        recent.look(cast("Any", [Ended(number + at) for at in range(length)]))
        number += length
    return [cast("Any", finished).number for finished in recent._kept]


async def test_a_token_request_is_never_remembered(serve: Serve, tmp_path: Path) -> None:
    """Answered, refused or too long: its line has method, path and status, and a sample has nothing."""
    key = tmp_path / "key"
    key.write_text("11" * 32)
    provider = {
        "upstream": "provider",
        "systems": {"legacy": {"from": ["127.0.0.1/32"], "adopt": True}},
        "keys": {"hash": f"file:{key}", "data": [f"file:{key}"]},
    }
    proxy = await serve(
        upstreams={"provider": upstream(1)},
        routes=[{"name": "token", "match": "POST /token", "grants": "aggregator"}, {**REST, "stage": "retired"}],
        state="embedded",
        grants={"aggregator": provider},
    )
    secret = b"Authorization: Basic c2VjcmV0"
    for body in (b"refresh_token=secret", b"x" * (MAX_FORM + 1)):
        await proxy.ask(post(body, secret, target=b"/token?a=secret"))
    sample, bad, total = taken(proxy)
    lines = await proxy.lines(2)

    assert (sample, bad, total) == ([], [], 0)
    assert [(line["method"], line["target"].partition("?")[0], line["status"]) for line in lines] == [
        ("POST", "/token", 503),
        ("POST", "/token", 413),
    ]
    assert not [line for line in lines if "c2VjcmV0" in repr(line)]


def test_all_are_kept_while_there_is_room() -> None:
    """Up to the bound nothing is left out, in whatever batches it comes."""
    assert sampled([1, 128, 0, MOST - 129]) == list(range(MOST))


def test_every_request_is_as_likely_to_be_kept() -> None:
    """Of many more than there is room for, each tenth of the time has about a tenth of the sample."""
    tenths = Counter(number // 1000 for _ in range(50) for number in sampled([128] * 78 + [16]))

    assert sum(tenths.values()) == 50 * MOST
    assert all(800 < tenths[tenth] < 1200 for tenth in range(10))


async def test_records_are_made_a_few_at_a_time(play: Play, serve: Serve) -> None:
    """No request waits for a whole report; what comes while one is made belongs to the next."""
    proxy = await serve(await play(then_close(b"")))
    for _ in range(3):
        await proxy.ask(get())
    proxy.listener.finished.fold()
    taken = proxy.listener.finished.recent.take(0.0)
    counts = []
    for _ in taken.make(2):
        counts.append(len(taken.sample))
        await proxy.ask(get())
        proxy.listener.finished.fold()

    assert (counts, len(taken.sample), taken.total) == ([2], 3, 3)
    assert proxy.listener.finished.recent.take(0.0).total == 1


def test_those_that_went_wrong_are_bounded() -> None:
    """A system that fails all the time does not fill the report."""
    recent = RequestSample()
    for number in range(MOST_BAD + 5):
        recent.note_bad(cast("Any", Ended(number)))

    assert len(recent._bad) == MOST_BAD


async def test_a_rare_path_is_not_hidden_by_a_busy_second(play: Play, serve: Serve) -> None:
    """Of what `/**` takes, a path that was not met lately is kept beside the sample; numbers make no other path."""
    proxy = await serve(await play(always(sized(b"x"))), route={"match": "/**"})
    for _ in range(4):
        for number in range(MOST):
            await proxy.ask(get(b"/orders/%d" % (number % 9)))
        await proxy.ask(get(b"/rare/report"))
    proxy.listener.finished.fold()
    made = proxy.listener.finished.recent.take(0.0)
    for _ in made.make(50):
        pass
    known = {seen.path for seen in (*made.sample, *made.fresh)}

    assert "/rare/report" in known
    assert len(made.fresh) <= 2
    assert {bytes(path) for path in proxy.listener.finished.recent.met} == {b"/orders/0", b"/rare/report"}


async def test_paths_that_were_met_are_forgotten(play: Play, serve: Serve) -> None:
    """After some minutes: what comes once a month is then new again. What is refused teaches nobody a path."""
    proxy = await serve(await play(always(sized(b"", status=b"404 Not Found"))), route={"match": "/**"})
    await proxy.ask(get(b"/wp-login.php"))
    proxy.listener.finished.fold()
    recent = proxy.listener.finished.recent
    assert recent.met == set()

    recent.met.add(b"/rare")
    for _ in range(FORGOTTEN):
        recent.take(0.0)
    assert recent.met == set()
