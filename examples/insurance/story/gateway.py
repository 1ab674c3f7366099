"""Phase 1: partners come in through Banyan, to legacy: client credentials, scopes, and no SDK."""

from __future__ import annotations

from examples.insurance.story.play import Play
from examples.insurance.systems.settings import APP_KEY, BANYAN_KEY

ROUTES = {"plans": "plans", "contracts": "contracts"}


async def gateway(play: Play) -> None:
    """From counting whom it would refuse to refusing."""
    play.tell.chapter("Phase 1: partners come in, and legacy is called signed")
    play.tell.why(
        "Legacy takes signed requests alone. Partners bring a token of the provider; Banyan checks it, says who "
        "calls, and signs. The app's own signatures pass as they are. At first nothing is enforced: who would be "
        "refused is counted."
    )
    await play.watch("nothing is enforced")
    await _until_somebody_is_counted(play)
    play.tell(f"  auth   {play.report.would_refuse} requests would have been refused: those that were planted")
    await _enforce(play, on=True)
    await play.watch()
    await _enforce(play, on=False)
    await play.watch("back, and nobody notices")
    play.went_back.append(play.load.phase)
    await _enforce(play, on=True)
    await play.watch(f"{play.load.refused_by_banyan} who may not were refused by Banyan")
    await _signatures(play)


async def _until_somebody_is_counted(play: Play) -> None:
    async def is_counted() -> bool:
        play.report.would_refuse = int(await play.operator.metric("banyan_step_passes_total"))
        return play.report.would_refuse > 0

    with play.load.awaited("intrude"):
        await play.operator.until(is_counted, "somebody who may not to be counted")


async def _enforce(play: Play, *, on: bool) -> None:
    play.load.enforced = False
    for route, scope in ROUTES.items():
        off = "" if on else ", enforce: false"
        await play.operator.edit(route, auth=f"{{ by: partners, scopes: {scope}{off} }}")
    play.load.enforced = on


async def _signatures(play: Play) -> None:
    """Whose legacy has taken, as it counts them itself."""
    answer = await play.load.app.send(play.load.app.signed("GET", "/app/accepted"))
    play.report.accepted = answer.said
    play.tell(
        f"  legacy took {answer.said.get(APP_KEY, 0)} requests that the app had signed, and "
        f"{answer.said.get(BANYAN_KEY, 0)} that Banyan had signed for partners"
    )
