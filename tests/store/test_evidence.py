"""The contract of EvidenceStore, held to by every implementation."""

from __future__ import annotations

import random
from dataclasses import replace

from proxy.core.evidence.records import (
    OTHER,
    GuardState,
    NoiseCount,
    NoiseFinding,
    RuleHits,
    Sample,
    cluster_id,
)
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.position.standing import Lead
from tests.store.records import PATH, ROUTE, epoch, exchange, increments, occurrence, sample, shape, tally
from tests.store.stores import Stores

HOSTILE = "$.a\x00b\ud800é" + "x" * 1000
CLUSTER = cluster_id(ROUTE, PATH, DifferenceKind.NUM)


async def test_an_empty_store_has_nothing(stores: Stores) -> None:
    """Whatever is asked of a store without evidence, the answer is empty, and no error."""
    store = stores.evidence

    assert [*await store.epochs(ROUTE), *await store.tallies(ROUTE, 1), *await store.clusters(ROUTE, 1)] == []
    assert [*await store.samples(ROUTE, 1, CLUSTER), *await store.shapes(ROUTE), *await store.rule_hits(ROUTE)] == []
    assert await store.key_groups(ROUTE) == ()
    assert [*await store.noise(ROUTE), *await store.noise_counts(ROUTE), *await store.guards()] == []
    assert await store.recorded(ROUTE, 10) == ()


async def test_tallies_add_up(stores: Stores) -> None:
    """Counts of one key are summed within and over increments; other keys, minutes and routes stay apart."""
    mismatch = tally(outcome=Outcome.MISMATCH, kind=DifferenceKind.STATUS, severity=Severity.HIGH, count=2)
    cannot_say = tally(outcome=Outcome.INCOMPARABLE, why="timed_out", minute=101)
    await stores.evidence.add(increments(tallies=(tally(count=3), mismatch, tally(count=4), cannot_say)))
    await stores.evidence.add(increments(tallies=(tally(count=5), tally(route="other"), tally(epoch=2))))

    found = await stores.evidence.tallies(ROUTE, 1)

    assert found == (tally(count=12), mismatch, cannot_say)
    assert isinstance(found[1].kind, DifferenceKind)
    assert await stores.evidence.tallies(ROUTE, 1, since_minute=101) == (cannot_say,)


async def test_the_same_increments_count_once(stores: Stores) -> None:
    """A batch whose first answer was lost may be sent again."""
    again = increments(tallies=(tally(),), occurrences=(occurrence(),), rule_hits=(hits("a", 1, 5.0),))
    for _ in range(3):
        await stores.evidence.add(again)

    assert await stores.evidence.tallies(ROUTE, 1) == (tally(count=1),)
    assert (await stores.evidence.clusters(ROUTE, 1))[0].count == 1
    assert (await stores.evidence.rule_hits(ROUTE))[0].hits == 1


async def test_an_epoch_belongs_to_a_pair_of_versions(stores: Stores) -> None:
    """A deploy of either side begins an epoch; replicas that meet both versions in turn open no further ones."""
    store = stores.evidence
    first = await store.open_epoch(epoch("1.0", "2.0", 10.0))
    second = await store.open_epoch(epoch("1.0", "2.1", 20.0))
    back = await store.open_epoch(epoch("1.0", "2.0", 30.0))
    late = await store.open_epoch(epoch("1.0", "2.0", 25.0))
    third = await store.open_epoch(epoch("1.1", "2.1", 5.0))
    other = await store.open_epoch(epoch("1.0", "2.0", 10.0, route="other"))

    assert [each.number for each in (first, second, third, other)] == [1, 2, 3, 1]
    assert back == late == replace(first, seen=30.0)
    assert await store.epochs(ROUTE) == (back, second, third)


