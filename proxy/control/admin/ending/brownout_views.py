"""How the shapes of brown-outs are filled."""

from __future__ import annotations

from datetime import UTC, datetime

from proxy.api.ending.brownout import BrownoutEndView, BrownoutView, DeprecationView, FollowedView, FoundClientView
from proxy.control.brownout.brownout_state import BrownoutState, MetSince
from proxy.core.brownout.aftermath import NextCalls
from proxy.core.brownout.brownout_policy import Browned
from proxy.core.brownout.deprecation import deprecation_of
from proxy.core.routing.route import Route
from proxy.log import stamp

_NOT_MET = MetSince()


def brownout_view(state: BrownoutState | None) -> BrownoutView | None:
    """None: the route has none."""
    if state is None:
        return None
    policy, end = state.policy, state.end
    return BrownoutView(
        id=policy.id,
        sentence=policy.sentence,
        field="" if policy.field is None else policy.field.text,
        status=policy.status if policy.field is None else 0,
        share=policy.share,
        clients=sorted(policy.clients),
        until=moment(policy.until),
        begun=moment(state.begun),
        ended=None if end is None else BrownoutEndView(at=moment(end.at), by=end.by, reason=end.reason),
        browned=state.count(Browned.BROWNED),
        absent=state.count(Browned.ABSENT),
        unfit=state.count(Browned.UNFIT),
        found=[_client(state, name) for name in {**state.found, **state.met}],
        behind_lean=_followed(state.aftermath.without),
        behind_whole=_followed(state.aftermath.whole),
    )


def deprecation_view(route: Route) -> DeprecationView | None:
    """None: its answers say nothing."""
    said = deprecation_of(route.steps)
    if said is None:
        return None
    return DeprecationView(since=moment(said.since), sunset=moment(said.sunset), link=said.link)


def _client(state: BrownoutState, name: str) -> FoundClientView:
    met = state.met.get(name, _NOT_MET)
    browned = met.drawn[Browned.BROWNED.value]
    return FoundClientView(
        client=name,
        at=moment(state.found.get(name)),
        asked=met.asked,
        browned=browned,
        behind_lean=_followed(met.without),
        behind_whole=_followed(met.whole),
    )


def _followed(seen: NextCalls) -> FollowedView:
    return FollowedView(calls=seen.calls, errors=seen.errors, repeats=seen.repeats)


def moment(at: float | None) -> str:
    """RFC 3339; empty: never."""
    return "" if at is None else stamp(datetime.fromtimestamp(at, UTC))
