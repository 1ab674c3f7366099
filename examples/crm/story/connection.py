"""Before anything moves: whether Banyan may call the CRM back end, and that open the other project's database."""

from __future__ import annotations

import textwrap
from typing import Any

from examples.crm.story.play import Play
from examples.crm.systems.projects import RIGHTS, Right
from examples.crm.systems.settings import AUDIENCE, BANYAN_ACCOUNT, CRM_ACCOUNT, NUMBERS
from examples.stage.children import StoryError
from examples.stage.telling import WIDTH


async def connection(play: Play) -> None:
    """Nothing is granted; each time the probe says what is missing, and in which project; people give it."""
    play.tell.chapter("The connection between two projects")
    play.tell.why(
        "The CRM back end runs on Cloud Run, in a project of its own, and the customers' database stays in the other "
        "one. Banyan calls it with an identity token of Google's, by its own account; the back end opens the database "
        "by its own. Each of these takes a role or an API in one of two projects, and none is there yet."
    )
    play.report.rights_missing = len(RIGHTS)
    play.report.rights_named = 0
    for right in RIGHTS:
        row = await _failed(play)
        is_named = _names(right, row["said"] + row["cure"])
        play.report.rights_named += is_named
        _tell(play, f"  probe  {row['row']} FAILED: {row['said']}", f"there: {row['cure']}")
        _tell(play, f"  given  {right.command}")
        if not is_named:
            play.report.wrong.append(f"probe does not name {right.line}: {row['said']}; {row['cure']}")
        play.scene.projects.give(right)
    if rest := await _failed(play, fails=False):
        raise StoryError(f"probe is not content with all rights: {rest['said']}")
    await _is_healthy(play)
    play.tell(f"  probe  new: ok; {play.report.rights_named} of {len(RIGHTS)} rights were named, one after the other")


async def _failed(play: Play, *, fails: bool = True) -> dict[str, Any]:
    """The first row of the probe that fails, or an empty one."""
    said = await play.operator.json("probe", "new")
    found = [each for each in said["targets"][0]["findings"] if each["outcome"] == "failed"]
    if fails and not found:
        raise StoryError("probe finds nothing, and a right is missing")
    return found[0] if found else {}


def _tell(play: Play, *texts: str) -> None:
    """Lines that fit a terminal; what goes on stands below what began."""
    for text, begun in zip(texts, ("", " " * 9), strict=False):
        for line in textwrap.wrap(begun + text, WIDTH, subsequent_indent=" " * 9, break_on_hyphens=False):
            play.tell(line)


def _names(right: Right, text: str) -> bool:
    """By the project's name or number: not by those within the name of an account, or of a service's address."""
    for name in (AUDIENCE, BANYAN_ACCOUNT, CRM_ACCOUNT):
        text = text.replace(name, "")
    return right.name in text and (right.project in text or NUMBERS[right.project] in text)


async def _is_healthy(play: Play) -> None:
    """Control has to have heard of it as well."""

    async def is_up() -> bool:
        found = await play.operator.look("/api/upstreams") or {}
        return any(each["name"] == "new" and each["health"]["status"] == "up" for each in found.get("upstreams", ()))

    await play.operator.until(is_up, "the CRM back end to be up")