async def test_an_epoch_belongs_to_addresses_and_orders_too(stores: Stores) -> None:
    """One that was ordered comes before all that were not, however late these were announced; its reason stays."""
    store = stores.evidence
    first = await store.open_epoch(epoch("1", "2", 10.0, addresses="a"))
    edited = await store.open_epoch(epoch("1", "2", 20.0, addresses="b"))
    ordered = await store.open_epoch(epoch("1", "2", 30.0, addresses="b", begun=1, why="ann: mended"))
    met = await store.open_epoch(epoch("1", "2", 40.0, addresses="b", begun=1))
    late = await store.open_epoch(epoch("1", "2", 50.0, addresses="b"))
    again = await store.open_epoch(epoch("1", "2", 60.0, addresses="b", begun=1, why="bob: again"))

    assert [each.number for each in (first, edited, ordered, met, late)] == [1, 2, 3, 3, 2]
    assert (ordered.why, met.why, again.why) == ("ann: mended", "ann: mended", "bob: again")
    assert await store.epochs(ROUTE) == (again, late, first)


async def test_tallies_of_a_step_and_of_who_answered_stay_apart(stores: Stores) -> None:
    """Each adds up by itself."""
    ones = [tally(), tally(step=7), tally(step=7, side=Side.NEW)]
    await stores.evidence.add(increments(tallies=(*ones, ones[2])))
    await stores.evidence.add(increments(tallies=(ones[1],)))
    found = await stores.evidence.tallies(ROUTE, 1)

    assert [(each.step, each.side, each.count) for each in found] == [(0, "legacy", 1), (7, "legacy", 2), (7, "new", 2)]
    assert isinstance(found[0].side, Side)


async def test_clusters_gather_occurrences(stores: Stores) -> None:
    """Counts, first and last seen; severity and acceptance are those of the latest."""
    early = occurrence(count=2, first_seen=50.0, last_seen=60.0, severity=Severity.LOW, counted=2)
    late = occurrence(count=1, first_seen=70.0, last_seen=80.0, accepted="price-is-rounded")
    rare = occurrence(path="status", kind=DifferenceKind.STATUS)
    await stores.evidence.add(increments(occurrences=(late, rare)))
    await stores.evidence.add(increments(occurrences=(early, occurrence(epoch=2))))

    price, status = await stores.evidence.clusters(ROUTE, 1)

    assert (price.id, price.count, price.counted) == (CLUSTER, 3, 2)
    assert (price.first_seen, price.last_seen) == (50.0, 80.0)
    assert (price.severity, price.accepted) == (Severity.MEDIUM, "price-is-rounded")
    assert (status.path, status.kind) == ("status", DifferenceKind.STATUS)
    assert len(await stores.evidence.clusters(ROUTE, 2)) == 1


async def test_samples_are_the_luckiest_and_the_newest(stores: Stores) -> None:
    """Of 40 exchanges in any order, five by the lowest draw stay, and the five newest, whole."""
    dice = random.Random(4)
    given = [sample(number, draw=dice.random()) for number in range(40)]
    dice.shuffle(given)
    for start in range(0, 40, 8):
        part = tuple(given[start : start + 8])
        await stores.evidence.add(increments(occurrences=(occurrence(),), samples=part))

    lucky = sorted(given, key=lambda each: each.exchange.draw)[:5]
    newest = sorted(given, key=lambda each: -each.exchange.at)[:5]
    wanted = {each.exchange.request_id: each for each in (*lucky, *newest)}
    kept = await stores.evidence.samples(ROUTE, 1, CLUSTER)

    assert [each.exchange.request_id for each in kept] == sorted(wanted, reverse=True)
    assert kept == tuple(wanted[each.exchange.request_id] for each in kept)


async def test_a_sample_needs_its_cluster(stores: Stores) -> None:
    """An exchange of a cluster that nobody counted is not kept; the same request is kept once."""
    await stores.evidence.add(increments(samples=(sample(1),)))
    assert await stores.evidence.samples(ROUTE, 1, CLUSTER) == ()

    await stores.evidence.add(increments(occurrences=(occurrence(),), samples=(sample(1), sample(1))))
    await stores.evidence.add(increments(samples=(sample(1),)))
    assert await stores.evidence.samples(ROUTE, 1, CLUSTER) == (sample(1),)


