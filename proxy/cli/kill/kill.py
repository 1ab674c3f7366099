"""`banyan kill`: everything that legacy can answer goes to legacy, at once, in every worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say_json

if TYPE_CHECKING:
    from proxy.api.kill import StaysView
    from proxy.cli.kill.turning import SwitchTurned
    from proxy.core.routing.kill_switch import KillSwitchOrder, StandingOrder

LESSON = Lesson(
    purpose="Send everything that legacy can answer to legacy, at once.",
    more="Writes the kill file, which every worker watches by itself, so that it works with control and stores gone. "
    "Requests in flight and open WebSockets stay where they are. --off ends it. --drill GET /path turns the switch on "
    "and off several times under a light load of that request, and measures it; real traffic follows meanwhile. Given "
    "while the switch is on, it leaves the first order's name, time and reason as they are. Of several replicas it "
    "turns this one, and names the others.",
    example="banyan kill --reason 'new loses orders'",
    exits={
        FINE: "every worker was seen to follow",
        FOUND: "the file is written, but not every worker was seen to follow; or it could not be written",
        UNUSABLE: "wrong usage, or there is no routes.yaml to tell where the kill file is",
    },
)


def kill(  # noqa: PLR0913  a command's options
    request: Annotated[list[str], typer.Argument(metavar="[METHOD TARGET]", help="With --drill.")] = [],  # noqa: B006
    *,
    off: Annotated[bool, typer.Option("--off", help="End it: every route is back where it was.")] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; shown by status and written to the log.")] = "",
    drill: Annotated[bool, typer.Option("--drill", help="Measure it, with a request that new answers now.")] = False,
    times: Annotated[int, typer.Option(min=1, max=1000, help="How often a drill turns it on and off.")] = 20,
    header: Annotated[
        list[str], typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header of the drill's request.")
    ] = [],  # noqa: B006
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a drill.")] = False,
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    if drill:
        from proxy.cli.kill.drill import DrillRequest, run

        if len(request) != 2 or off:
            complain("A drill needs a request that new answers now.", "banyan kill --drill GET /orders/7")
            leave(UNUSABLE)
        asked = DrillRequest(method=request[0], target=request[1], fields=tuple(header), times=times, config=config)
        leave(run(asked, sure=yes, json=json))
    if request or header:
        complain(f"{' '.join([*request, *header])!r} is for --drill only.", "See `banyan kill --help`.")
        leave(UNUSABLE)
    leave(_turn(config, on=not off, reason=reason, json=json))


def _turn(config: Path, *, on: bool, reason: str, json: bool) -> int:
    from proxy.cli.kill.switch_place import switch_place
    from proxy.cli.kill.turning import (
        SwitchTurned,
        as_it_stands,
        await_workers,
        order_now,
        turned_lines,
    )
    from proxy.cli.terminal import say_folded

    began = time.monotonic()
    place = switch_place(config)
    path, base = place.path, place.base
    order, was_off = order_now(reason), not on and not path.exists()
    stands = _write(path, base, config, order, on=on)
    if stands is None:
        return FOUND
    ms = round((time.monotonic() - began) * 1000, 1)
    following = await_workers(base, began, on=on)
    seen = None if following.away else as_it_stands(base)
    stay = None if seen is None else seen.beyond
    turned = SwitchTurned(
        on=on,
        file=str(path),
        ms=ms,
        following=following,
        beyond=() if not on else _by_file(config) if stay is None else stay,
        before=stands.order if stands.stood else None,
        was_off=was_off,
        down=() if seen is None or not on else seen.down,
        elsewhere=() if seen is None else seen.elsewhere,
    )
    if json:
        say_json(turned)
    else:
        say_folded(turned_lines(turned, base))
    return FINE if turned.following.whole and _same_file(turned) else FOUND


def _by_file(config: Path) -> Sequence[StaysView]:
    """Who stays, where nobody can be asked."""
    from proxy.cli.kill.loaded_table import beyond_reach

    return beyond_reach(config)


def _write(path: Path, base: str, config: Path, order: KillSwitchOrder, *, on: bool) -> StandingOrder | None:
    """The file itself; where this user may not, the admin port with the token. What stands then; None: it failed."""
    from proxy.cli.admin_client import NoAnswerError, post_kill
    from proxy.cli.kill.turning import lift_by_name, note_stood, turn_by_name
    from proxy.cli.sent_token import sent_token
    from proxy.config.files import kill_file
    from proxy.config.files.admin_token import VARIABLE
    from proxy.core.routing.kill_switch import StandingOrder

    try:
        if on:
            stands = kill_file.give(path, order)
            if stands.stood and not turn_by_name(path, base, order.reason, config, on=True):
                note_stood(path, order, on=True)
            return stands
        is_seen = turn_by_name(path, base, order.reason, config, on=False)
        lift_by_name(path, order, is_seen=is_seen)
    except OSError as error:
        said = f"{path} cannot be {'written' if on else 'removed'}: {error.strerror or error}"
        if isinstance(error, IsADirectoryError):  # Banyan could remove it no better
            complain(said, "While it is there the kill switch is on.")
            return None
        if not sent_token(base, config).text:
            complain(said, f"Become the user that runs Banyan, or set {VARIABLE} to have Banyan itself do it.")
            return None
        try:
            post_kill(base, on=on, reason=order.reason, config=config)
        except NoAnswerError as refused:
            complain(f"{said}; {refused.message}", refused.cure)
            return None
    return StandingOrder(order, stood=False)


def _same_file(turned: SwitchTurned) -> bool:
    from proxy.config.files.lastgood import VARIABLE

    watched = turned.following.file
    if watched in {"", turned.file}:
        return True
    complain(
        f"Banyan watches {watched}, and not {turned.file}.",
        f"Set {VARIABLE} as it is set there, or use the same --config; or: touch {watched}",
    )
    return False
