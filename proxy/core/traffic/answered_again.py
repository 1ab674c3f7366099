"""What an edit lets answer again: a route that is gone refused its requests itself, and another one takes them.

Rule 1: a route refuses by its stage (`retired`) or by `respond`. Without its block its requests are no more unknown
        than others: a pattern that is less specific takes them, such as legacy's `/**`.
Rule 2: nothing is said where whoever takes them refuses them as well, or nobody takes them.
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.position.ladder import Place
from proxy.core.routing.route import Route
from proxy.core.traffic.plan import Caution, Note

_REFUSES = 400
_GONE = 410


def answered_again(gone: Route, start: Place | None, takers: Iterable[Route] | None) -> Note | None:
    """The caution of a route that goes; `start` is where it runs.

    `takers`: who takes its requests then, as each would run; None: that is not known.
    """
    status = _refusal(gone, start)
    if not status:
        return None
    is_retired = gone.respond is None
    what = "what is retired" if is_retired else f"what it refuses with {status}"
    keeps = "a block with `stage: retired`" if is_retired else "its block"
    if takers is None:
        sentence = f"{what} may be answered again, by whichever route takes its requests; {keeps} keeps it from that"
        return Note(caution=Caution.ANSWERS_AGAIN, sentence=sentence)
    found = [f"{who} of route {taker.name}" for taker in takers if (who := _answerer(taker))]
    if not found:
        return None
    sentence = f"{what} is answered again, by {' and '.join(found)}; {keeps} keeps it from that"
    return Note(caution=Caution.ANSWERS_AGAIN, sentence=sentence)


def _refusal(route: Route, start: Place | None) -> int:
    """With which status it refuses requests; 0: somebody answers all of them."""
    if route.respond is not None:
        return route.respond.status if route.respond.status >= _REFUSES else 0
    return _GONE if start is not None and start.stage.facts.ends and start.split > 0.0 else 0


def _answerer(route: Route) -> str:
    """Which side answers there, `legacy` and `new` where the split says; empty: it refuses as well."""
    if route.respond is not None:
        return "" if route.respond.status >= _REFUSES else "Banyan itself"
    facts = route.stage.facts
    if facts.ends:
        return "new" if route.split < 1.0 else ""
    return "legacy or new" if facts.serves is None else facts.serves.value