async def test_shapes_add_up_and_tallies_name_theirs(stores: Stores) -> None:
    """Legacy's and compared counts are summed; a shape that only a tally names is known, without counts."""
    await stores.evidence.add(increments(shapes=(shape("GET /a", 3, 1, at=10.0),), tallies=(tally(shape="GET /b"),)))
    await stores.evidence.add(increments(shapes=(shape("GET /a", 2, 2, at=5.0), shape("GET /c", route="other"))))

    first, second = await stores.evidence.shapes(ROUTE)

    assert (first.legacy, first.compared, first.first_seen, first.last_seen) == (5, 3, 5.0, 10.0)
    assert (second.shape, second.legacy, second.compared) == ("GET /b", 0, 0)


async def test_the_number_of_shapes_is_bounded(stores: Stores) -> None:
    """Beyond the limit new shapes are counted together, known ones go on, and no count is lost."""
    await stores.tight.add(increments(shapes=(shape("b"), shape("a")), tallies=(tally(shape="a"),)))
    await stores.tight.add(
        increments(shapes=(shape("e"), shape("d"), shape("c"), shape("a")), tallies=(tally(shape="d"),))
    )
    await stores.tight.add(increments(shapes=(shape("f"),), tallies=(tally(shape="f", minute=99), tally(shape="c"))))

    assert {each.shape: each.legacy for each in await stores.tight.shapes(ROUTE)} == {"a": 2, "b": 1, "c": 1, OTHER: 3}
    assert [each.shape for each in await stores.tight.tallies(ROUTE, 1)] == [OTHER, OTHER, "a", "c"]


async def test_the_number_of_clusters_is_bounded(stores: Stores) -> None:
    """Beyond the limit differences are counted in one cluster, without samples of their own."""
    paths = [occurrence(path=f"$.{letter}") for letter in "abcde"]
    for each in paths:
        await stores.tight.add(increments(occurrences=(each,)))
    await stores.tight.add(increments(occurrences=(paths[0], *paths)))

    found = {each.path: each.count for each in await stores.tight.clusters(ROUTE, 1)}

    assert found == {"$.a": 3, "$.b": 2, "$.c": 2, OTHER: 4}


async def test_rule_hits_add_up(stores: Stores) -> None:
    """Hits are summed, the last one is remembered."""
    await stores.evidence.add(increments(rule_hits=(hits("b", 2, 50.0), hits("a", 1, 5.0), hits("b", 3, 40.0))))
    await stores.evidence.add(increments(rule_hits=(hits("b", 1, 45.0), replace(hits("a", 1, 1.0), route="other"))))

    assert await stores.evidence.rule_hits(ROUTE) == (hits("a", 1, 5.0), hits("b", 6, 50.0))


async def test_noise_counts_add_up_within_bounds(stores: Stores) -> None:
    """What replicas counted is summed by key, measure and epoch; counts beyond the limit are not learned."""
    for path in ("$.d", "$.a", "$.c", "$.b", "$.a"):
        await stores.tight.add(increments(noise=(noise_count(path), noise_count(path))))

    assert await stores.tight.noise_counts(ROUTE) == (
        replace(noise_count("$.a"), asked=40, raw_only=4, noise_only=8, both=12),
        replace(noise_count("$.c"), asked=20, raw_only=2, noise_only=4, both=6),
        replace(noise_count("$.d"), asked=20, raw_only=2, noise_only=4, both=6),
    )


async def test_noise_counts_go_with_their_epoch(stores: Stores) -> None:
    """Measures and epochs stay apart; what was counted in an epoch that is forgotten is forgotten too."""
    first = replace(noise_count("$.a"), measure="gap 4")
    counts = (first, *(replace(noise_count("$.a"), epoch=number) for number in (2, 3)))
    await stores.tight.add(increments(noise=counts))
    assert await stores.tight.noise_counts(ROUTE) == counts
    for number in (1, 2, 3):
        await stores.tight.open_epoch(epoch("1", str(number), float(number)))
    await stores.tight.prune(10.0)

    assert await stores.tight.noise_counts(ROUTE) == counts[1:]


