"""The worker's end of the translators' socket, against the real process of it."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from proxy.core.translation.adapter_code import ToMake
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.translator import translator_link
from proxy.edge.translator.translator_link import Heard, TranslatorLink
from tests.translator.translators import LONG, PATIENCE, TEL, TRANSLATED, Translators, asked, linked, translators_at
from tests.waiting import until

AFTER = dataclasses.replace(TEL, name="after")


async def test_what_a_process_took_with_it_is_asked_again(tmp_path: Path) -> None:
    """Whoever asked hears once: of the next process."""
    first = Translators(tmp_path)
    async with linked(tmp_path) as link:
        await first.start()
        assert await asked(link) == TRANSLATED
        await first.end()
        await until(lambda: link.unread is None)
        waiting = asyncio.ensure_future(asked(link))
        await asyncio.sleep(0)
        assert (link.waits, link.held > 9000) == (1, True)
        async with translators_at(tmp_path):
            assert await waiting == TRANSLATED
    assert (link.waits, link.held) == (0, 0)


async def test_where_no_process_is_nobody_waits_for_ever(tmp_path: Path) -> None:
    """The time of the adapter, and a moment for its turn: that is nobody's failure."""
    link = TranslatorLink(tmp_path, 0.1 - TEL.timeout)
    late = await asked(link)

    assert isinstance(late, Untranslatable)
    assert (late.why, late.status) == ("it was not translated in time", 503)
    assert (link.take_outcomes(), link.take_outcomes()) == ({"late": 1}, {})


async def test_what_waits_is_bounded_by_number_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond, the answer is no, at once; what nobody waits for any more makes room."""
    monkeypatch.setattr(translator_link, "MAX_HELD", 25_000)
    link = TranslatorLink(tmp_path)
    heard: list[Heard] = []
    numbers = [link.ask(TEL, ToMake(LONG, 0, b"POST", b"/", []), heard.append) for _ in range(3)]
    monkeypatch.setattr(translator_link, "MAX_WAITS", 2)
    link.ask(TEL, ToMake(None, 0, b"POST", b"/", []), heard.append)

    assert [each.status for each in heard if isinstance(each, Untranslatable)] == [503, 503]
    for number in numbers:
        link.forget(number)
    assert (link.waits, link.held, len(heard)) == (0, 0, 2)
    assert link.take_outcomes() == {"no_room": 2, "left": 2}


async def test_an_error_of_who_asked_costs_nobody_else(tmp_path: Path) -> None:
    """It is logged, and the link goes on."""

    def break_down(_: Heard) -> None:
        raise ZeroDivisionError

    async with translators_at(tmp_path), linked(tmp_path) as link:
        link.ask(TEL, ToMake(LONG, 0, b"POST", b"/", []), break_down)
        assert await asked(link) == TRANSLATED


@pytest.mark.parametrize("lingers", [0.0, PATIENCE])
async def test_a_message_of_a_table_before_is_translated_by_its_adapter(tmp_path: Path, lingers: float) -> None:
    """Also one that asks while another of its table waits, and one that asks when none does any more."""
    async with translators_at(tmp_path), linked(tmp_path, lingers) as link:
        link.follow([TEL])
        await asked(link)
        first = asyncio.ensure_future(asked(link))
        await asyncio.sleep(0)
        link.follow([AFTER])
        assert (await asked(link), await first) == (TRANSLATED, TRANSLATED)
        assert (await asked(link), await asked(link, AFTER)) == (TRANSLATED, TRANSLATED)


async def test_an_adapter_that_is_in_no_table_any_more_ends(tmp_path: Path) -> None:
    """After a while, in which requests that began before ask it still."""
    async with translators_at(tmp_path) as translators, linked(tmp_path, 0.0) as link:
        link.follow([TEL])
        await asked(link)
        link.follow([AFTER])
        assert await asked(link, AFTER) == TRANSLATED
        await until(lambda: translators.runners.names == ["after"])
