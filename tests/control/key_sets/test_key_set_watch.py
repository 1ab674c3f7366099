from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy.control.key_sets.key_set_fetch import KeySetFetch
from proxy.control.key_sets.key_set_watch import FetchOutcome
from proxy.core.auth.key_set_state import ALARM_AFTER, KeySetSource
from tests.control.conftest import listening_tcp
from tests.control.key_sets.sources import Source, Watched, jwks
from tests.waiting import until


async def test_a_set_is_fetched_and_pushed(source: Source, watched: Watched) -> None:
    """Workers hear first that there is none, then the set; what has not changed is neither sent nor pushed again."""
    watched.follow(source.url)
    assert watched.known(source.url) == []
    assert await watched.look(source.url) == ["one"]

    pushes = len(watched.told)
    await watched.look(source.url, later=300)
    assert (len(watched.told), source.seen[0], source.seen[1] != "") == (pushes, "", True)

    source.body = jwks("one", "two")
    assert await watched.look(source.url, later=300) == ["one", "two"]
    assert watched.watch.fetches == {
        (source.url, FetchOutcome.CHANGED): 2,
        (source.url, FetchOutcome.SAME): 1,
    }


async def test_a_set_is_fetched_ahead_of_its_age(source: Source, watched: Watched) -> None:
    """Three quarters of what Cache-Control says pass between two looks."""
    source.headers = {"Cache-Control": "max-age=1000"}
    watched.follow(source.url)
    await watched.look(source.url)
    await watched.look(source.url, later=749)
    assert len(source.seen) == 1

    await watched.look(source.url, later=1)
    assert len(source.seen) == 2


async def test_an_outage_of_half_a_day_costs_no_key(source: Source, watched: Watched) -> None:
    """With its source away for twelve hours the last set holds; it is an alarm once, and so is the return."""
    watched.follow(source.url)
    await watched.look(source.url)
    await source.stop()
    with capture_logs() as lines:
        for _ in range(12 * 60):
            assert await watched.look(source.url, later=60) == ["one"]
        source.body = jwks("two")
        await source.start()
        assert await watched.look(source.url, later=60) == ["two"]

    events = [line["event"] for line in lines]
    assert (events.count("key_set_away"), events.count("key_set_recovered")) == (1, 1)
    away, back = watched.alarms
    assert "cannot be fetched" in away
    assert "the last one holds for 23.9 h more" in away
    assert back == f"the key set {source.url} can be fetched again"


async def test_a_first_set_is_awaited(source: Source, watched: Watched) -> None:
    """Until it is there, or half a minute has passed since the start; one that has ended later keeps nobody out."""
    watched.follow(source.url, keep=3600)
    assert watched.watch.awaited == source.url
    await watched.look(source.url)
    assert watched.watch.awaited == ""

    watched.now += 3600
    assert watched.watch.awaited == ""


async def test_beyond_keep_there_is_none(source: Source, watched: Watched) -> None:
    """A set whose source has said nothing for `keep` is nobody's word any more; the source's return brings it back."""
    watched.follow(source.url, keep=3600)
    await watched.look(source.url)
    await source.stop()
    assert await watched.look(source.url, later=3599) == ["one"]
    assert await watched.look(source.url, later=1) == []

    await source.start()
    assert await watched.look(source.url, later=60) == ["one"]


async def test_a_wanted_key_is_fetched_once_for_all(source: Source, watched: Watched) -> None:
    """However many workers want one: one look, and all hear what came of it; the next only ten seconds later."""
    watched.follow(source.url)
    await watched.look(source.url)
    source.body = jwks("one", "two")
    for _ in range(8):
        watched.watch.wanted(source.url)
    assert await watched.look(source.url) == ["one", "two"]
    assert watched.told[-1].answered == [source.url]
    assert len(source.seen) == 2

    watched.now, pushes = watched.now + 5, len(watched.told)
    watched.watch.wanted(source.url)
    await watched.look(source.url, later=4)
    assert (len(source.seen), len(watched.told)) == (2, pushes)  # nobody can say yet that the key is not there

    await watched.look(source.url, later=1)
    assert (len(source.seen), watched.told[-1].answered, watched.told[-1].began) == (3, [source.url], watched.now)


async def test_a_source_that_fails_answers_nobody(source: Source, watched: Watched) -> None:
    """Whoever waits for a key of a source that is away waits on: it may be back in time."""
    watched.follow(source.url)
    await watched.look(source.url)
    source.status = 500
    watched.watch.wanted(source.url)
    pushes = len(watched.told)
    await watched.look(source.url)
    watched.watch.wanted(source.url)
    assert len(watched.told) == pushes

    source.status, source.body = 200, jwks("two")
    assert await watched.look(source.url, later=1) == ["two"]
    assert watched.told[-1].answered == [source.url]


async def test_a_key_that_is_wanted_during_a_look_is_looked_for_again(source: Source, watched: Watched) -> None:
    """What was on its way then may be older than the key."""

    async def during() -> None:
        watched.now += 1
        watched.watch.wanted(source.url)
        source.before, source.body = None, jwks("one", "two")

    source.before = during
    watched.follow(source.url)
    assert await watched.look(source.url) == ["one", "two"]
    assert len(source.seen) == 2


async def test_the_last_good_set_outlives_control(source: Source, watched: Watched, tmp_path: Path) -> None:
    """A control that starts while the source is away pushes the set of before, for what is left of `keep`."""
    watched.follow(source.url, keep=3600)
    await watched.look(source.url)
    await source.stop()
    later = Watched(tmp_path)
    later.now += 1800
    later.follow(source.url, "http://127.0.0.1:9/other", keep=3600)
    assert later.known(source.url) == ["one"]
    assert await later.look(source.url) == ["one"]
    assert await later.look(source.url, later=1800) == []
    await later.close()