async def test_findings_and_guards_are_replaced(stores: Stores) -> None:
    """The leader's numbers come back as saved, the latest only."""
    lead = await leading(stores)
    finding = NoiseFinding(
        route=ROUTE,
        path="$.at",
        numbers=(0.5, float("inf"), -1e300),
        decided="noisy",
        until=None,
        updated=5.0,
        why="so",
    )
    guard = GuardState(route=ROUTE, bad="5xx", numbers=(0.1, 2.5), updated=5.0)
    for until in (None, 9.0):
        assert await stores.evidence.save_noise((replace(finding, until=until),), lead)
    assert await stores.evidence.save_guards((replace(guard, numbers=()), replace(guard, bad="timeout")), lead)
    assert await stores.evidence.save_guards((guard,), lead)

    assert await stores.evidence.noise(ROUTE) == (replace(finding, until=9.0),)
    assert await stores.evidence.guards() == (guard, replace(guard, bad="timeout"))


async def test_who_no_longer_leads_saves_nothing(stores: Stores) -> None:
    """A judge that slept through its lease cannot put old numbers over its successor's."""
    old = await leading(stores)
    await stores.pass_time(60.0)
    epoch = await stores.positions.try_lead("judge", "successor", 30.0)
    guard = GuardState(route=ROUTE, bad="5xx", numbers=(1.0,), updated=5.0)
    finding = NoiseFinding(route=ROUTE, path="$", numbers=(), decided="", until=None, updated=5.0)

    assert not await stores.evidence.save_guards((guard,), old)
    assert not await stores.evidence.save_noise((finding,), old)
    assert not await stores.evidence.save_guards((guard,), replace(old, epoch=epoch or 0))
    assert [*await stores.evidence.guards(), *await stores.evidence.noise(ROUTE)] == []


async def test_the_newest_exchanges_are_kept_for_replay(stores: Stores) -> None:
    """Seven of a route, newest first, each once and byte for byte; other routes have their own."""
    given = [exchange(number) for number in range(9)]
    await stores.tight.add(increments(recorded=(*given[4:], *given[:2])))
    await stores.tight.add(increments(recorded=(*given, exchange(1, route="other"))))

    assert await stores.tight.recorded(ROUTE, 100) == tuple(reversed(given[2:]))
    assert await stores.tight.recorded(ROUTE, 2) == (given[8], given[7])
    assert len(await stores.tight.recorded("other", 5)) == 1


async def test_texts_from_the_network_do_no_harm(stores: Stores) -> None:
    """A NUL, half a surrogate pair and a text without end are kept in a form that any store takes, and found again."""
    broken = replace(exchange(1), request_id=HOSTILE, differences=(replace(exchange(1).differences[0], new=HOSTILE),))
    cluster = cluster_id(ROUTE, HOSTILE, DifferenceKind.NUM)
    await stores.evidence.add(
        increments(
            tallies=(tally(shape=HOSTILE, why=HOSTILE),),
            occurrences=(occurrence(path=HOSTILE, accepted=HOSTILE),),
            samples=(Sample(cluster=cluster, epoch=1, exchange=broken),),
            shapes=(shape(HOSTILE),),
            rule_hits=(hits(HOSTILE, 1, 1.0),),
            noise=(noise_count(HOSTILE),),
            recorded=(broken,),
        )
    )
    await stores.evidence.open_epoch(epoch(HOSTILE, HOSTILE, 1.0))

    assert [each.id for each in await stores.evidence.clusters(ROUTE, 1)] == [cluster]
    assert len(await stores.evidence.samples(ROUTE, 1, cluster)) == 1
    assert len((await stores.evidence.shapes(ROUTE))[0].shape) == 500
    assert len(await stores.evidence.recorded(ROUTE, 9)) == 1


