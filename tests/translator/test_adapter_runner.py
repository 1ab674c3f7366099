"""Messages through an adapter's own process, and what becomes of them when it fails."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.core.translation.json_document import NotJson
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.translator import adapter_runner
from tests.translator.translators import LONG, TEL, TRANSLATED, Translators, asked, linked, translators_at
from tests.waiting import until

DEEP = b'{"a":' * 60 + b"1" + b"}" * 60


@pytest.fixture
async def translators(tmp_path: Path) -> AsyncIterator[Translators]:
    async with translators_at(tmp_path) as made:
        yield made


@pytest.fixture
async def link(translators: Translators, tmp_path: Path) -> AsyncIterator[TranslatorLink]:
    async with linked(tmp_path) as made:
        yield made


def processes() -> list[int]:
    """Of adapters, started by this process."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"adapter_program" in (each / "cmdline").read_bytes():
                found.append(int(each.name))
        except OSError:
            continue
    return found


def working(process: int) -> set[int]:
    """How those are scheduled that do the work of an adapter: the last one of each line of descent."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return set().union(*map(working, map(int, children))) if children else {os.sched_getscheduler(process)}


async def test_messages_of_an_adapter_are_translated_one_after_the_other(link: TranslatorLink) -> None:
    """In one process, which knows requests from answers and errors; what cannot be translated says where and why."""
    answers = replace(TEL, answer=TEL.request, request=(), error=())

    assert await asyncio.gather(*(asked(link) for _ in range(3))) == [TRANSLATED] * 3
    assert (await asked(link, answers, status=200), await asked(link, answers, status=400)) == (TRANSLATED, LONG)
    taken = await asked(link, body=LONG.replace(b"{", b'{"phone":1,', 1))
    assert isinstance(taken, Untranslatable)
    assert taken.sentence == "$.phone: it is there already (rename: $.tel, to: phone)"
    assert isinstance(await asked(link, body=b"no" * 5000), NotJson)
    assert len(processes()) == 2
    assert link.take_outcomes() == {"translated": 5, "untranslatable": 2}


async def test_who_takes_too_long_is_killed_and_the_next_message_has_a_new_process(link: TranslatorLink) -> None:
    """It is the side's failure, and nobody else's; again and again, and the adapter rests: that is nobody's."""
    hasty = replace(TEL, timeout=0.0001)
    first = await asked(link, hasty)
    assert await asked(link) == TRANSLATED
    second = await asked(link, hasty)
    third = await asked(link, hasty)

    assert isinstance(first, Untranslatable)
    assert (first.why, first.status) == ("it took longer than 0.0001 s", 502)
    assert isinstance(second, Untranslatable)
    assert second.status == 502
    assert isinstance(third, Untranslatable)
    assert (third.why, third.status) == ("its process was stopped again and again, and rests", 503)


async def test_who_takes_long_has_no_core_that_another_wants(
    link: TranslatorLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process of two: a message that loops would have a slice of each core's time before others."""
    short = replace(TEL, name="short")
    assert await asked(link, short) == TRANSLATED
    monkeypatch.setattr(adapter_runner, "LONG", 0.0)
    assert await asked(link) == TRANSLATED

    await until(lambda: sorted(map(working, processes())) == [{os.SCHED_OTHER}, {os.SCHED_IDLE}])


async def test_a_message_is_not_lost_with_a_process_that_waits(link: TranslatorLink) -> None:
    """One that was killed from outside is replaced; the message that finds it dead says so, the next is translated."""
    await asked(link)
    for process in processes():
        os.kill(process, signal.SIGKILL)
    await until(lambda: not processes())
    replies = [await asked(link) for _ in range(3)]  # its child may live for a moment, and translate once more

    told = [(each.why, each.status) for each in replies if isinstance(each, Untranslatable)]
    assert told in ([], [("its process ended", 502)])
    assert [each for each in replies if not isinstance(each, Untranslatable)] == [TRANSLATED] * (3 - len(told))
    assert replies[-1] == TRANSLATED


async def test_an_adapter_that_no_table_has_any_more_ends_once_nothing_waits_for_it(link: TranslatorLink) -> None:
    """Requests of the table before are answered; another table's adapter is another process."""
    link.follow([TEL])
    assert await asked(link) == TRANSLATED
    waiting = [asyncio.ensure_future(asked(link)) for _ in range(3)]
    await asyncio.sleep(0)
    link.follow([replace(TEL, name="other")])

    assert await asyncio.gather(*waiting) == [TRANSLATED] * 3
    await until(lambda: not processes())


async def test_a_worker_that_is_gone_waits_for_nothing(translators: Translators, tmp_path: Path) -> None:
    """Its adapters end."""
    async with linked(tmp_path) as link:
        await asked(link)
        assert processes()
    await until(lambda: not processes())
    assert translators.runners.waiting == 0


async def test_a_deep_body_is_refused_there_as_everywhere(link: TranslatorLink) -> None:
    """By path."""
    deep = await asked(link, body=b"[" * 70 + LONG + b"]" * 70)
    assert isinstance(deep, Untranslatable)
    assert deep.sentence == "$: the body nests deeper than 64 levels"
    assert await asked(link, body=DEEP) == DEEP