@pytest.mark.parametrize(
    "text", [b"no JSON", b"[{}]", b'[{"source": "URL", "jwks": "[]", "etag": "", "fetched": 1e6}]']
)
async def test_a_file_that_nobody_understands_is_none(
    source: Source, watched: Watched, tmp_path: Path, text: bytes
) -> None:
    """Whatever is on the disk, control begins."""
    (tmp_path / "key-sets.json").write_bytes(text.replace(b"URL", KeySetSource(source.url).mark.encode()))
    watched.follow(source.url)
    assert watched.known(source.url) == []
    assert await watched.look(source.url) == ["one"]


async def test_a_disk_that_takes_nothing_costs_nothing_else(source: Source, tmp_path: Path) -> None:
    """It is said once, and workers have their keys."""
    (tmp_path / "file").touch()
    watched = Watched(tmp_path / "file")
    with capture_logs() as lines:
        watched.follow(source.url)
        await watched.look(source.url)
        source.body = jwks("two")
        assert await watched.look(source.url, later=300) == ["two"]
    assert [line["event"] for line in lines].count("key_sets_not_kept") == 1
    await watched.close()


async def test_keys_that_are_refused_are_told_once(source: Source, watched: Watched) -> None:
    """A private key in a set is left out and said, and not at each look."""
    source.body = jwks("one").replace(b"]}", b', {"kty": "RSA", "n": "a", "e": "b", "d": "c", "kid": "bad"}]}')
    with capture_logs() as lines:
        watched.follow(source.url)
        assert await watched.look(source.url) == ["one"]
        source.headers = {"ETag": "another"}
        await watched.look(source.url, later=300)
    told = [line["key"] for line in lines if line["event"] == "key_refused"]
    assert told == ["key 'bad' is private, and can be read by everybody: its owner has to replace it"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "it answered 404"),
        (302, b"", "it answered 302"),
        (200, b"<html>", "it is no JSON"),
        (200, b" " * 300_000, "it has more than 262144 bytes"),
    ],
)
async def test_what_is_no_set_takes_the_place_of_none(
    source: Source, watched: Watched, status: int, body: bytes, why: str
) -> None:
    """An answer that is no key set is a failure, and the set of before holds."""
    watched.follow(source.url)
    await watched.look(source.url)
    source.status, source.body, source.headers = status, body, {"Location": "/keys"}
    assert await watched.look(source.url, later=300) == ["one"]
    assert watched.watch.states[source.url].error == why


async def test_a_source_that_hangs_is_a_failure(tmp_path: Path) -> None:
    """One that takes the connection and says nothing is away after the time of a look."""
    watched, hanging = Watched(tmp_path, timeout=0.1), listening_tcp()
    url = f"http://127.0.0.1:{hanging.getsockname()[1]}/keys"
    watched.follow(url)
    for _ in range(ALARM_AFTER):
        await watched.look(url, later=60)
    assert watched.watch.states[url].error == "no answer within 0.1 s"
    assert watched.alarms == [
        f"the key set {url} cannot be fetched (no answer within 0.1 s); there is none: its callers get 503"
    ]
    await watched.close()
    hanging.close()


async def test_sources_that_the_table_drops_are_forgotten(source: Source, watched: Watched) -> None:
    """Workers hear no more of a set that no policy names; one that stays is not fetched anew."""
    watched.follow(source.url, "http://127.0.0.1:9/other")
    await watched.look(source.url)
    watched.follow(source.url)
    assert [each.source for each in watched.told[-1].sets] == [source.url]
    assert watched.known(source.url) == ["one"]
    watched.watch.wanted("http://127.0.0.1:9/other")
    assert len(source.seen) == 1


async def test_the_watch_looks_by_itself(source: Source, watched: Watched) -> None:
    """Each source has a task: a set comes, and a wanted key is fetched at once."""
    watched.watch.follow([KeySetSource(source.url)])
    await until(lambda: watched.known(source.url) == ["one"])
    source.body = jwks("two")
    watched.watch.wanted(source.url)
    await until(lambda: watched.known(source.url) == ["two"])
    watched.watch.follow([])
    assert watched.told[-1].sets == []


async def test_a_password_of_a_source_stands_nowhere(source: Source, watched: Watched, tmp_path: Path) -> None:
    """Neither in the log, nor in an alarm, nor on the disk; the source itself is asked with it."""
    scheme, _, rest = source.url.partition("://")
    url = f"{scheme}://banyan:hush-hush@{rest}?key=hush-hush"
    with capture_logs() as lines:
        watched.follow(url)
        assert await watched.look(url) == ["one"]
        await source.stop()
        for _ in range(ALARM_AFTER + 1):
            await watched.look(url, later=600)

    shown = [*watched.watch.states.values(), watched.watch.fetches, watched.alarms, lines]
    assert "hush-hush" not in f"{shown} {(tmp_path / 'key-sets.json').read_text()}"
    assert any(line["event"] == "key_set_away" for line in lines)


async def test_an_address_that_cannot_be_asked_is_told_without_its_password() -> None:
    """What aiohttp says of it has the whole URL."""
    fetch = KeySetFetch()
    said = await fetch(KeySetSource("http://banyan:hush-hush@id test/keys"), "")
    await fetch.close()

    assert isinstance(said, str)
    assert "hush-hush" not in said