async def test_age_takes_evidence_away(stores: Stores) -> None:
    """What is older than the retention goes, what is younger stays."""
    lead = await leading(stores)
    old = increments(
        tallies=(tally(minute=10),),
        occurrences=(occurrence(last_seen=600.0, path="$.old"),),
        shapes=(shape("old", at=600.0),),
        rule_hits=(hits("old", 1, 600.0),),
        recorded=(exchange(1, at=600.0),),
    )
    young = increments(
        tallies=(tally(minute=100),),
        occurrences=(occurrence(),),
        samples=(sample(1), sample(2, at=600.0)),
        shapes=(shape("GET /orders"),),
        rule_hits=(hits("young", 1, 6000.0),),
        recorded=(exchange(2),),
    )
    await stores.tight.add(replace(old, shapes=()))
    await stores.tight.add(young)
    await stores.tight.save_guards((GuardState(route=ROUTE, bad="5xx", numbers=(), updated=1.0),), lead)

    pruned = await stores.tight.prune(6900.0)

    assert (pruned.tallies, pruned.clusters, pruned.exchanges, pruned.others) == (1, 1, 2, 2)
    assert [each.minute for each in await stores.tight.tallies(ROUTE, 1)] == [100]
    assert [each.path for each in await stores.tight.clusters(ROUTE, 1)] == [PATH]
    assert [each.exchange.request_id for each in await stores.tight.samples(ROUTE, 1, CLUSTER)] == ["r001"]
    assert [each.rule for each in await stores.tight.rule_hits(ROUTE)] == ["young"]
    assert [each.request_id for each in await stores.tight.recorded(ROUTE, 9)] == ["r002"]
    assert await stores.tight.guards() == ()


async def test_size_takes_the_oldest_away(stores: Stores) -> None:
    """Beyond four tallies whole minutes go, beyond the bytes the oldest exchanges; a second round does nothing."""
    minutes = (tally(minute=minute, shape=name) for minute in (97, 98, 99) for name in "ab")
    given = increments(
        tallies=tuple(minutes),
        occurrences=(occurrence(),),
        samples=tuple(sample(number) for number in range(9)),
        recorded=tuple(exchange(number) for number in range(7)),
    )
    await stores.tight.add(given)

    pruned = await stores.tight.prune(6000.0)
    kept = await stores.tight.recorded(ROUTE, 9)

    assert [each.minute for each in await stores.tight.tallies(ROUTE, 1)] == [98, 98, 99, 99]
    assert 0 < len(kept) < 7
    assert kept[0].request_id == "r006"
    assert len(await stores.tight.samples(ROUTE, 1, CLUSTER)) == len(kept)
    assert pruned.exchanges == 16 - 2 * len(kept)
    assert (await stores.tight.prune(6000.0)) == type(pruned)()


async def test_old_epochs_go_with_all_that_was_found_in_them(stores: Stores) -> None:
    """Of three pairs of versions the two announced last stay, with their tallies, clusters and samples."""
    for number, seen in ((1, 5.0), (2, 9.0), (3, 7.0)):
        await stores.tight.open_epoch(epoch("1", f"2.{number}", seen))
        found = occurrence(epoch=number)
        await stores.tight.add(
            increments(tallies=(tally(epoch=number),), occurrences=(found,), samples=(sample(1, epoch=number),))
        )
    await stores.tight.prune(6000.0)

    assert [each.number for each in await stores.tight.epochs(ROUTE)] == [2, 3]
    assert [*await stores.tight.tallies(ROUTE, 1), *await stores.tight.clusters(ROUTE, 1)] == []
    assert await stores.tight.samples(ROUTE, 1, CLUSTER) == ()
    assert len(await stores.tight.clusters(ROUTE, 2)) == len(await stores.tight.samples(ROUTE, 3, CLUSTER)) == 1


async def test_an_id_is_forgotten_after_an_hour(stores: Stores) -> None:
    """Ids are remembered as long as anybody would try again, and not for ever."""
    given = increments(tallies=(tally(),))
    await stores.evidence.add(given)
    await stores.evidence.prune(6000.0 + 3599)
    await stores.evidence.add(given)
    assert await stores.evidence.tallies(ROUTE, 1) == (tally(count=1),)

    await stores.evidence.prune(6000.0 + 3601)
    await stores.evidence.add(given)
    assert await stores.evidence.tallies(ROUTE, 1) == (tally(count=2),)


def hits(rule: str, count: int, last: float) -> RuleHits:
    return RuleHits(route=ROUTE, rule=rule, hits=count, last_hit=last)


def noise_count(path: str) -> NoiseCount:
    return NoiseCount(route=ROUTE, path=path, measure="gap 1", epoch=1, asked=10, raw_only=1, noise_only=2, both=3)


async def leading(stores: Stores) -> Lead:
    epoch = await stores.positions.try_lead("judge", "first", 30.0)
    assert epoch is not None
    return Lead(name="judge", holder="first", epoch=epoch)
